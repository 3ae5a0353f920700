/** ls, show, logs, wait, cancel, retry, rm and ops as processes against a scripted daemon. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Refusal } from "../../../protocol/errors.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import { lookedFile, readLooked, writeLooked } from "../../../tui/describe/looked.js";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { AT, Story } from "../../harness/records.js";
import { temporaryDirectory } from "../../harness/temporary.js";
import { useCli } from "./cli.js";

const cli = useCli();
let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.start();
});
afterEach(() => daemon[Symbol.asyncDispose]());

const liveops = (...words: string[]) =>
  cli.here([words[0]!, "--socket", daemon.socket, ...words.slice(1)]);
const start = (...words: string[]) =>
  cli.start([words[0]!, "--socket", daemon.socket, ...words.slice(1)]);

function record(id: string, state: Operation["state"] = "running"): Operation {
  const story = new Story({ id, chain: { id, index: 0, previous: null, next: null } }).started();
  return state === "running" ? story.record() : story.finished(state as FinalState).record();
}

/** The answer of a request on many operations: the record of each id, or why it is refused. */
function answers(path: string, of: (id: string) => Operation | string, all: string[] = []): void {
  daemon.on("POST", path, ({ body }, reply) => {
    const { ids = all } = body as { ids?: string[] };
    const stream = reply.stream();
    for (const id of ids) {
      const its = of(id);
      if (typeof its !== "string") stream.line({ type: "changed", operation: its });
      else
        stream.line({
          type: "refused",
          id,
          problem: new Refusal("LIVEOPS_WRONG_STATE", its).toProblem(),
        });
    }
    stream.line({ type: "end" });
    stream.end();
  });
}

/**
 * Operations of which some finish at once when watched, the others never; a stream of all of them
 * is never over.
 */
function holds(states: Record<string, Operation["state"]>): void {
  for (const id of Object.keys(states))
    daemon.on("GET", `/v1/operations/${id}`, (_asked, reply) => reply.json(record(id)));
  answers("/v1/cancel", (id) =>
    id in states ? { ...record(id), cancelRequested: true } : `${id} is over`,
  );
  daemon.on("GET", "/v1/watch", ({ query }, reply) => {
    const id = query.operation;
    const stream = reply.stream();
    if (id === undefined) {
      const operations = Object.keys(states).map((each) => record(each));
      stream.line({ type: "snapshot", cursor: "1", operations, counts: {} });
      for (const [each, state] of Object.entries(states))
        if (state !== "running")
          stream.line({ type: "changed", cursor: "2", id: each, patch: record(each, state) });
      return;
    }
    stream.line({
      type: "snapshot",
      cursor: "1",
      operations: [record(id, states[id])],
      counts: {},
    });
    if (states[id] !== "running") {
      stream.line({ type: "end", id, state: states[id] });
      stream.end();
    }
  });
}

test("ls shows the newest, and the live ones that are older", async () => {
  const finished = Array.from({ length: 20 }, (_, i) => record(`f${i}x`, "succeeded"));
  daemon.on("GET", "/v1/operations", (_, reply) =>
    reply.json({ operations: finished, next: "more", total: 50 }),
  );
  daemon.on("GET", "/v1/watch", ({ query }, reply) => {
    expect(query).toEqual({ state: "queued,running", limit: "0" });
    reply.stream().line({ type: "snapshot", cursor: "1", operations: [record("old")], counts: {} });
  });
  const { code, stdout, stderr } = await liveops("ls", "--json");
  expect(code).toBe(0);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout).map((it: Operation) => it.id)).toEqual([
    ...finished.map((it) => it.id),
    "old",
  ]);
  const text = await liveops("ls");
  expect(text.stdout.split("\n")[21]).toMatch(/^old +load-process-save +● running/);
});

const build = (id: string, parent: string, over: Partial<Operation> = {}): Operation => ({
  ...record(id),
  stages: ["Compile", "Link"],
  currentStage: 0,
  parent: { id: parent, attempt: 1, stage: "Load", occurrence: 1, call: 1 },
  ...over,
});

