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
const accepts = () =>
  daemon.on("PATCH", `/v1/operations/${ID}`, (_asked, reply) => reply.json(new Story().record()));

test("sends only what is to be changed, and prints the id", async () => {
  accepts();
  expect(await edit(["--label", "new", "--priority", "2", "--now"])).toEqual({
    code: 0,
    stdout: `${ID}\n`,
    stderr: "",
  });
  expect(daemon.asked[0]?.body).toEqual({ label: "new", priority: 2, notBefore: null });
});

test("an empty label removes the label", async () => {
  accepts();
  await edit(["--label", ""]);
  expect(daemon.asked[0]?.body).toEqual({ label: null });
});

test.each([
  ["a=1"],
  ["--", "make"],
  ["--params", "{}"],
  ["--cwd", "/"],
  ["--env", "A=1"],
  ["--on", "a"],
])("%s changes what runs, which an edit does not", async (...words) => {
  expect(await edit(words)).toMatchObject({ code: 2, stdout: "" });
  expect(daemon.asked).toEqual([]);
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
