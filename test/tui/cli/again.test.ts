/** `liveops again` as a process against a scripted daemon. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { useCli } from "./cli.js";

const cli = useCli();
let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
  // The command reads the parameters first: they may name secrets of this shell.
  daemon.on("GET", "/v1/operations/k3f", (_asked, reply) => reply.json(new Story().record()));
  daemon.on("POST", "/v1/operations/k3f/again", (_asked, reply) =>
    reply.json(new Story().record(), 201),
  );
});
afterEach(() => daemon[Symbol.asyncDispose]());

const posted = () => daemon.asked.filter(({ method }) => method === "POST");
const again = (words: string[], options = {}) =>
  cli.here(["again", "--socket", daemon.socket, ...words], options);

test.each<[string[], object]>([
  [["k3f"], {}],
  [["k3f", "a=1", "b:=[2]"], { set: ["a=1", "b:=[2]"] }],
  [["k3f", "--", "make", "-j4"], { set: ['args:=["make","-j4"]'] }],
  [["k3f", "--params", '{"a": 1}', "--label", "mine"], { params: { a: 1 }, label: "mine" }],
])("%j prints the bare id", async (words, body) => {
  expect(await again(words)).toEqual({ code: 0, stdout: "aaa111bbb222\n", stderr: "" });
  const [asked] = posted();
  expect(asked?.body).toEqual(body);
  expect(asked?.headers["idempotency-key"]).toMatch(/^[0-9a-z]+-[0-9a-z]+-[0-9a-z]{20,}$/);
});

test("--params from stdin, --json prints the record", async () => {
  const { stdout } = await again(["k3f", "--params", "-", "--json"], { input: '{"a": 2}' });
  expect(JSON.parse(stdout)).toEqual(new Story().record());
  expect(posted()[0]?.body).toEqual({ params: { a: 2 } });
});

test("sends the request again with the same key when the connection breaks", async () => {
  let first = true;
  daemon.on("POST", "/v1/operations/k3f/again", (_asked, reply) => {
    if (first) reply.break();
    else reply.json(new Story().record(), 201);
    first = false;
  });
  expect(await again(["k3f"])).toMatchObject({ code: 0, stdout: "aaa111bbb222\n" });
  const keys = posted().map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual([keys[0], keys[0]]);
});

test.each([[[]], [["k3f", "--params", "[1]"]], [["k3f", "--wait", "--follow"]]])(
  "%j is wrong usage and reaches no daemon",
  async (words) => {
    expect(await again(words)).toMatchObject({ code: 2, stdout: "" });
    expect(daemon.asked).toEqual([]);
  },
);

test("a refusal is exit 5, with its detail", async () => {
  daemon.on("POST", "/v1/operations/k3f/again", (_asked, reply) =>
    reply.refuse("LIVEOPS_WRONG_STATE", "it is running"),
  );
  const { code, stdout, stderr } = await again(["k3f"]);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(stderr).toContain("it is running");
});