test("ls folds what runs inside of an operation into its row; --children and --queue list it too", async () => {
  const parent = { ...record("parent"), currentStage: 0, waitsFor: ["child", "other"] };
  const inside = [
    build("child", "parent"),
    build("other", "parent"),
    build("inner", "child", { stages: [] }),
  ];
  daemon.on("GET", "/v1/operations", ({ query }, reply) => {
    const operations = { none: [parent], any: inside }[query.parent ?? ""] ?? [parent, ...inside];
    reply.json({ operations, next: null, total: operations.length });
  });
  daemon.on("GET", "/v1/watch", (_, reply) =>
    reply
      .stream()
      .line({ type: "snapshot", cursor: "1", operations: [...inside, parent], counts: {} }),
  );
  const rows = async (...words: string[]) =>
    (await liveops("ls", ...words)).stdout.trim().split("\n").slice(1);
  const folded = await rows();
  expect(folded).toHaveLength(1);
  expect(folded[0]).toMatch(/^parent .* \[1\/3\] Load › Compile › Load, process, save \+1 /);
  expect(JSON.parse((await liveops("ls", "--json")).stdout).map(({ id }: Operation) => id)).toEqual(
    ["parent"],
  );
  const all = await rows("--children");
  expect(all.map((row) => row.split(" ")[0])).toEqual(["parent", "child", "other", "inner"]);
  expect(all[1]).toMatch(/ running +parent +\[1\/2\] Compile/);
  expect(await rows("--queue", "default")).toHaveLength(4);
});

test("show names the operation around it, and lists those inside of it, with the error of each", async () => {
  const parent = { ...record("parent"), slot: 1, children: 2, waitsFor: ["child"] };
  const failed = build("old", "parent", {
    state: "failed",
    error: { code: "E", message: "no disk", stack: null },
  });
  for (const it of [parent, build("child", "parent")])
    daemon.on("GET", `/v1/operations/${it.id}`, (_, reply) => reply.json(it));
  daemon.on("GET", "/v1/forecast", (_, reply) => reply.json({ operations: {} }));
  daemon.on("GET", "/v1/operations", ({ query }, reply) => {
    const operations = query.parent === "parent" ? [build("child", "parent"), failed] : [];
    reply.json({ operations, next: null, total: operations.length });
  });
  const { stdout } = await liveops("show", "parent");
  expect(stdout).toContain("waits for   child, to which its slot is lent\n");
  expect(stdout).toContain(
    "operations inside of it\n  Load  old  load-process-save  ✗ failed\n     no disk\n  Load  child  load-process-save  ● running\n",
  );
  expect((await liveops("show", "child")).stdout).toContain("inside of   parent, Load\n");
});

test("ls of a long queue lists the first of it, and says how many more there are", async () => {
  const newest = Array.from({ length: 20 }, (_, i) => record(`q${i}x`, "queued"));
  daemon.on("GET", "/v1/operations", (_, reply) =>
    reply.json({ operations: newest, next: "more", total: 1000 }),
  );
  const first = ["a", "b"].map((id) => record(id, "queued"));
  const operations = [record("old"), ...first];
  daemon.on("GET", "/v1/watch", (_, reply) =>
    reply.stream().line({ type: "snapshot", cursor: "1", operations, counts: {}, moreQueued: 997 }),
  );
  const { stdout, stderr } = await liveops("ls", "--json");
  expect(JSON.parse(stdout).map((it: Operation) => it.id)).toEqual([
    ...newest.map((it) => it.id),
    "b",
    "a",
    "old",
  ]);
  expect(stderr).toContain(
    `977 more operations are queued; list all 1000 with liveops ls --socket ${daemon.socket} --limit 1000`,
  );
});

test("ls sends its filters, and reads on through the pages", async () => {
  daemon.on("GET", "/v1/operations", ({ query }, reply) =>
    reply.json({
      operations: Array.from({ length: query.before ? 500 : 1000 }, () => record("abc", "failed")),
      next: query.before ? null : "page2",
      total: 1500,
    }),
  );
  const { stdout } = await liveops(
    "ls",
    "--state",
    "failed,cancelled",
    "--op",
    "backup",
    "--limit",
    "1500",
    "--json",
  );
  expect(JSON.parse(stdout)).toHaveLength(1500);
  const asks = { state: "failed,cancelled", op: "backup", parent: "none" };
  expect(daemon.asked.map((asked) => asked.query)).toEqual([
    { ...asks, limit: "1000" },
    { ...asks, limit: "500", before: "page2" },
  ]);
});

