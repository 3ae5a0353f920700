/** `liveops submit` as a process against a scripted daemon. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
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

const submit = (words: string[], options = {}) =>
  cli.run(["submit", "--socket", daemon.socket, ...words], options);
const accepts = () =>
  daemon.on("POST", "/v1/operations", (_asked, reply) => reply.json(new Story().record(), 201));

test("prints the bare id, and sends words, cwd, environment and a key", async () => {
  accepts();
  const ended = await submit(["shell", "a=1", "--label", "mine", "b:=[2]"], {
    env: { SECRET_TOKEN: "x", LC_ALL: "C" },
  });
  expect(ended).toEqual({ code: 0, stdout: "aaa111bbb222\n", stderr: "" });
  const [asked] = daemon.asked;
  expect(asked?.headers["idempotency-key"]).toMatch(/^[0-9a-z]+-[0-9a-z]+-[0-9a-z]{20,}$/);
  expect(asked?.body).toEqual({
    op: "shell",
    set: ["a=1", "b:=[2]"],
    label: "mine",
    cwd: cli.dir,
    env: { PATH: process.env.PATH, HOME: cli.home, LC_ALL: "C" },
  });
});

test("what follows -- is the last word, args, exactly as typed", async () => {
  accepts();
  await submit(["shell", "args=no", "--", "make", "--version", "-j4", "a=b", "--", "x y"]);
  expect(daemon.asked[0]?.body).toMatchObject({
    set: ["args=no", `args:=["make","--version","-j4","a=b","--","x y"]`],
  });
});

test.each([
  ["the command line", '{"a": 1}', undefined],
  ["stdin", "-", '{"a": 1}'],
])("--params from %s", async (_from, text, input) => {
  accepts();
  await submit(["shell", "--params", text, "b=2"], { input });
  expect(daemon.asked[0]?.body).toMatchObject({ params: { a: 1 }, set: ["b=2"] });
});

test("--params from a file", async () => {
  accepts();
  writeFileSync(join(cli.dir, "params.json"), '{"a": 1}');
  await submit(["shell", "--params", "@params.json"]);
  expect(daemon.asked[0]?.body).toMatchObject({ params: { a: 1 } });
});

test.each([["[1]"], ["{"], ["@absent.json"]])(
  "--params %s is wrong usage and reaches no daemon",
  async (text) => {
    const { code, stdout, stderr } = await submit(["shell", "--params", text]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^liveops: /);
    expect(daemon.asked).toEqual([]);
  },
);

test("sends it again with the same key when the connection breaks", async () => {
  accepts();
  let first = true;
  daemon.on("POST", "/v1/operations", (_asked, reply) => {
    if (first) reply.break();
    else reply.json(new Story().record(), 201);
    first = false;
  });
  expect(await submit(["shell"])).toMatchObject({ code: 0, stdout: "aaa111bbb222\n" });
  const keys = daemon.asked.map((asked) => asked.headers["idempotency-key"]);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

test.each([
  ["LIVEOPS_PARAMS_INVALID", 2],
  ["LIVEOPS_NO_SUCH_TYPE", 4],
  ["LIVEOPS_QUEUE_FULL", 5],
  ["LIVEOPS_STORE_FULL", 5],
  ["LIVEOPS_VERSION", 5],
  ["LIVEOPS_INTERNAL", 70],
] as const)("refused with %s: exit %i, said on stderr, controls made visible", async (code, exit) => {
  daemon.on("POST", "/v1/operations", (_asked, reply) =>
    reply.refuse(code, "no \x1b[31m", { nearest: ["shell"] }),
  );
  const ended = await submit(["shel"]);
  expect(ended.code).toBe(exit);
  expect(ended.stdout).toBe("");
  expect(ended.stderr).toContain("no \\x1b[31m");
  expect(ended.stderr).toContain("did you mean shell?");
  expect(ended.stderr).not.toContain("\x1b");
});

test("no daemon: exit 3 and the command that starts it, for this socket", async () => {
  await daemon.stop();
  const { code, stdout, stderr } = await submit(["shell"]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain(`liveopsd start --socket ${daemon.socket}`);
});

test("--wait prints the id at once and exits as the chain's last operation does", async () => {
  const first = new Story();
  const second = new Story({
    id: "ccc333ddd444",
    op: "step-b",
    chain: { id: "aaa111bbb222", index: 1, previous: "aaa111bbb222", next: null },
  });
  second.started().finished("failed");
  accepts();
  daemon.on("GET", "/v1/watch", (_asked, reply) => {
    const stream = reply.stream();
    stream.line({ type: "snapshot", cursor: "1", operations: [first.record()], counts: {} });
    stream.line({
      type: "chained",
      cursor: "2",
      from: "aaa111bbb222",
      to: "ccc333ddd444",
      operation: second.record(),
    });
    stream.line({ type: "end", id: "ccc333ddd444", state: "failed" });
    stream.end();
  });
  const plain = await submit(["step-a", "--wait"]);
  expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 1, stdout: "aaa111bbb222\n" });
  expect(plain.stderr).toContain("step-b ccc333ddd444 failed: it broke");
  const json = await submit(["step-a", "--wait", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ id: "ccc333ddd444", state: "failed" });
  expect(daemon.asked.find((asked) => asked.path === "/v1/watch")?.query).toEqual({
    operation: "aaa111bbb222",
    follow: "chain",
  });
});

test("--wait and --follow exclude each other", async () => {
  expect(await submit(["shell", "--wait", "--follow"])).toMatchObject({ code: 2 });
});
