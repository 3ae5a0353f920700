/**
 * `liveops watch` and `submit --follow` as processes: the chain, a restarted daemon, Ctrl-C, pipes.
 */
import { spawn } from "node:child_process";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { FakeDaemon, type Stream } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { BIN, useCli } from "./cli.js";

const cli = useCli();
let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

const FIRST = "aaa111bbb222";
const SECOND = "ccc333ddd444";
const chain = { id: FIRST, index: 1, previous: FIRST, next: null };

/** Answers `show` and `list` with the record, and the events after a number as a daemon does. */
function tells(story: Story, id: string, stop?: (stream: Stream, sent: unknown[]) => void): void {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [story.record()], next: null, total: 1 }),
  );
  daemon.on("GET", `/v1/operations/${id}`, (_asked, reply) => reply.json(story.record()));
  daemon.on("GET", `/v1/operations/${id}/events`, ({ query }, reply) => {
    const stream = reply.stream();
    const after = Number(query.after ?? 0);
    const lines = story.lines.filter((line) => line.type === "end" || line.seq > after);
    for (const line of lines) stream.line(line);
    if (lines.at(-1)?.type === "end") stream.end();
    else stop?.(stream, lines);
  });
}

const watch = (words: string[] = []) => cli.start(["watch", "--socket", daemon.socket, ...words]);

test("without an id it shows the newest, and follows its chain on the same stream", async () => {
  tells(
    new Story({ id: SECOND, stages: ["Open"], chain })
      .started()
      .entered("Open", 0)
      .finished("succeeded", { n: 1 }),
    SECOND,
  );
  tells(
    new Story().started().entered("Load", 0).log("hi").finished("succeeded", { rows: 2 }, SECOND),
    FIRST,
  );
  const ended = await watch().ended;
  expect(ended.stdout).toBe("=== [1/3] Load ===\nhi\nrows=2\n=== [1/1] Open ===\nn=1\n");
  expect(ended.stderr).toContain(`(${SECOND})`);
  expect(ended.code).toBe(0);
});

/** An attempt that failed, and then the retry of it. */
const retried = () =>
  new Story()
    .started()
    .entered("Load", 0)
    .log("broken")
    .event({ type: "attempt:requeued", reason: "its worker ended", retryAt: null })
    .started(2)
    .event({
      type: "operation:finished",
      state: "failed",
      result: null,
      error: null,
      next: null,
      attempt: 2,
    })
    .event({ type: "operation:retried", from: "Load", attempt: 2 });

test("it begins with the newest attempt; --all-attempts begins with the first", async () => {
  const story = retried().started(3).entered("Load", 0).log("mended");
  for (const line of story.lines.slice(-2)) if (line.type !== "end") line.attempt = 3;
  tells(
    story.event({
      type: "operation:finished",
      state: "succeeded",
      result: null,
      error: null,
      next: null,
      attempt: 3,
    }),
    FIRST,
  );
  story.lines.push({ type: "end", state: "succeeded" });
  const newest = await watch([FIRST]).ended;
  expect(newest.stdout).toBe("=== [1/3] Load ===\nmended\n");
  expect(newest.stderr).toBe("retried from Load\nattempt 3\n");
  const all = await watch([FIRST, "--all-attempts"]).ended;
  expect(all.stdout).toBe("=== [1/3] Load ===\nbroken\n=== [1/3] Load ===\nmended\n");
  expect(all.stderr).toContain("failed");
});

test("an operation that is queued again begins with the retry", async () => {
  tells(retried(), FIRST, () => {});
  const watching = watch([FIRST]);
  await watching.says("stderr", "retried from Load");
  watching.child.kill("SIGINT");
  const ended = await watching.ended;
  expect(ended.stdout).toBe("");
  expect(ended.stderr).not.toContain("failed");
});

test("logs -f ends when the reader of its output has, though no line follows", async () => {
  tells(new Story().started().log("hi"), FIRST, () => {});
  daemon.on("GET", `/v1/operations/${FIRST}/log`, (_asked, reply) =>
    reply.json({ lines: [{ ...new Story().log("hi").lines[1], n: 1 }], next: null, total: 1 }),
  );
  const command = `"$@" | head -n 1`;
  const words = [process.execPath, "--", BIN, "logs", FIRST, "-f", "--socket", daemon.socket];
  const child = spawn("sh", ["-c", command, "sh", ...words], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  onTestFinished(() => {
    if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
  });
  // The shell waits for both.
  await new Promise((resolve) => child.on("close", resolve));
  expect(said).toBe("");
});

test("retry --follow shows the attempt that it starts, and has the exit code of it", async () => {
  const failed = retried();
  failed.lines.pop();
  const story = retried()
    .event({ type: "attempt:started", attempt: 3 })
    .event({ type: "stage:entered", stage: "Load", index: 0, attempt: 3 })
    .finished("succeeded", { rows: 2 });
  for (const line of story.lines.slice(-2)) if (line.type !== "end") line.attempt = 3;
  tells(story, FIRST);
  daemon.on("GET", `/v1/operations/${FIRST}`, (_asked, reply) => reply.json(failed.record()));
  daemon.on("POST", `/v1/operations/${FIRST}/retry`, (_asked, reply) =>
    reply.json(retried().record()),
  );
  const retry = (words: string[]) =>
    cli.here(["retry", "--socket", daemon.socket, "--follow", ...words]);
  expect(await retry([FIRST, "--from", "Load"])).toEqual({
    code: 0,
    stdout: "=== [1/3] Load ===\nrows=2\n",
    stderr: "retried from Load\nattempt 3\n",
  });
  expect(daemon.asked.find(({ method }) => method === "POST")?.body).toEqual({ from: "Load" });
  for (const words of [["aaa", "bbb"], ["--all"]])
    expect(await retry(words)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "--follow, --done, --params and name=value are for one operation",
      ),
    });
});