test("an empty list is no error", async () => {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [], next: null, total: 0 }),
  );
  expect(await liveops("ls")).toMatchObject({ code: 0, stdout: "" });
  expect(await liveops("ls", "--json")).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
});

test("ls --op with an unknown name: exit 4 with near names; a type with operations only lists none", async () => {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [], next: null, total: 0 }),
  );
  daemon.on("GET", "/v1/ops/shel/history", (_asked, reply) =>
    reply.refuse("LIVEOPS_NO_SUCH_TYPE", 'there is no operation type "shel"', {
      nearest: ["shell"],
    }),
  );
  daemon.on("GET", "/v1/ops/gone/history", (_asked, reply) =>
    reply.json({ op: "gone", runs: 0, seconds: null, stages: {} }),
  );
  for (const words of [["ls"], ["ls", "--json"]]) {
    const ended = await liveops(...words, "--op", "shel");
    expect(ended).toMatchObject({ code: 4, stdout: "" });
    expect(ended.stderr).toContain("did you mean shell?");
  }
  expect(await liveops("ls", "--op", "gone", "--state", "failed")).toMatchObject({
    code: 0,
    stdout: "",
  });
});

test("show --json is the record", async () => {
  holds({ abc: "running" });
  const { stdout } = await liveops("show", "abc", "--json");
  expect(JSON.parse(stdout)).toEqual(record("abc"));
});

/** A log of so many lines, paged as the daemon does it. @param attemptOf - the attempt of a line */
function logs(count: number, attemptOf = (_: number) => 1): void {
  const line = (n: number): LogLine => ({
    n,
    seq: n + 2,
    at: AT,
    attempt: attemptOf(n),
    stage: null,
    stream: "log",
    text: `line\t${n}`,
  });
  const all = Array.from({ length: count }, (_, i) => line(i + 1));
  const attempt = attemptOf(count);
  daemon.on("GET", "/v1/operations/abc", (_asked, reply) =>
    reply.json({ ...record("abc"), attempt }),
  );
  daemon.on("GET", "/v1/operations/abc/log", ({ query }, reply) => {
    if (query.after === undefined && query.tail === undefined)
      return reply.text(all.map(({ text }) => `${text}\n`).join(""));
    const limit = Math.min(Number(query.limit), 3);
    const from =
      query.tail === undefined ? Number(query.after) : Math.max(0, count - Number(query.tail));
    const lines = all.slice(from, query.tail === undefined ? from + limit : count);
    reply.json({
      lines,
      next: from + lines.length < count ? from + lines.length : null,
      total: count,
    });
  });
  daemon.on("GET", "/v1/operations/abc/events", ({ query }, reply) => {
    const stream = reply.stream();
    const coming = [...all, line(count + 1)].filter(({ seq }) => seq > Number(query.after ?? 0));
    for (const it of coming) stream.line({ type: "log:line", ...it });
    stream.line({ type: "end", state: "succeeded" });
    stream.end();
  });
}

const lines = (...numbers: number[]) => numbers.map((n) => `line    ${n}\n`).join("");

test.each([
  [["logs", "abc"], lines(1, 2, 3, 4, 5, 6, 7)],
  [["logs", "abc", "-n", "2"], lines(6, 7)],
  [["logs", "abc", "-n", "0"], ""],
  [["logs", "abc", "-f"], lines(1, 2, 3, 4, 5, 6, 7, 8)],
  [["logs", "abc", "-f", "-n", "1"], lines(7, 8)],
  [["logs", "abc", "-f", "-n", "0"], lines(8)],
  [["logs", "abc", "-f", "--grep", "[278]$", "-n", "1"], lines(7, 8)],
])("%j", async (words, stdout) => {
  logs(7);
  expect(await liveops(...words)).toEqual({ code: 0, stdout, stderr: "" });
});

test("logs says where another attempt begins, but not in JSON", async () => {
  logs(4, (n) => (n < 3 ? 1 : 2));
  expect(await liveops("logs", "abc")).toEqual({
    code: 0,
    stdout: lines(1, 2, 3, 4),
    stderr: "attempt 2\n",
  });
  expect(await liveops("logs", "abc", "--json")).toMatchObject({ stderr: "" });
});

