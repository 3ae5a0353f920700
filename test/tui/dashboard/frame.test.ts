/**
 * The law of the screen: no row wider than its pane, no frame higher than the terminal, nothing a
 * terminal acts on.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { EMPTY_LINE } from "../../../tui/dashboard/text/line-edit.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { cases } from "../../faults/mode.js";
import {
  act,
  answerTo,
  colourTheme,
  initial,
  opened as open,
  plainTheme,
  screenRows,
  screenText,
  update,
} from "./core.js";
import { ago, backup, failed, logLine, operation, verify } from "./operations.js";

const nasty = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "👨‍👩‍👧‍👦".repeat(20),
    "한국어".repeat(30),
    "\x1b[31mred\x1b[2J",
    "e\u0301".repeat(80),
    "\u202e\t\t",
    "",
  ),
);

const state: fc.Arbitrary<State> = fc
  .record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
    texts: fc.array(nasty, { minLength: 12, maxLength: 12 }),
    stages: fc.uniqueArray(nasty, { maxLength: 30 }),
    at: fc.nat(30),
    percent: fc.float({ min: 0, max: 100, noNaN: true }),
    total: fc.option(fc.nat(1e9)),
    pane: fc.constantFrom("list" as const, "detail" as const),
    link: fc.boolean(),
    over: fc.constantFrom(
      {},
      { entry: { kind: "help" as const, line: EMPTY_LINE } },
      { question: { request: { kind: "cancel" as const, ids: ["backupaaaaaa"] } } },
    ),
    logView: fc.constantFrom({}, { wrap: true }, { full: true }),
    known: fc.boolean(),
    unfold: fc.boolean(),
    away: fc.boolean(),
    count: fc.nat(80),
  })
  .map((given) => {
    const [title, label, status, unit, name, message, key, value, stack, notice, cwd, log] =
      given.texts as string[];
    const states = Object.fromEntries(
      given.stages.map((stage, i) => [
        stage,
        i < given.at ? ("done" as const) : ("active" as const),
      ]),
    );
    const first = backup({
      title: title!,
      label: label!,
      cwd: cwd!,
      stages: given.stages,
      stageStates: states,
      percent: given.percent,
      progress: {
        done: 7,
        total: given.total,
        unit: unit!,
        label: name!,
        rate: 1e7,
        etaSeconds: 1e6,
      },
      status: { text: status!, level: "warning" },
      ...(given.link && {
        state: "succeeded" as const,
        finishedAt: ago(1),
        result: {
          [key!]: value,
          [name!]: [{ [label!]: status, [unit!]: 1 }, { [label!]: value }],
          deep: { [value!]: { [key!]: [] } },
        },
        chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" },
      }),
    });
    const others = Array.from({ length: given.count }, (_, i) =>
      operation({ id: `other${String(i).padStart(7, "0")}` }),
    );
    const operations = [
      first,
      ...(given.link ? [verify({ title: value! })] : []),
      failed({
        error: {
          code: key!,
          message: message!,
          stack: stack!,
          causes: [
            {
              depth: given.at,
              message: value!,
              stack: `Error\n    at ${key} (/ops/${name}.ts:1:2)`,
            },
          ],
        },
      }),
      ...others,
    ];
    let now = initial({
      size: { columns: given.columns, rows: given.rows },
      socket: `/run/${title}`,
    });
    if (given.away)
      return { ...now, connection: { state: "connecting" as const, reason: message! } };
    const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
    now = update(now, { type: "watched", line });
    now = update(now, answerTo("find", given.at % 2 ? first : failed()));
    now = update(
      now,
      answerTo("logStream", [logLine(1, log!, { stream: "stdout" })], { id: now.selected! }),
    );
    if (given.known) {
      const spread = { runs: 3, p50: 1e6, p90: 2e6 };
      const stages = Object.fromEntries(given.stages.map((stage) => [stage, spread]));
      const reply = {
        op: "backup",
        runs: 3,
        finished: 3,
        seconds: { p50: 1e6, p90: 2e6 },
        stages,
        recent: [],
        next: [],
      };
      now = update(now, answerTo("history", reply, { name: "backup", succeeded: 0 }));
    }
    if (given.unfold) now = act(now, "fold-all");
    const search = given.known ? { text: value!, at: 1 } : null;
    now = patched({ ...now, list: { ...now.list, text: given.unfold ? value! : "" } }, "log", {
      search,
      ...given.logView,
    });
    return {
      ...now,
      pane: given.pane,
      notice: { text: notice!, level: "info" as const },
      ...given.over,
    };
  });

const SGR = /\x1b\[[\d;]+m/g;

function check(given: State, rows: readonly string[]): void {
  const { columns } = given.size;
  const plain = rows.map((row) => row.replace(SGR, ""));
  expect(plain.filter((row) => columnsOf(row) > columns)).toEqual([]);
  expect(rows.length).toBeLessThanOrEqual(given.size.rows);
  expect(plain.join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
}

test("no row too wide, no frame too high, nothing active, in colour and without", () => {
  fc.assert(
    fc.property(state, fc.boolean(), (given, colour) => {
      check(given, screenRows(given, colour ? colourTheme() : plainTheme()));
    }),
    { numRuns: cases(40, 150) },
  );
});

test("without colour only bold, dim and inverse are used", () => {
  fc.assert(
    fc.property(state, (given) => {
      const used = new Set(screenRows(given).join("").match(SGR));
      for (const code of used)
        expect(["\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[22m", "\x1b[27m"]).toContain(code);
    }),
    { numRuns: cases(25, 50) },
  );
});

test("no cause is hidden: the panel has each of them", () => {
  const stack = (file: string) => `Error: x\n    at work (/home/ada/ops/${file}.ts:1:2)`;
  const error = {
    code: "LIVEOPS_EXCEPTION",
    message: "top",
    stack: stack("top"),
    causes: [
      { depth: 0, message: "AggregateError: many", stack: stack("many") },
      { depth: 1, message: "TypeError: first\nsecond line", stack: null },
    ],
  };
  const state = open([failed({ error })], { size: { columns: 160, rows: 50 } });
  const panel = screenText(state);
  for (const text of ["✗ top", "└ AggregateError: many", "└ TypeError: first"])
    expect(panel).toContain(text);
});
