/** `liveops submit` as a process against a scripted daemon. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { BIN, useCli } from "./cli.js";

const cli = useCli();
let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

const submit = (words: string[], options = {}) =>
  cli.here(["submit", "--socket", daemon.socket, ...words], options);
const accepts = () =>
  daemon.on("POST", "/v1/operations", (_asked, reply) => reply.json(new Story().record(), 201));

const sentVariables = () => (daemon.asked[0]?.body as { env?: object } | undefined)?.env;

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

test("--env: a later one overrides an earlier one and what the shell has", async () => {
  accepts();
  const words = ["--env", "A=first", "--env", "A=last", "--env", "TOKEN"];
  await submit(["shell", ...words, "--env", "PATH=/only", "--env", "EMPTY="], {
    env: { TOKEN: "t" },
  });
  expect(sentVariables()).toEqual({
    HOME: cli.home,
    PATH: "/only",
    A: "last",
    TOKEN: "t",
    EMPTY: "",
  });
});

test("env.allow of the config file decides which variables a submit sends", async () => {
  accepts();
  const file = join(cli.dir, "config.json");
  writeFileSync(file, JSON.stringify({ env: { allow: ["AWS_*"] } }), { mode: 0o600 });
  const env = { LIVEOPS_CONFIG: file, AWS_PROFILE: "p", EDITOR: "vi", LIVEOPS_OP: "shell" };
  await submit(["shell"], { env });
  expect(sentVariables()).toEqual({ PATH: process.env.PATH, HOME: cli.home, AWS_PROFILE: "p" });
});

test.each([
  [["--env", "NOPE"], /--env NOPE: the variable is not set in this shell\n.*--env NOPE=VALUE/],
  [["--env", "=x"], /"" is not the name of a variable/],
  [["--env", "LIVEOPS_STAGE=x"], /the name LIVEOPS_STAGE is reserved for liveops/],
])("%j is wrong usage and reaches no daemon", async (words, said) => {
  const { code, stdout, stderr } = await submit(["shell", ...words]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(said);
  expect(daemon.asked).toEqual([]);
});

test("an option that Node has too is ours: Node does not see it", async () => {
  const words = ["submit", "shell", "--env-file", "absent.env"];
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const { status, stderr } = spawnSync(BIN, words, {
    env: { PATH, HOME: cli.home },
    encoding: "utf8",
  });
  expect(stderr).toMatch(/^liveops: unknown option '--env-file'/);
  expect(status).toBe(2);
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
] as const)(
  "refused with %s: exit %i, said on stderr, controls made visible",
  async (code, exit) => {
    daemon.on("POST", "/v1/operations", (_asked, reply) =>
      reply.refuse(code, "no \x1b[31m", { nearest: ["shell"] }),
    );
    const ended = await submit(["shel"]);
    expect(ended.code).toBe(exit);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toContain("no \\x1b[31m");
    expect(ended.stderr).toContain("did you mean shell?");
    expect(ended.stderr).not.toContain("\x1b");
  },
);

test("an unknown type that is a program or of LIVEOPS_OPS: the command line for it", async () => {
  const refuses = (nearest: string[]) =>
    daemon.on("POST", "/v1/operations", (_asked, reply) =>
      reply.refuse("LIVEOPS_NO_SUCH_TYPE", "there is no operation type", { nearest }),
    );
  refuses([]);
  const { code, stderr } = await submit(["sh", "a b", "--", "-x"]);
  expect(code).toBe(4);
  expect(stderr).toContain(
    `"sh"; to run the program: liveops submit --socket ${daemon.socket} -- sh 'a b' -x\n`,
  );
  expect((await submit(["no-such-program"])).stderr).not.toContain("to run");
  refuses(["shell"]);
  expect((await submit(["sh"])).stderr).not.toContain("to run");
  writeFileSync(join(cli.dir, "sh.ts"), "");
  const env = { LIVEOPS_OPS: `/absent:${cli.dir}` };
  const words = ["submit", "--socket", daemon.socket, "sh"];
  expect((await cli.run(words, { env })).stderr).toContain(
    `the daemon has a list of its own; to add the directory: liveops restart --socket ${daemon.socket} --ops ${cli.dir}\n`,
  );
});

test.each([
  ["submit", ["shell", "--", "true"]],
  ["again", ["k3f"]],
])("%s --cwd must name a directory, unless another host may have it", async (command, words) => {
  accepts();
  let engine: string | null = null;
  daemon.on("GET", "/v1/hosts", (_asked, reply) => reply.json({ engine, hosts: [] }));
  const run = (cwd: string) =>
    cli.here([command, "--socket", daemon.socket, "--cwd", cwd, ...words]);
  expect(await run("absent")).toEqual({
    code: 2,
    stdout: "",
    stderr: `liveops: --cwd: the directory ${join(cli.dir, "absent")} does not exist\n`,
  });
  expect((await run("/dev/null")).stderr).toBe("liveops: --cwd: /dev/null is not a directory\n");
  expect(daemon.asked.map(({ path }) => path)).toEqual(["/v1/hosts", "/v1/hosts"]);
  engine = "main";
  expect((await run("absent")).stderr).not.toContain("--cwd");
});

test("no daemon: exit 3 and the command that starts it, for this socket", async () => {
  await daemon.stop();
  const { code, stdout, stderr } = await submit(["shell"]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain(`liveops start --socket ${daemon.socket}`);
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
