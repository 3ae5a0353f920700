/** The first part of a failed operation, the lines of its source, and the result of a success in its row. */
import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { failureCard } from "../../../tui/dashboard/core/failure-card.js";
import type { State, StateOptions } from "../../../tui/dashboard/core/model.js";
import { readSource } from "../../../tui/dashboard/source-lines.js";
import { isErrorLine } from "../../../tui/dashboard/text/log-level.js";
import { summaryOf } from "../../../tui/dashboard/text/outcome.js";
import { unpainted } from "../../../tui/dashboard/text/theme.js";
import { temporaryDirectory } from "../../harness/temporary.js";
import { after, colourTheme, effectsOf, opened as open, screenText, wanted } from "./core.js";
import { ago, backupDone, failed, operation } from "./operations.js";

const SIZE = { columns: 160, rows: 50 };
const FILE = "/home/ada/ops/deploy.ts";
const STACK = `Error: expired\n    at Deploy.run (${FILE}:14:38)\n    at node:internal/process/task_queues:95:5`;
const deploy = (over: Partial<Operation> = {}) =>
  failed({
    label: "prod rollout",
    error: { code: "LIVEOPS_EXCEPTION", message: "certificate expired", stack: STACK },
    ...over,
  });
const ran = (tail: readonly string[]) => ({
  code: "LIVEOPS_EXCEPTION",
  message: ["npm exited with 1", ...tail].join("\n"),
  stack: null,
});
const SOURCE = {
  file: FILE,
  line: 14,
  from: 12,
  lines: ["  async run() {", "    await delay(300);", "    throw new Error();", "  }", ""],
  isNewer: false,
};
const show = (it: Operation, options: Partial<StateOptions> = {}): State =>
  open([it], { size: SIZE, ...options });
const card = (state: State, height = 30, width = 70): string[] =>
  failureCard(state, [...state.view.operations.values()][0]!, width, height, unpainted).map((row) =>
    String(row).trimEnd(),
  );

describe("the card", () => {
  test("is first, with the cause, the lines around the own frame, and the keys", () => {
    const causes = [{ depth: 0, message: "Error: TLS handshake failed", stack: null }];
    const it = deploy({ attempt: 2, error: { ...deploy().error!, causes } });
    const state = after(show(it), { type: "source-read", source: SOURCE });
    expect(card(state)).toEqual([
      "✗ certificate expired                              Process · attempt 2",
      "  └ caused by Error: TLS handshake failed",
      "  at ops/deploy.ts:14:38",
      "    12 │ async run() {",
      "    13 │   await delay(300);",
      "  ▸ 14 │   throw new Error();",
      "    15 │ }",
      "    16 │",
      "",
      "  R retry   r run again   e edit source",
    ]);
    const rows = screenText(state).split("\n");
    const at = rows.findIndex((row) => row.includes("✗ certificate expired  "));
    expect(rows[at - 1]).toContain("─ failed ─");
    expect(rows.join("\n")).not.toContain("LIVEOPS_EXCEPTION");
  });

  test("offers the log where the file of the source cannot be read", () => {
    const gone = { type: "source-read", source: { ...SOURCE, lines: [] } } as const;
    const state = after(show(deploy()), gone);
    expect(card(state)).toContain("  R retry   r run again   e edit log");
    expect(effectsOf(state, { type: "pressed", pressed: { input: "e" } })).toContainEqual(
      expect.objectContaining({ type: "edit", source: null }),
    );
  });

  test("says that the file changed after the run", () => {
    const state = after(show(deploy()), { type: "source-read", source: { ...SOURCE, isNewer: true } });
    expect(card(state)[1]).toBe("  at ops/deploy.ts:14:38  changed after this run");
  });

  test("of a program has its last lines, as they are, and the failing one in bold", () => {
    const it = failed({ error: ran(["ok 29", "ok 30", "not ok 31", "# tests 31", "ok 32"]) });
    const state = show(it);
    expect(card(state).slice(0, 7)).toEqual([
      "✗ npm exited with 1                                            Process",
      "",
      "  ok 29",
      "  ok 30",
      "  not ok 31",
      "  # tests 31",
      "  ok 32",
    ]);
    const { paint } = colourTheme();
    const painted = failureCard(state, it, 70, 30, paint).map(String);
    expect(painted.filter((row) => row.includes("\x1b[1m")).map((row) => row.includes("ok 3"))).toEqual([
      false,
      true,
      false,
    ]);
    expect(painted.find((row) => row.includes("ok 30"))).not.toContain("\x1b");
  });

  test("keeps the error, then the last lines, where there is little room", () => {
    const state = show(failed({ error: ran(["ok 29", "ok 30", "not ok 31"]) }));
    expect(card(state, 1)).toHaveLength(1);
    expect(card(state, 3)).toEqual([expect.stringContaining("npm exited"), "  ok 30", "  not ok 31"]);
    for (let height = 1; height < 12; height++)
      expect(card(state, height).length).toBeLessThanOrEqual(height);
  });

  test("tells the last good run and what differs since", () => {
    const good = operation({
      id: "goodaaaaaaaa",
      ...{ op: "fails-at-item", state: "succeeded", params: { target: "staging", rows: 10 }, cwd: "/srv" },
      ...{ startedAt: ago(8000), finishedAt: ago(7200), seconds: 1.2 },
    });
    const it = deploy({ params: { target: "prod", rows: 10, force: true }, cwd: "/srv" });
    const recent = [
      { id: it.id, state: "failed", seconds: 10, finishedAt: ago(590) },
      { id: good.id, state: "succeeded", seconds: 1.2, finishedAt: ago(7200) },
    ] as const;
    const reply = {
      op: it.op,
      runs: 1,
      finished: 2,
      seconds: null,
      stages: {},
      recent: [...recent],
      next: [],
    };
    const told = { type: "history-fetched", name: it.op, reply, succeeded: 0 } as const;
    const alone = after(show(it), told);
    expect(card(alone)).toContain("  last good run 2h ago, 1.2s");
    expect(wanted(alone, "good-run")).toEqual({ type: "fetch-dependencies", ids: [good.id] });
    const both = after(alone, { type: "fetched", operations: [good] });
    expect(failureCard(both, it, 100, 30, unpainted).map(String).join("\n")).toContain(
      "  last good run 2h ago, 1.2s · changed: target=prod (was staging), force=true",
    );
    expect(wanted(both, "good-run")).toBeNull();
  });

  test("no escape of a message, a line or a file reaches the terminal", () => {
    const bad = "\x1b[2J\x1b]0;x\x07\u202e";
    const causes = [{ depth: 0, message: bad, stack: null }];
    const it = failed({ error: { ...ran([bad, `error: ${bad}`]), causes, stack: STACK } });
    const state = after(show(it), { type: "source-read", source: { ...SOURCE, lines: [bad, bad, bad] } });
    expect(card(state).join("\n")).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
  });
});