test.each([
  ["failed", 1],
  ["cancelled", 6],
] as const)("%s is exit %i, said on stderr", async (state, code) => {
  tells(new Story().started().finished(state), FIRST);
  const ended = await watch([FIRST]).ended;
  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toContain(state);
});

test("--json prints one event or log line per line, each with its operation id", async () => {
  const story = new Story().started().log("\x9bhi").finished("succeeded");
  tells(story, FIRST);
  const { stdout } = await watch([FIRST, "--json"]).ended;
  expect(stdout).not.toContain("\x9b");
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    story.lines.map((line) => ({ id: FIRST, ...line })),
  );
});

test("a restarted daemon: nothing is missed or repeated, and both are reported", async () => {
  const story = new Story().started().entered("Load", 0).log("one").log("two");
  tells(story, FIRST, () => {});
  const watching = watch([FIRST]);
  await watching.says("stdout", "two");
  await daemon.stop();
  await watching.says("stderr", "lost the daemon");
  story.log("three").left("Load", 0).finished("succeeded", { n: 3 });
  await daemon.listen();
  const ended = await watching.ended;
  expect(ended).toMatchObject({ code: 0, stdout: "=== [1/3] Load ===\none\ntwo\nthree\nn=3\n" });
  expect(ended.stderr).toContain("reconnected to the daemon");
});

test("a stream that breaks off again and again still adds up", async () => {
  const story = new Story().started().entered("Load", 0);
  for (let i = 0; i < 20; i++) story.log(`line ${i}`);
  story.finished("succeeded");
  let given = 0;
  tells(story, FIRST);
  daemon.on("GET", `/v1/operations/${FIRST}/events`, ({ query }, reply) => {
    const stream = reply.stream();
    const rest = story.lines.filter(
      (line) => line.type === "end" || line.seq > Number(query.after ?? 0),
    );
    given += 8;
    for (const line of rest.slice(0, 8)) stream.line(line);
    if (rest.length <= 8) stream.end();
    else setImmediate(() => stream.break());
  });
  const { stdout, code } = await watch([FIRST]).ended;
  expect(code).toBe(0);
  expect(given).toBeGreaterThan(16);
  expect(stdout).toBe(
    `=== [1/3] Load ===\n${Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join("")}`,
  );
});

test("Ctrl-C exits with 130, and reports that the operation continues", async () => {
  tells(new Story().started().entered("Load", 0), FIRST, () => {});
  const watching = watch([FIRST]);
  await watching.says("stdout", "Load");
  watching.child.kill("SIGINT");
  const ended = await watching.ended;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toContain(`${FIRST} continues`);
  expect(daemon.asked.filter((asked) => asked.method !== "GET")).toEqual([]);
});

test("submit --follow prints the id on stderr, and only the operation's output on stdout", async () => {
  tells(new Story().started().entered("Load", 0).finished("succeeded", 1), FIRST);
  daemon.on("POST", "/v1/operations", (_asked, reply) => reply.json(new Story().record(), 201));
  const ended = await cli.here([
    "submit",
    "--socket",
    daemon.socket,
    "load-process-save",
    "--follow",
  ]);
  expect(ended).toEqual({
    code: 0,
    stdout: "=== [1/3] Load ===\nresult=1\n",
    stderr: `submitted ${FIRST}\n`,
  });
});

test("a closed reader ends it quietly", async () => {
  const story = new Story().started();
  for (let i = 0; i < 20_000; i++) story.log(`line ${i}`);
  tells(story.finished("succeeded"), FIRST);
  const command = [process.execPath, BIN, "watch", "--socket", daemon.socket, FIRST];
  // Its outcome was not told, so the command must not say that it was good.
  const shell = spawn("sh", ["-c", '{ "$@"; echo "exit $?" >&2; } | head -n 1', "sh", ...command], {
    env: { PATH: process.env.PATH, HOME: cli.home },
  });
  let [stdout, stderr] = ["", ""];
  shell.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  shell.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  await new Promise((resolve) => shell.on("close", resolve));
  expect({ stdout, stderr }).toEqual({ stdout: "line 0\n", stderr: "exit 141\n" });
});

test("no operation yet is exit 4", async () => {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [], next: null, total: 0 }),
  );
  const ended = await watch().ended;
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain("liveops ops");
});

test("an ambiguous id is exit 4 with the candidates", async () => {
  daemon.on("GET", "/v1/operations/aaa", (_asked, reply) =>
    reply.refuse("LIVEOPS_AMBIGUOUS_ID", "aaa fits two", { candidates: [FIRST, SECOND] }),
  );
  const ended = await watch(["aaa"]).ended;
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain(`${FIRST}, ${SECOND}`);
});