test("logs says why a stage did not run, where there is no line", async () => {
  logs(0);
  const story = new Story({ id: "abc" })
    .started()
    .entered("Load", 0)
    .left("Load", 0, "up-to-date", false, { reason: "up to date: 1 file" });
  daemon.on("GET", "/v1/operations/abc", (_asked, reply) => reply.json(story.record()));
  const said = { code: 0, stdout: "", stderr: "liveops: Load: up to date: 1 file\n" };
  expect(await liveops("logs", "abc")).toEqual(said);
  expect(await liveops("logs", "abc", "--stage", "Load")).toEqual(said);
  expect(await liveops("logs", "abc", "--stage", "Save")).toEqual({ ...said, stderr: "" });
});

test("logs names the near stages and steps, also those that are not declared", async () => {
  logs(0);
  daemon.on("GET", "/v1/operations/abc/events", (_asked, reply) => {
    const stream = reply.stream();
    stream.line({ type: "stage:entered", stage: "Warm up" });
    stream.line({ type: "step:entered", stage: "Load", step: "unit" });
    stream.end();
  });
  const said = async (...words: string[]) => (await liveops("logs", "abc", ...words)).stderr;
  const of = "load-process-save; did you mean";
  expect(await said("--stage", "Warm pu")).toContain(
    `--stage: "Warm pu" is not a stage of ${of} Warm up? Its stages: Load, Process, Save, Warm up`,
  );
  expect(await said("--step", "unti", "-f")).toContain(
    `--step: "unti" is not a step of ${of} unit?`,
  );
  expect(await said("--stage", "Save", "--step", "unit")).toContain("it had no steps");
  expect(await said("--stage", "Warm up")).toBe("");
});

test("logs --json keeps the text as it was", async () => {
  logs(1);
  const { stdout } = await liveops("logs", "abc", "--json", "-f");
  expect(
    stdout
      .trim()
      .split("\n")
      .map((it) => JSON.parse(it).text),
  ).toEqual(["line\t1", "line\t2"]);
});

test.each([
  [{ aaa: "succeeded", bbb: "succeeded" }, 0],
  [{ aaa: "succeeded", bbb: "failed", ccc: "cancelled" }, 1],
  [{ aaa: "succeeded", bbb: "cancelled" }, 6],
] as const)("wait for %j is exit %i", async (states, code) => {
  holds(states);
  const ended = await liveops("wait", ...Object.keys(states));
  expect(ended.code).toBe(code);
  expect(ended.stdout.trim().split("\n").sort()).toEqual(
    Object.entries(states).map((it) => it.join(" ")),
  );
});

test("wait --any ends with the first", async () => {
  holds({ aaa: "running", bbb: "failed" });
  expect(await liveops("wait", "aaa", "bbb", "--any")).toMatchObject({
    code: 1,
    stdout: "bbb failed\n",
  });
});

test("wait --timeout: exit 124, and names the unfinished operations", async () => {
  holds({ aaa: "running", bbb: "succeeded" });
  const ended = await liveops("wait", "aaa", "bbb", "--timeout", "300ms");
  expect(ended.code).toBe(124);
  expect(ended.stderr).toContain("aaa");
});

/** The daemon shows each operation in its state. */
function shows(states: Record<string, Operation["state"]>): void {
  for (const [id, state] of Object.entries(states))
    daemon.on("GET", `/v1/operations/${id}`, (_asked, reply) => reply.json(record(id, state)));
}

test("show of a failure looks at it, as opening it in the dashboard does; as JSON it does not", async () => {
  using dir = temporaryDirectory();
  const it = record("abc", "failed");
  daemon.on("GET", "/v1/operations/abc", (_asked, reply) => reply.json(it));
  const file = lookedFile(dir.path, daemon.socket);
  writeLooked(file, 1);
  await liveops("show", "abc", "--json", "--state-dir", dir.path);
  expect(readLooked(file)).toBe(1);
  expect(await liveops("show", "abc", "--state-dir", dir.path)).toMatchObject({ code: 0 });
  expect(readLooked(file)).toBe(Date.parse(it.finishedAt!));
});

