/** The law of the screen: no row wider than its pane, no frame higher than the terminal, nothing a terminal acts on. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { type Frame, frameOf } from "../../../tui/dashboard/screen/frame.js";
import { inManyColours, unpainted, withoutColour } from "../../../tui/dashboard/screen/paint.js";
import { recordPage } from "../../../tui/dashboard/screen/record.js";
import { initialState, type State } from "../../../tui/dashboard/state/model.js";
import { update } from "../../../tui/dashboard/state/update.js";
import { columnsOf } from "../../../tui/terminal/width.js";
import { ago, backup, failed, NOW, operation, verify } from "./operations.js";

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
      { page: { kind: "help" as const, top: 0 } },
      { confirming: { kind: "cancel" as const, id: "backupaaaaaa" } },
      { page: { kind: "copy" as const, followed: true } },
      { page: { kind: "record" as const, id: "backupaaaaaa", top: 0, attempts: null } },
      { page: { kind: "record" as const, id: "failedcccccc", top: 0, attempts: null } },
      { logView: { wrap: true, numbers: true } },
    ),
    known: fc.boolean(),
    unfold: fc.boolean(),
    away: fc.boolean(),
    count: fc.nat(80),
  })
  .map((given) => {
    const [title, label, status, unit, name, message, key, value, stack, notice, cwd, log] =
      given.texts as string[];
    const states = Object.fromEntries(
      given.stages.map((stage, i) => [stage, i < given.at ? ("done" as const) : ("active" as const)]),
    );
    const first = backup({
      title: title!,
      label: label!,
      cwd: cwd!,
      stages: given.stages,
      stageStates: states,
      percent: given.percent,
      progress: { done: 7, total: given.total, unit: unit!, label: name!, rate: 1e7, etaSeconds: 1e6 },
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
          causes: [{ depth: given.at, message: value!, stack: `Error\n    at ${key} (/ops/${name}.ts:1:2)` }],
        },
      }),
      ...others,
    ];
    let now = initialState({
      size: { columns: given.columns, rows: given.rows },
      now: NOW,
      socket: `/run/${title}`,
      id: null,
    });
    if (given.away) return { ...now, connection: { state: "connecting" as const, reason: message! } };
    const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
    now = update(now, { type: "watched", line });
    now = update(now, { type: "found", operation: given.at % 2 ? first : failed() });
    const text = { seq: 1, at: ago(0), attempt: 1, stage: null, stream: "stdout" as const, text: log! };
    now = update(now, { type: "logged", id: now.selected!, lines: [{ n: 1, ...text }] });
    if (given.known) {
      const spread = { runs: 3, p50: 1e6, p90: 2e6 };
      const stages = Object.fromEntries(given.stages.map((stage) => [stage, spread]));
      const reply = { op: "backup", runs: 3, seconds: { p50: 1e6, p90: 2e6 }, stages, recent: [], next: [] };
      now = update(now, { type: "history-fetched", name: "backup", reply, succeeded: 0 });
    }
    if (given.unfold) now = update(now, { type: "pressed", action: "fold-all" });
    const search = given.known ? { text: value!, at: 1 } : null;
    now = { ...now, search, listing: { ...now.listing, text: given.unfold ? value! : "" } };
    return { ...now, pane: given.pane, notice: { text: notice!, level: "info" as const }, ...given.over };
  });

const SGR = /\x1b\[[\d;]+m/g;

function tooWide(frame: Frame): string[] {
  const whole = [frame.header === null ? "" : frame.header.text, frame.rule, frame.footer];
  const rows = [
    ...whole.map((row) => [row, frame.columns] as const),
    ...frame.panes.flatMap((pane) => pane.rows.map((row) => [row, pane.width] as const)),
  ];
  return rows.filter(([row, width]) => columnsOf(row.replace(SGR, "")) > width).map(([row]) => row);
}

test.each([
  ["in colour", inManyColours],
  ["without", withoutColour],
])("no row too wide, no frame too high, nothing active (%s)", (_, paint) => {
  fc.assert(
    fc.property(state, (given) => {
      const frame = frameOf(given, paint);
      expect(tooWide(frame)).toEqual([]);
      const { columns, rows } = given.size;
      expect(frame.panes.reduce((sum, pane) => sum + pane.width, 0)).toBeLessThanOrEqual(columns);
      const around = frame.header === null ? 0 : 3;
      for (const pane of frame.panes) expect(pane.rows.length + around).toBeLessThanOrEqual(rows);
      const all = [
        frame.header?.text ?? "",
        frame.rule,
        frame.footer,
        ...frame.panes.flatMap((pane) => pane.rows),
      ];
      expect(all.join("").replace(SGR, "")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }),
    { numRuns: 150 },
  );
});

test("without colour only bold, dim and inverse are used", () => {
  fc.assert(
    fc.property(state, (given) => {
      const frame = frameOf(given, withoutColour);
      const all = [
        frame.header?.text ?? "",
        frame.rule,
        frame.footer,
        ...frame.panes.flatMap((pane) => pane.rows),
      ];
      const used = new Set(all.join("").match(SGR));
      for (const code of used)
        expect(["\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[22m", "\x1b[27m"]).toContain(code);
    }),
    { numRuns: 50 },
  );
});

test("the record shows each cause below the error, with its frames", () => {
  const stack = (file: string) => `Error: x\n    at work (/home/ada/ops/${file}.ts:1:2)`;
  const line = {
    type: "snapshot" as const,
    cursor: "1",
    operations: [
      failed({
        error: {
          code: "LIVEOPS_EXCEPTION",
          message: "top",
          stack: stack("top"),
          causes: [
            { depth: 0, message: "AggregateError: many", stack: stack("many") },
            { depth: 1, message: "TypeError: first\nsecond line", stack: null },
          ],
        },
      }),
    ],
    counts: NO_COUNTS,
  };
  const empty = initialState({ size: { columns: 80, rows: 24 }, now: NOW, socket: "", id: null });
  const page = { kind: "record" as const, id: "failedcccccc", top: 0, attempts: null };
  const rows = recordPage(update(empty, { type: "watched", line }), page, 80, 60, unpainted);
  const from = rows.indexOf("   top");
  expect(rows.slice(from, from + 7)).toEqual([
    "   top",
    "   LIVEOPS_EXCEPTION",
    "   at ops/top.ts:1:2  work",
    "   caused by: AggregateError: many",
    "   at ops/many.ts:1:2  work",
    "     caused by: TypeError: first",
    "     second line",
  ]);
});
