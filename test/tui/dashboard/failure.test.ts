/**
 * The first part of a failed operation, what the daemon tells of it, and the result of a success in
 * its row.
 */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { errorLineIn, isErrorLine, withoutMakeEnd } from "../../../protocol/text/line-level.js";
import type { Why } from "../../../protocol/why.js";
import type { State, StateOptions } from "../../../tui/dashboard/core/model.js";
import { detailPlan } from "../../../tui/dashboard/pages/operation/detail-plan.js";
import { summaryOf } from "../../../tui/dashboard/text/outcome.js";
import {
  after,
  answerTo,
  colourTheme,
  effectsOf,
  opened as open,
  press,
  screenText,
  wanted,
} from "./core.js";
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
/** The rows between the stepper and the first blank one. */
const card = (state: State): string[] => {
  const rows = detailPlan(state).rows.map((row) => String(row).trimEnd());
  return rows.slice(1, rows.indexOf(""));
};

describe("the card", () => {
  test("has the last lines, as they are, and the failing one in bold", () => {
    const it = failed({ error: ran(["ok 29", "ok 30", "not ok 31", "# tests 31", "ok 32"]) });
    const state = show(it);
    const lines = ["│ ok 29", "│ ok 30", "│ not ok 31", "│ # tests 31", "│ ok 32"];
    const head = [expect.stringMatching(/^✗ not ok 31 +Process/), "  npm exited with 1"];
    expect(card(state)).toEqual([...head, ...lines]);
    const painted = detailPlan(state).rows.map((row) => row.toString(colourTheme().paint));
    const bold = painted.filter((row) => row.includes("\x1b[1m") && row.includes("│"));
    expect(bold).toEqual([expect.stringContaining("not ok 31")]);
    // Of a type that throws, they are those of the log.
    const thrown = deploy();
    const failure = { ...WHY.failure!, lines: ["layer 20", "handshake failed"] };
    expect(card(after(show(thrown), told(thrown, { failure })))).toContain("│ handshake failed");
  });

  test("has the last line of each step that failed", () => {
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
    expect(card(show(it)).slice(1, 5)).toEqual([
      '  └ "Convert/0" exited with 4 at /srv/c.yaml:5',
      "    cannot convert 0",
      '  └ "Convert/1" exited with 4 at /srv/c.yaml:5',
      "    cannot convert 1",
    ]);
  });

  test("keeps the error, then the last lines, on a small screen", () => {
    const state = press(
      show(failed({ error: ran(["ok 29", "ok 30", "not ok 31"]) }), {
        size: { columns: 40, rows: 15 },
      }),
      "return",
    );
    const rows = detailPlan(state).rows.map((row) => String(row).trimEnd());
    expect(rows.slice(1, 5)).toEqual([
      expect.stringContaining("✗ not ok 31"),
      "  npm exited with 1",
      "│ ok 29",
      "│ ok 30",
    ]);
  });

  test("has the line that tells of the error where others follow", () => {
    const lines = ["doc.c:3:1: error: no", ...Array.from({ length: 9 }, (_, i) => `note ${i}`)];
    expect(card(show(failed({ error: ran(lines) }))).slice(2, 4)).toEqual([
      `│ ${lines[0]}`,
      "│ note 0",
    ]);
  });

  test("marks no line of a script of which the shell named none", () => {
    const place = { file: "/srv/shards.yaml", line: 10, to: 12 };
    const message = '"Process" exited with 3 at /srv/shards.yaml:10–12\nnot ok 37: timeout';
    const it = failed({ error: { code: "LIVEOPS_EXCEPTION", message, stack: null, place } });
    const why = { failure: { ...WHY.failure!, place, exit: "exit code 3" } };
    expect(card(after(show(it), told(it, why))).slice(0, 3)).toEqual([
      expect.stringMatching(/^✗ not ok 37: timeout +Process/),
      "  exited with 3 at shards.yaml:10–12",
      "│ not ok 37: timeout",
    ]);
  });

  test("tells what changed since the last success, then what the machine was short of alone", () => {
    const it = deploy({ params: { target: "prod", region: "eu" } });
    const diff = ["-a", "+b"];
    const why = {
      since: { id: "goodaaaaaaaa", finishedAt: ago(7790), seconds: 1.2 },
      changes: [
        { kind: "parameter", name: "target", before: "staging", now: "prod" },
        { kind: "commit", name: "3f2c1a4", now: "Ada: faster", at: ago(1190) },
        { kind: "script", name: "deploy.sh", diff },
        { kind: "of tomorrow", name: "moon", now: "full" },
      ],
      machine: {
        at: ago(590),
        memory: { availableBytes: 2 ** 30, totalBytes: 2 ** 33 },
        load: 7.5,
        cores: 2,
        disks: [{ path: "/srv", freeBytes: 2 ** 20, totalBytes: 2 ** 40 }],
        processes: [{ name: "node", pid: 1, rssBytes: 2 ** 20 }],
        outOfMemory: null,
      },
    };
    const state = after(show(it), told(it, why));
    expect(card(state).slice(2)).toEqual([
      "≠ target=prod (was staging)   commit 3f2c1a4 by Ada: faster, 10m00s before",
      "  of tomorrow moon: full (was none)   since it succeeded 2h00m before",
      "  deploy.sh",
      "    -a",
      "    +b",
      "▲ disk /srv: 1.0 MiB of 1.0 TiB free",
    ]);
    // What it names is not told again.
    const about = detailPlan(state)
      .rows.map(String)
      .find((row) => row.includes(it.id))!;
    expect(about).toContain("region eu");
    expect(about).not.toContain("target");
  });

  test("leaves the stage that failed its row, whatever else is known", () => {
    const it = deploy();
    const changes = Array.from({ length: 30 }, (_, i) => ({
      kind: "stage",
      name: `V${i}`,
      before: "1s",
    }));
    const since = { id: "goodaaaaaaaa", finishedAt: ago(7790), seconds: 1.2 };
    const state = after(
      show(it, { size: { columns: 110, rows: 30 } }),
      told(it, { since, changes }),
    );
    expect(detailPlan(state).rows.map(String).join("\n")).toContain("✗ Process ");
  });

  test("C copies it as Markdown, in which no text ends the fence", () => {
    const it = deploy();
    const lines = ["```", "boom\x1b[2J"];
    const state = after(show(it), told(it, { failure: { ...WHY.failure!, lines } }));
    const [copied] = effectsOf(state, { type: "pressed", pressed: { input: "C" } });
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
    expect(wanted(after(show(deploy({ attempt: 2 })), told(it)), "why")).toMatchObject({
      attempt: 2,
    });
    expect(wanted(show(deploy({ state: "succeeded" })), "why")).toBeNull();
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

test("of the end of make, the target that failed first stays", () => {
  const made = [
    "cc -c a.c",
    "sh: help2man: command not found",
    "make[2]: *** [Makefile:9: doc] Error 127",
  ];
  const end = [
    "make[2]: Leaving directory '/srv/man'",
    "make[1]: *** [Makefile:4: all] Error 2",
    "make[1]: Leaving directory '/srv'",
    "make: *** [Makefile:2: all] Error 2",
  ];
  expect(withoutMakeEnd([...made, ...end])).toEqual(made);
  expect(errorLineIn(made)).toBe(1);
  expect(errorLineIn(["x", made[2]!])).toBe(1);
  expect(errorLineIn(["x"])).toBe(-1);
});

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
  const counted = {
    done: 312,
    total: 312,
    unit: "tests",
    label: null,
    rate: null,
    etaSeconds: null,
  };

  test.each([
    [{ resultText: "3 files\nmore" }, "3 files"],
    [
      {
        result: {
          rows: 600,
          table: "orders",
          size_bytes: 2048,
          list: [1, 2],
          deep: {},
          dry: false,
        },
      },
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