test("wait --timeout 0 looks and does not wait", async () => {
  shows({ aaa: "running", bbb: "succeeded", ccc: "failed" });
  const look = (...words: string[]) => liveops("wait", ...words, "--timeout", "0");
  expect(await look("bbb")).toMatchObject({ code: 0, stdout: "bbb succeeded\n" });
  expect(await look("ccc")).toMatchObject({ code: 1, stdout: "ccc failed\n" });
  expect(await look("aaa")).toMatchObject({
    code: 124,
    stderr: expect.stringContaining("not finished: aaa"),
  });
  expect(await look("aaa", "bbb")).toMatchObject({ code: 124, stdout: "bbb succeeded\n" });
  expect(await look("aaa", "ccc", "--any")).toMatchObject({ code: 1, stdout: "ccc failed\n" });
  const lists = (...operations: unknown[]) =>
    daemon.on("GET", "/v1/operations", (_asked, reply) =>
      reply.json({ operations, next: null, total: operations.length }),
    );
  lists(record("bbb", "succeeded"));
  expect(await look()).toMatchObject({ code: 0, stdout: "bbb succeeded\n" });
  lists(record("aaa"));
  expect(await look("--all")).toMatchObject({ code: 124, stderr: expect.stringContaining("aaa") });
  lists();
  expect(await look("--all")).toMatchObject({ code: 0 });
  expect(daemon.asked.map(({ path }) => path)).not.toContain("/v1/watch");
});

test("wait --timeout 0 looks at the last operation of the chain", async () => {
  const chained = (id: string, next: string) => ({
    ...record(id, "succeeded"),
    chain: { ...record(id).chain, next },
  });
  shows({ bbb: "running" });
  for (const [id, next] of [
    ["aaa", "bbb"],
    ["ccc", "gone"],
  ] as const)
    daemon.on("GET", `/v1/operations/${id}`, (_asked, reply) => reply.json(chained(id, next)));
  daemon.on("GET", "/v1/operations/gone", (_asked, reply) =>
    reply.refuse("LIVEOPS_NO_SUCH_OPERATION", "nothing fits gone"),
  );
  expect(await liveops("wait", "aaa", "--timeout", "0")).toMatchObject({ code: 124, stdout: "" });
  expect(await liveops("wait", "ccc", "--timeout", "0")).toMatchObject({ code: 0 });
});

test("Ctrl-C on wait: exit 130, nothing is cancelled", async () => {
  holds({ aaa: "running" });
  const waiting = start("wait", "aaa");
  await daemon.request((asked) => asked.path === "/v1/watch");
  waiting.child.kill("SIGINT");
  const ended = await waiting.ended;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toContain("aaa continues");
  expect(daemon.asked.every((asked) => asked.method === "GET")).toBe(true);
});

test("wait refuses a wrong id at once", async () => {
  holds({ aaa: "running" });
  daemon.on("GET", "/v1/operations/zzz", (_asked, reply) =>
    reply.refuse("LIVEOPS_NO_SUCH_OPERATION", "nothing fits zzz"),
  );
  expect(await liveops("wait", "aaa", "zzz")).toMatchObject({ code: 4, stdout: "" });
});

test("cancel returns once it is recorded, with --wait once it is finished", async () => {
  holds({ aaa: "cancelled" });
  expect(await liveops("cancel", "aaa")).toEqual({
    code: 0,
    stdout: "aaa cancelling\n",
    stderr: "",
  });
  expect(await liveops("cancel", "aaa", "--wait")).toEqual({
    code: 0,
    stdout: "aaa cancelled\n",
    stderr: "",
  });
  expect(daemon.asked.at(-1)?.query).toEqual({ operation: "aaa" });
});

test("one refusal doesn't keep the others from being cancelled", async () => {
  holds({ bbb: "cancelled" });
  const ended = await liveops("cancel", "aaa", "bbb");
  expect(ended).toMatchObject({ code: 5, stdout: "bbb cancelling\n" });
  expect(ended.stderr).toContain("aaa is over");
});

