/** The first part of a failed operation, what the daemon tells of it, and the result of a success in its row. */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { isErrorLine } from "../../../protocol/text/line-level.js";
import type { Why } from "../../../protocol/why.js";
import { detailPlan } from "../../../tui/dashboard/core/detail-plan.js";
import { failureCard } from "../../../tui/dashboard/core/failure-card.js";
import type { State, StateOptions } from "../../../tui/dashboard/core/model.js";
import { summaryOf } from "../../../tui/dashboard/text/outcome.js";
import { unpainted } from "../../../tui/dashboard/text/theme.js";
import { after, answerTo, colourTheme, effectsOf, opened as open, screenText, wanted } from "./core.js";
import { ago, backupDone, failed, step, whyFailed } from "./operations.js";

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
const WHY = whyFailed(deploy(), {
  place: { file: FILE, line: 14 },
  source: {
    from: 12,
    lines: ["  async run() {", "    await delay(300);", "    throw new Error();", "  }", ""],
  },
});
/** The daemon told why. */
const told = (it: Operation, why: Partial<Why> = {}) =>
  answerTo("why", { ...WHY, ...why }, { id: it.id, attempt: it.attempt });
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
    const state = after(show(it), told(it));
    expect(card(state)).toEqual([
      "✗ certificate expired                              Process · attempt 2",
      "  └ caused by Error: TLS handshake failed",
      "  at ops/deploy.ts:14",
      "    12 │ async run() {",
      "    13 │   await delay(300);",
      "  ▸ 14 │   throw new Error();",
      "    15 │ }",
      "    16 │",
      "",
      "  R retry   b shell   e edit source   r run again   y copy why",
    ]);
    const rows = screenText(state).split("\n");
    const at = rows.findIndex((row) => row.includes("✗ certificate expired  "));
    expect(rows[at - 2]).toContain("─ failed ─");
    expect(rows[at - 1]).toContain("✗ ");
    expect(rows.join("\n")).not.toContain("LIVEOPS_EXCEPTION");
  });

  test("offers the log where the file of the source cannot be read", () => {
    const it = deploy();
    const state = after(show(it), told(it, { failure: { ...WHY.failure!, source: null } }));
    expect(card(state)).toContain("  R retry   b shell   e edit log   r run again   y copy why");
    expect(effectsOf(state, { type: "pressed", pressed: { input: "e" } })).toContainEqual(
      expect.objectContaining({ type: "edit", source: null }),
    );
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

  test("has the last line of each step that failed, and keeps the keys where many failed", () => {
    const causes = Array.from({ length: 8 }, (_, i) => ({
      depth: 0,
      stack: null,
      message: `"Convert/${i}" exited with 4 at /srv/c.yaml:5\nbegin ${i}\ncannot convert ${i}`,
    }));
    const steps = ["1", "2"].map((name) => step(name, { state: "failed", finishedAt: ago(1) }));
    const it = deploy({
      error: { ...deploy().error!, message: "9 of 9 steps failed", causes },
      steps: { Process: steps },
    });
    expect(card(after(show(it), told(it)), 10)).toEqual([
      "✗ 9 of 9 steps failed                                          Process",
      '  └ caused by "Convert/0" exited with 4 at /srv/c.yaml:5',
      "    cannot convert 0",
      '  └ caused by "Convert/1" exited with 4 at /srv/c.yaml:5',
      "    cannot convert 1",
      '  └ caused by "Convert/2" exited with 4 at /srv/c.yaml:5',
      "    cannot convert 2",
      "  at ops/deploy.ts:14",
      "  ▸ 14 │   throw new Error();",
      "  R retry   b shell   e edit source   r run again   y copy why",
    ]);
  });

  test("keeps the error, then the last lines, where there is little room", () => {
    const state = show(failed({ error: ran(["ok 29", "ok 30", "not ok 31"]) }));
    expect(card(state, 1)).toHaveLength(1);
    expect(card(state, 3)).toEqual([expect.stringContaining("npm exited"), "  ok 30", "  not ok 31"]);
    for (let height = 1; height < 12; height++)
      expect(card(state, height).length).toBeLessThanOrEqual(height);
  });

  test("tells what changed since the last success, and a disk that is full", () => {
    const it = deploy();
    const diff = ["-a", "+b", "-c", "+d", "-e", "+f"];
    const why = {
      since: { id: "goodaaaaaaaa", finishedAt: ago(7790), seconds: 1.2 },
      changes: [
        { kind: "script", name: "deploy.sh", diff },
        { kind: "commit", name: "3f2c1a4", now: "Ada: faster", at: ago(1190) },
        { kind: "parameter", name: "target", before: "staging", now: "prod" },
        { kind: "variable", name: "TOKEN" },
        { kind: "of tomorrow", name: "moon", now: "full" },
      ],
      machine: {
        at: ago(590),
        memory: { availableBytes: 2 ** 30, totalBytes: 2 ** 33 },
        load: 0.5,
        cores: 2,
        disks: [{ path: "/srv", freeBytes: 2 ** 20, totalBytes: 2 ** 40 }],
        processes: [],
        outOfMemory: null,
      },
    };
    const state = after(show(it), told(it, why));
    expect(card(state, 30).slice(8)).toEqual([
      "  disk /srv: 1.0 MiB of 1.0 TiB free",
      "  changed since goodaaaaaaaa succeeded (2h00m before, took 1.2s)",
      "  deploy.sh",
      ...diff.map((line) => `    ${line}`),
      "  commit 3f2c1a4 by Ada: faster, 10m00s before",
      "  target=prod (was staging)",
      "  TOKEN has another value",
      "  of tomorrow moon: full (was none)",
      "",
      "  memory: 1.0 GiB of 8.0 GiB free",
      "  load 0.5 on 2 cores",
      "  R retry   b shell   e edit source   r run again   y copy why",
    ]);
    // On a small screen, a diff hides nothing else.
    expect(card(state, 20)).toContain("  TOKEN has another value");
    expect(card(state, 20)).toContain("    …");
  });

  test("leaves the stage that failed its row, whatever else is known", () => {
    const usage = { cpuSeconds: 1, maxRssBytes: 1e6, readBytes: 0, writtenBytes: 0 };
    const it = deploy({ resources: usage });
    const changes = Array.from({ length: 30 }, (_, i) => ({ kind: "variable", name: `V${i}` }));
    const since = { id: "goodaaaaaaaa", finishedAt: ago(7790), seconds: 1.2 };
    const state = after(show(it, { size: { columns: 110, rows: 30 } }), told(it, { since, changes }));
    const kinds = detailPlan(state).parts.map(({ kind }) => kind);
    expect(kinds).toContain("failure");
    expect(kinds).toContain("stages");
  });

  test("y copies it as Markdown, in which no text ends the fence", () => {
    const it = deploy();
    const lines = ["```", "boom\x1b[2J"];
    const state = after(show(it), told(it, { failure: { ...WHY.failure!, lines } }));
    const [copied] = effectsOf(state, { type: "pressed", pressed: { input: "y" } });
    expect(copied).toMatchObject({ type: "copy" });
    const { text } = copied as { text: string };
    expect(text).toContain("### Fails at an item: failed");
    expect(text).toContain("**last lines**\n\n````\n```\nboom\\x1b[2J\n````\n");
  });

  test("no escape of a message, a line or a file reaches the terminal", () => {
    const bad = "\x1b[2J\x1b]0;x\x07\u202e";
    const causes = [{ depth: 0, message: bad, stack: null }];
    const it = failed({ error: { ...ran([bad, `error: ${bad}`]), causes, stack: STACK } });
    const changes = [{ kind: "script", name: bad, diff: [`+${bad}`] }];
    const since = { id: bad, finishedAt: ago(700), seconds: null };
    const failure = {
      ...WHY.failure!,
      place: { file: bad, line: 13 },
      source: { from: 12, lines: [bad, bad] },
    };
    const state = after(show(it), told(it, { changes, since, failure, notes: [bad] }));
    expect(card(state).join("\n")).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
  });
});

