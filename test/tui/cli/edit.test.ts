/** `liveops edit` as a process against a scripted daemon. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { useCli } from "./cli.js";

const cli = useCli();
let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

const ID = "aaa111bbb222";
const edit = (words: string[], options = {}) =>
  cli.here(["edit", "--socket", daemon.socket, ID, ...words], options);
const accepts = () => {
  // Read first: the parameters of a submitted pipeline are those of its file.
  daemon.on("GET", `/v1/operations/${ID}`, (_asked, reply) => reply.json(new Story().record()));
  daemon.on("PATCH", `/v1/operations/${ID}`, (_asked, reply) => reply.json(new Story().record()));
};

test("sends only what is to be changed, and prints the id", async () => {
  accepts();
  const words = ["a=1", "--env", "A=1", "--env", "TOKEN", "--label", "new"];
  expect(await edit(words, { env: { TOKEN: "t", EDITOR: "vi" } })).toEqual({
    code: 0,
    stdout: `${ID}\n`,
    stderr: "",
  });
  expect(daemon.asked[1]?.body).toEqual({ set: ["a=1"], label: "new", env: { A: "1", TOKEN: "t" } });
});

test("an empty label removes the label, the words after -- are args, the last --env counts", async () => {
  accepts();
  const words = ["--label", "", "--params", '{"a":1}', "--env", "A=1", "--env", "A=2", "--json"];
  const { stdout } = await edit([...words, "--", "make", "-j8"]);
  expect(JSON.parse(stdout)).toMatchObject({ id: ID });
  expect(daemon.asked[1]?.body).toEqual({
    params: { a: 1 },
    set: ['args:=["make","-j8"]'],
    label: null,
    env: { A: "2" },
  });
});

test("nothing to change is wrong usage", async () => {
  const { code, stderr } = await edit([]);
  expect(code).toBe(2);
  expect(stderr).toContain("nothing to change");
  expect(daemon.asked).toEqual([]);
});

test("an operation that is no longer queued: exit 5", async () => {
  daemon.on("PATCH", `/v1/operations/${ID}`, (_asked, reply) =>
    reply.refuse("LIVEOPS_WRONG_STATE", "cannot be edited: it is running"),
  );
  expect(await edit(["--label", "x"])).toMatchObject({
    code: 5,
    stdout: "",
    stderr: expect.stringContaining("cannot be edited: it is running"),
  });
});