test("retry sends the stage and prints the id", async () => {
  // The command reads the parameters first: they may name secrets of this shell.
  daemon.on("GET", "/v1/operations/aaa", (_asked, reply) =>
    reply.json(record("aaa111bbb222", "failed")),
  );
  answers("/v1/retry", () => record("aaa111bbb222"));
  expect(await liveops("retry", "aaa", "--from", "Load")).toEqual({
    code: 0,
    stdout: "aaa111bbb222\n",
    stderr: "",
  });
  expect(daemon.asked.at(-1)?.body).toEqual({ ids: ["aaa"], from: "Load" });
});

test("retry without an id takes the newest", async () => {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [record("newest", "failed")], next: null, total: 1 }),
  );
  daemon.on("GET", "/v1/operations/newest", (_asked, reply) =>
    reply.json(record("newest", "failed")),
  );
  answers("/v1/retry", (id) => record(id));
  expect(await liveops("retry")).toMatchObject({ code: 0, stdout: "newest\n" });
});

test("wait --json prints the last record of each chain, one a line", async () => {
  holds({ aaa: "succeeded", bbb: "cancelled" });
  const printed = async (...words: string[]) =>
    (await liveops(...words, "--json")).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Operation);
  expect(await printed("wait", "aaa")).toEqual([record("aaa", "succeeded")]);
  expect(await printed("wait", "aaa", "bbb")).toEqual([
    record("aaa", "succeeded"),
    record("bbb", "cancelled"),
  ]);
});

test("cancel and rm print the id of each operation, cancel --wait the state of the finished one", async () => {
  holds({ aaa: "succeeded", bbb: "cancelled" });
  answers("/v1/remove", (id) => record(id, "cancelled"));
  expect((await liveops("rm", "aaa", "bbb")).stdout).toBe("aaa\nbbb\n");
  expect((await liveops("cancel", "aaa", "bbb")).stdout).toBe("aaa cancelling\nbbb cancelling\n");
  expect((await liveops("cancel", "bbb", "--wait")).stdout).toBe("bbb cancelled\n");
});

test("wait --all waits for the live operations over one stream", async () => {
  holds({ aaa: "succeeded", bbb: "failed" });
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [record("bbb"), record("aaa")], next: null, total: 2 }),
  );
  expect(await liveops("wait", "--all")).toMatchObject({
    code: 1,
    stdout: "aaa succeeded\nbbb failed\n",
  });
  expect(daemon.asked.map(({ path, query }) => [path, query.state ?? query.limit])).toEqual([
    ["/v1/operations", "queued,running"],
    ["/v1/watch", "0"],
  ]);
});

test("wait --all says what it waits for, and why an operation does not start now", async () => {
  holds({ aaa: "succeeded", bbb: "succeeded", ccc: "succeeded" });
  const blocked = { reason: "the queue default is paused", since: "2026-11-24T11:59:00.000Z" };
  const held = { ...record("aaa", "queued"), blocked };
  const later = {
    ...record("bbb", "queued"),
    notBefore: new Date(Date.now() + 14 * 3_600_000).toISOString(),
  };
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [{ ...held, id: "ccc" }, later, held], next: null, total: 3 }),
  );
  const { code, stderr } = await liveops("wait", "--all");
  expect(code).toBe(0);
  expect(stderr).toContain("liveops: waits for 3 operations: aaa bbb ccc\n");
  expect(stderr).toContain("liveops: each of 2 operations waits: the queue default is paused\n");
  expect(stderr).toMatch(/liveops: bbb starts at .*, in (14h|13h59m|14h00m)/);
});

test("wait for one operation says why it cannot start, and that it continues", async () => {
  const waits = { ...record("aaa", "queued"), queuePosition: 1 };
  daemon.on("GET", "/v1/operations/aaa", (_asked, reply) => reply.json(waits));
  daemon.on("GET", "/v1/watch", (_asked, reply) => {
    const reason = "the queue default is paused; resume it with: liveops resume --queue default";
    const stream = reply.stream();
    const operations = [{ ...waits, blocked: { reason, since: waits.createdAt } }];
    stream.line({ type: "snapshot", cursor: "1", operations, counts: {} });
    stream.line({
      type: "changed",
      cursor: "2",
      id: "aaa",
      patch: { blocked: null, state: "running" },
    });
    stream.line({ type: "changed", cursor: "3", id: "aaa", patch: { state: "succeeded" } });
    stream.line({ type: "end", id: "aaa", state: "succeeded" });
    stream.end();
  });
  expect(await liveops("wait", "aaa")).toEqual({
    code: 0,
    stdout: "aaa succeeded\n",
    stderr:
      `liveops: blocked: the operation cannot start: the queue default is paused; resume it with: liveops resume --socket ${daemon.socket} --queue default\n` +
      "liveops: continues\n",
  });
});