describe("the daemon", () => {
  test("is asked once why a failure failed, anew of another attempt, and not of a success", () => {
    const it = deploy();
    const request = { id: it.id, attempt: 1 };
    expect(wanted(show(it), "why")).toEqual({ ...request, partial: true });
    // What is known at once is drawn, and the rest is asked for.
    expect(wanted(after(show(it), told(it, { pending: true })), "why")).toEqual({
      ...request,
      partial: false,
    });
    expect(wanted(after(show(it), told(it)), "why")).toBeNull();
    expect(wanted(after(show(deploy({ attempt: 2 })), told(it)), "why")).toMatchObject({ attempt: 2 });
    expect(wanted(show(deploy({ state: "succeeded" })), "why")).toBeNull();
  });

  test("offers the shell only where it can be opened", () => {
    const last = (it: Operation, options: Partial<StateOptions> = {}) => card(show(it, options)).at(-1)!;
    expect(last(deploy())).toContain("b shell");
    expect(last(deploy(), { readOnly: "run.json" })).not.toContain("b shell");
    expect(last(deploy({ host: "build-2" }))).not.toContain("b shell");
  });

  test("names a place that is opened only where its file is on this machine", () => {
    const editor = (it: Operation, options: Partial<StateOptions> = {}) =>
      card(after(show(it, options), told(it)))
        .at(-1)!
        .includes("edit source");
    expect(editor(deploy())).toBe(true);
    expect(editor(deploy(), { flags: { remote: "ssh://box" } })).toBe(false);
    expect(editor(deploy({ host: "build-2" }))).toBe(false);
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