describe("the source", () => {
  const asked = (it: Operation, options: Partial<StateOptions> = {}) => wanted(show(it, options), "source");

  test("is read of the operation's own frame on this machine, once", () => {
    expect(asked(deploy())).toEqual({ type: "read-source", file: FILE, line: 14, since: ago(600) });
    const read = after(show(deploy()), { type: "source-read", source: SOURCE });
    expect(wanted(read, "source")).toBeNull();
  });

  test("is not read where the file of that path is another one, and not of a success", () => {
    expect(asked(deploy(), { flags: { remote: "ssh://box" } })).toBeNull();
    expect(asked(deploy({ host: "build-2" }))).toBeNull();
    expect(asked(deploy({ state: "succeeded" }))).toBeNull();
    expect(asked(failed({ error: { code: "X", message: "no", stack: null } }))).toBeNull();
  });

  test("has five lines, of a plain file of ordinary size", async () => {
    using dir = temporaryDirectory();
    const file = join(dir.path, "ops.ts");
    writeFileSync(file, Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join("\n"));
    utimesSync(file, 1, 1);
    expect(await readSource(file, 14, ago(0))).toEqual({
      ...{ file, line: 14, from: 12, isNewer: false },
      lines: ["line 12", "line 13", "line 14", "line 15", "line 16"],
    });
    expect(await readSource(file, 1, "1970-01-01T00:00:00.000Z")).toMatchObject({ from: 1, isNewer: true });
    const none = async (path: string, line = 1) =>
      expect((await readSource(path, line, ago(0))).lines).toEqual([]);
    await none(file, 21);
    await none(join(dir.path, "none.ts"));
    mkdirSync(join(dir.path, "folder.ts"));
    await none(join(dir.path, "folder.ts"));
    execFileSync("mkfifo", [join(dir.path, "fifo.ts")]);
    await none(join(dir.path, "fifo.ts"));
    await none("/dev/zero");
    truncateSync(file, 3 << 20);
    await none(file);
  });
});

test.each([
  "not ok 31 - adds",
  "FAILED test_2.py::test_n[17]",
  "  ✗ adds two numbers",
  "Traceback (most recent call last):",
  "TypeError: x is not a function",
  "java.lang.IllegalStateException: no",
  "src/main.c:12:5: error: expected ';'",
  "make: *** [Makefile:3: all] Error 2",
  "npm ERR! code ELIFECYCLE",
  "error[E0308]: mismatched types",
  "error TS2304: Cannot find name 'x'.",
  "2026-01-02 03:04:05 ERROR no route",
  "bash: line 1: foo: command not found",
  "thread 'main' panicked at src/main.rs:2:5:",
])("%s tells of an error", (line) => expect(isErrorLine(line)).toBe(true));

test.each([
  "ok 30",
  "0 errors, 0 failed",
  "Failures: 0",
  "loading error handlers",
  "WARN disk is nearly full",
  "test errors.test.ts passed",
  "",
])("%s tells of none", (line) => expect(isErrorLine(line)).toBe(false));

describe("the row of a success", () => {
  const done = (over: Partial<Operation>) => backupDone({ result: null, ...over });
  const ended = { exitCode: 0, signal: null, seconds: 2 };
  const counted = { done: 312, total: 312, unit: "tests", label: null, rate: null, etaSeconds: null };

  test.each([
    [{ resultText: "3 files\nmore" }, "3 files"],
    [
      { result: { rows: 600, table: "orders", size_bytes: 2048, list: [1, 2], deep: {}, dry: false } },
      "600 rows · 2.0 KiB · orders · 2 list",
    ],
    [{ result: "v1.2.3" }, "v1.2.3"],
    [{ result: ended, progress: counted }, "312 tests"],
    [{ result: { ...ended, outputs: { version: "1.2.3" } } }, "1.2.3"],
    [{ result: ended }, ""],
    [{}, ""],
  ] as const)("%j is told as %j", (over, text) => {
    expect(summaryOf(done({ progress: null, ...(over as Partial<Operation>) }))).toBe(text);
  });

  test("has the result, made harmless", () => {
    const state = open([done({ result: { rows: 1200, table: "or\x1bders" } })], { size: SIZE });
    expect(screenText(state)).toMatch(/✓ nightly +1,200 rows · or\\x1bders /);
  });
});