test("wait --all without a live operation is success, and says so", async () => {
  daemon.on("GET", "/v1/operations", (_asked, reply) =>
    reply.json({ operations: [], next: null, total: 0 }),
  );
  const ended = await liveops("wait", "--all");
  expect(ended).toMatchObject({ code: 0, stdout: "" });
  expect(ended.stderr).toContain("no live operations");
});

test("wait for several follows each chain to its end, and takes a removed operation as cancelled", async () => {
  const chained = (
    id: string,
    previous: string | null,
    next: string | null,
    state: Operation["state"],
  ) => ({
    ...record(id, state),
    chain: { id: "aaa", index: previous ? 1 : 0, previous, next },
  });
  for (const id of ["aaa", "bbb"])
    daemon.on("GET", `/v1/operations/${id}`, (_asked, reply) => reply.json(record(id)));
  daemon.on("GET", "/v1/operations/gone", (_asked, reply) =>
    reply.refuse("LIVEOPS_NO_SUCH_OPERATION", "nothing fits gone"),
  );
  daemon.on("GET", "/v1/watch", (_asked, reply) => {
    const stream = reply.stream();
    const queued = { ...record("bbb"), state: "queued", finishedAt: null };
    stream.line({ type: "snapshot", cursor: "1", operations: [record("aaa"), queued], counts: {} });
    stream.line({ type: "removed", cursor: "2", id: "bbb" });
    const first = chained("aaa", null, "two", "succeeded");
    stream.line({ type: "chained", cursor: "3", from: "aaa", to: "two", operation: record("two") });
    stream.line({ type: "changed", cursor: "4", id: "aaa", patch: first });
    const second = chained("two", "aaa", "gone", "succeeded");
    stream.line({ type: "changed", cursor: "5", id: "two", patch: second });
  });
  const ended = await liveops("wait", "aaa", "bbb");
  expect(ended).toMatchObject({ code: 6, stdout: "bbb cancelled\naaa succeeded\n" });
  expect(ended.stderr).toContain("bbb cancelled; it was removed");
});

test("rm --finished removes what is finished in one request, and prints the ids", async () => {
  answers("/v1/remove", (id) => record(id, "failed"), ["bbb", "aaa"]);
  expect(await liveops("rm", "--finished")).toEqual({
    code: 0,
    stdout: "bbb\naaa\n",
    stderr: "rm: 2 operations\n",
  });
  expect(daemon.asked.map(({ body }) => body)).toEqual([
    { all: true, state: ["succeeded", "failed", "cancelled"] },
  ]);
});

test("ops lists types with stages and parameters; load errors go to stderr", async () => {
  const type = {
    op: "backup",
    title: "Back up",
    resumable: true,
    timeout: null,
    gracePeriod: 10,
    file: "/ops/backup.ts",
  };
  const params = {
    type: "object",
    properties: { source: { type: "string", description: "what \x1b" } },
    required: ["source"],
  };
  daemon.on("GET", "/v1/ops", (_asked, reply) =>
    reply.json({
      ops: [{ ...type, stages: ["Scan", "Archive"], params }],
      errors: [{ file: "/ops/bad.ts", message: "unexpected }" }],
      withoutType: [],
      notLoaded: [],
      shadowed: [{ op: "backup", file: "/late/backup.ts", by: "/ops/backup.ts" }],
    }),
  );
  const { code, stdout, stderr } = await liveops("ops");
  expect(code).toBe(0);
  expect(stdout).toContain("backup  Back up  resumable\n  stages  Scan, Archive\n");
  expect(stdout).toMatch(/source +text +required +what \\x1b/);
  expect(stderr).toContain("/ops/bad.ts does not load: unexpected }");
  expect(stderr).toContain("/late/backup.ts");
  const types = JSON.parse((await liveops("ops", "--json")).stdout);
  expect(types).toMatchObject({
    ops: [{ op: "backup", params }],
    errors: [{ file: "/ops/bad.ts" }],
  });
});
