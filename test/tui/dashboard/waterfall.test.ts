/**
 * The waterfall: one axis, each bar where and as long as it was, and what is to come with its usual
 * time.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation, Step } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { STEP_STATES } from "../../../protocol/stage-state.js";
import { chainOf, operationOf } from "../../../tui/dashboard/core/chain.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { pictureOf } from "../../../tui/dashboard/core/time/lanes.js";
import { timeTexts } from "../../../tui/dashboard/pages/operation/times.js";
import { pictureRows } from "../../../tui/dashboard/pages/operation/waterfall.js";
import { type Paint, unpainted } from "../../../tui/dashboard/text/theme.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { cases } from "../../faults/mode.js";
import { after, answerTo, opened, screenText } from "./core.js";
import { ago, asked, backup, doneStep, operation, step, verify } from "./operations.js";

const spread = (p50: number) => ({ runs: 7, p50, p90: p50 * 1.4 });

function history(op: string, seconds: number, stages: Record<string, number>, next: string[] = []) {
  const reply = {
    op,
    runs: 7,
    finished: 9,
    seconds: { p50: seconds, p90: seconds * 1.4 },
    recent: [],
    stages: Object.fromEntries(Object.entries(stages).map(([name, p50]) => [name, spread(p50)])),
    next: next.map((name) => ({ op: name, title: name, runs: 3 })),
  } satisfies HistoryReply;
  return answerTo("history", reply, { name: op, succeeded: 0 });
}

const times = (from: number, to: number | null) => ({
  startedAt: ago(from),
  finishedAt: to === null ? null : ago(to),
  resumed: false,
  seconds: to === null ? null : from - to,
});

const CHAIN = { id: "extractaaaaa", index: 0, previous: null, next: "transformbbb" };
const EXTRACT = operation({
  id: "extractaaaaa",
  op: "extract",
  title: "Extract",
  label: "nightly",
  stages: ["Read"],
  chain: CHAIN,
  state: "succeeded",
  currentStage: 0,
  percent: 100,
  seconds: 5,
  stageStates: { Read: "done" },
  createdAt: ago(20),
  startedAt: ago(15),
  finishedAt: ago(10),
  stageTimes: { Read: times(13, 10) },
});
const TRANSFORM = operation({
  id: "transformbbb",
  op: "transform",
  title: "Transform",
  stages: ["Read", "Dedupe", "Write"],
  chain: { ...CHAIN, index: 1, previous: "extractaaaaa", next: null },
  state: "running",
  currentStage: 1,
  stageStates: { Read: "done", Dedupe: "active" },
  percent: 50,
  createdAt: ago(10),
  startedAt: ago(10),
  stageTimes: { Read: times(10, 8), Dedupe: times(8, null) },
});
const HISTORIES = [
  history("extract", 5, { Read: 5 }, ["transform"]),
  history("transform", 16, { Read: 2, Dedupe: 12, Write: 2 }, ["load"]),
  history("load", 4, { Copy: 4 }),
];
const ALONE = { id: "transformbbb", index: 0, previous: null, next: null };
const SIZE = { columns: 180, rows: 50 };
const running = (...more: Parameters<typeof after>[1][]) =>
  after(opened([EXTRACT, TRANSFORM], { size: SIZE }), ...more);

function drawn(
  state: State,
  id: string,
  width = 94,
  height = 40,
  paint: Paint = unpainted,
): string[] {
  const one = operationOf(state, id)!;
  const links = chainOf(state, one);
  const head = timeTexts({ state, operation: one, links, width });
  return pictureRows(pictureOf(state, one, links), head, width, height).map((row) =>
    row.toString(paint),
  );
}
const rowOf = (rows: readonly string[], name: string) =>
  rows.find((row) => new RegExp(`^ *\\S ${name}( |$)`).test(row)) ?? "";
const chainRow = (name: string, ...more: Parameters<typeof running>) =>
  rowOf(drawn(running(...more), TRANSFORM.id), name);

const begins = (row: string) => row.search(/[╺━╸╌┄]/u);
const ends = (row: string) =>
  row.length -
  1 -
  [...row]
    .reverse()
    .join("")
    .search(/[╺━╸╌●┄]/u);

describe("one axis", () => {
  test("begins where the chain began, and each bar stands where it ran", () => {
    const rows = drawn(running(...HISTORIES), TRANSFORM.id);
    const [whole, extract, transform, dedupe] = ["nightly", "Extract", "Transform", "Dedupe"].map(
      (name) => rowOf(rows, name),
    ) as [string, string, string, string];
    expect(begins(whole)).toBe(rows[0]!.indexOf("╵0s"));
    expect(begins(extract)).toBe(begins(whole));
    expect(Math.abs(begins(transform) - ends(extract))).toBeLessThanOrEqual(1);
    expect(dedupe.indexOf("●", 8)).toBe(whole.indexOf("●", 8));
  });

  test("begins where an operation began, not where its first stage did", () => {
    const late = { ...EXTRACT, chain: { ...CHAIN, next: null } };
    const rows = drawn(opened([late]), EXTRACT.id);
    expect(begins(rowOf(rows, "nightly"))).toBe(rows[0]!.indexOf("╵0s"));
    expect(begins(rowOf(rows, "Read"))).toBeGreaterThan(begins(rowOf(rows, "nightly")) + 5);
  });

  test("changes seldom where the end is not known, and nothing is drawn of what is to come", () => {
    const state = running();
    const axisOf = (at: State) => drawn(at, TRANSFORM.id)[0];
    const later = after(state, { type: "ticked", now: state.now + 1000 });
    expect(chainRow("Write")).toMatch(/○ Write +$/);
    expect(axisOf(after(later, { type: "ticked", now: later.now + 1000 }))).toBe(axisOf(later));
  });
});

test("the axis stands still while the estimate moves, until it is passed", () => {
  const stands = { type: "ticked", now: running().now + 1000 } as const;
  const axisOf = (state: State) => drawn(state, TRANSFORM.id, 120)[0]!.replace(/┆.*/, "").trimEnd();
  const before = after(running(...HISTORIES), stands);
  const shorter = history("load", 2, { Copy: 2 });
  expect(axisOf(after(before, shorter))).toBe(axisOf(before));
  expect(axisOf(after(before, history("load", 90, { Copy: 90 })))).not.toBe(axisOf(before));
});

test("a link of one stage is one row", () => {
  const rows = drawn(running(...HISTORIES), EXTRACT.id);
  expect(rowOf(rows, "Extract")).not.toBe("");
  expect(rowOf(rows, "Read")).toBe("");
});

describe("the rows of a chain", () => {
  test("begin with the chain: what it took, percent, time left and finish behind its bar", () => {
    expect(rowOf(drawn(running(...HISTORIES), TRANSFORM.id, 120), "nightly")).toMatch(
      /^● nightly +15s {2}[━●╌]+ +~55% {2}12s left · done ≈ \d\d:\d\d:\d\d ±\ds$/,
    );
  });

  test("have what is to come behind, for its usual time, and the usual end on the axis", () => {
    const rows = drawn(running(...HISTORIES), TRANSFORM.id);
    expect(rowOf(rows, "Dedupe")).toMatch(/●╌+/);
    expect(rowOf(rows, "Write")).toMatch(/○ Write +~2s +╌+ *$/);
    expect(rowOf(rows, "load")).toMatch(/○ load +~4s +╌+ *$/);
    expect(begins(rowOf(rows, "load"))).toBeGreaterThan(begins(rowOf(rows, "Write")));
    expect(rows[0]).toContain("┆usual 25s");
  });
});

describe("where nothing works", () => {
  const waits = (over: Partial<Operation>) => {
    const styles = new Set<string>();
    const paint: Paint = (text, ...given) => {
      if (/┄|‖‖/.test(text)) styles.add(given.join());
      return text;
    };
    const rows = drawn(
      opened([{ ...TRANSFORM, chain: ALONE, ...over }]),
      TRANSFORM.id,
      94,
      40,
      paint,
    );
    return { row: rowOf(rows, "Dedupe"), whole: rowOf(rows, "Transform"), styles: [...styles] };
  };
  test.each<[string, Partial<Operation>]>([
    ["an answer", { state: "queued", startedAt: null, approvals: [asked("Dedupe", ago(4))] }],
    ["input", { waitingForInput: { prompt: "", echo: true, number: 1, since: ago(4) } }],
    ["room on the disk", { noRoomSince: ago(4) }],
  ])("what waits for %s is yellow and no work", (_, over) => {
    const { row, whole, styles } = waits(over);
    expect(row).toMatch(/━[╸┄]┄+ *(50%)?$/);
    expect(whole).toMatch(/━[╸┄]┄+/);
    expect(row.slice(8)).not.toContain("●");
    expect(styles).toEqual(["warn"]);
  });

  test("a pause is in the picture, and no stage of it looks active", () => {
    const { row, styles } = waits({ pause: { since: ago(2), seconds: 0, changes: 1 } });
    expect(row).toMatch(/‖ Dedupe +6s .*━[━╸]‖+/);
    expect(styles).toEqual(["warn"]);
  });

  test("a link waits in the queue before it starts, and before a retry an operation does", () => {
    const late = { ...TRANSFORM, startedAt: ago(6), stageTimes: { Dedupe: times(6, null) } };
    const rows = drawn(opened([EXTRACT, late]), TRANSFORM.id);
    expect(rowOf(rows, "Transform")).toMatch(/ ┄+━+●/);
    const again = {
      ...TRANSFORM,
      state: "queued",
      attempt: 1,
      startedAt: null,
      stageStates: {},
    } as const;
    const retry = { ...again, chain: ALONE, stageTimes: {}, updatedAt: ago(9), retryAt: ago(-20) };
    expect(rowOf(drawn(opened([retry]), TRANSFORM.id), "Transform")).toMatch(
      /┄+ {2,}next attempt in 20s/,
    );
  });
});

test("what is over is grey, and its sign has the colour", () => {
  const styles = new Set<string>();
  const paint: Paint = (text, ...given) => {
    if (text.includes("━")) styles.add(given.join());
    return text;
  };
  drawn(running(...HISTORIES), EXTRACT.id, 80, 9, paint);
  expect([...styles].sort()).toEqual(["accent", "muted"]);
});

test("what did not run has a text and no bar", () => {
  const one = backup({
    stageStates: { Scan: "up-to-date", Archive: "active" },
    stageTimes: {
      Scan: { ...times(75, 75), reason: "up to date: 1 file" },
      Archive: times(75, null),
    },
  });
  const row = rowOf(drawn(opened([one]), one.id), "Scan");
  expect(row).toMatch(/^ {2}≡ Scan +up to date: 1 file$/);
});

describe("many steps", () => {
  const many = (n: number, over: (i: number) => Partial<Step> = () => ({})) =>
    Array.from({ length: n }, (_, i) => ({ ...doneStep(`s${i + 1}`, 1), ...over(i) }));
  const rowsOf = (steps: readonly Step[], counts: object, width = 94) => {
    const one = backup({
      steps: { Archive: [...steps] },
      stepCounts: { Archive: { total: steps.length, ...counts } },
    });
    return drawn(opened([one]), one.id, width);
  };

  test("share a cell where it is narrow, and the worst of them shows", () => {
    const steps = many(200, (i) => (i === 150 ? { state: "failed" } : {}));
    const strip = rowsOf(steps, { total: 200, done: 199, failed: 1 }, 60).find((row) =>
      row.includes("■"),
    )!;
    expect(strip).toMatch(/■✗■/);
    expect(columnsOf(strip)).toBeLessThanOrEqual(60);
  });

  test("that the record does not list any more are done", () => {
    const rows = rowsOf(many(20), { total: 60, done: 50 });
    expect(rows.find((row) => row.includes("■"))).toContain(`${"■".repeat(25)}·····`);
  });

  test("of a stage that is done are a count", () => {
    const one = backup({
      stageStates: { Scan: "done", Archive: "active" },
      steps: { Scan: many(20) },
      stepCounts: { Scan: { total: 20, done: 20 } },
    });
    expect(rowOf(drawn(opened([one]), one.id), "Scan")).toContain("20 steps");
  });
});

test("no row is too wide and none too many, whatever the operation did and its steps say", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("\x1b[31mred\x1b[0m", "\u202eevil", "漢字".repeat(40)),
  );
  const stage = fc.record({
    is: fc.option(
      fc.constantFrom("done", "active", "failed", "skipped", "cancelled", "allowed-failure"),
    ),
    from: fc.integer({ min: 0, max: 400 }),
    took: fc.option(fc.integer({ min: 0, max: 400 })),
  });
  const one = fc.record({
    name: fc.string({ minLength: 1, maxLength: 60 }),
    state: fc.constantFrom(...STEP_STATES),
    percent: fc.nat(100),
    reason: fc.option(text),
  });
  fc.assert(
    fc.property(
      fc.array(stage, { maxLength: 12 }),
      fc.array(one, { maxLength: 16 }),
      fc.integer({ min: 20, max: 150 }),
      fc.integer({ min: 0, max: 14 }),
      fc.boolean(),
      (stages, steps, width, height, isOver) => {
        const names = stages.map((_, i) => `Stage ${"x".repeat(i * 3)}${i}`);
        const of = <T>(value: (each: (typeof stages)[number]) => T) =>
          Object.fromEntries(
            stages.flatMap((each, i) => (each.is === null ? [] : [[names[i]!, value(each)]])),
          );
        const any = operation({
          id: "anyaaaaaaaaa",
          op: "any",
          stages: names,
          currentStage: names.length - 1,
          state: isOver ? "failed" : "running",
          startedAt: ago(400),
          finishedAt: isOver ? ago(0) : null,
          stageStates: of(({ is }) => is) as Operation["stageStates"],
          stageTimes: of(({ from, took }) =>
            times(from, took === null ? null : Math.max(0, from - took)),
          ),
          ...(names.length > 0 && {
            steps: { [names.at(-1)!]: steps.map((each) => step(each.name, each)) },
          }),
        });
        const rows = drawn(opened([any], { size: SIZE }), any.id, width, height);
        expect(rows.length).toBeLessThanOrEqual(height);
        for (const row of rows) {
          expect(columnsOf(row)).toBeLessThanOrEqual(width);
          expect(row).not.toMatch(/[\x00-\x1f\x7f\u202e]/);
        }
      },
    ),
    { numRuns: cases(300) },
  );
});

test("where there is no room for all, what runs stays and the others are counted", () => {
  const stages = Array.from({ length: 30 }, (_, i) => `Stage ${i}`);
  const stageStates = Object.fromEntries(
    stages.slice(0, 20).map((name) => [name, "done" as const]),
  );
  const one = backup({
    stages,
    currentStage: 20,
    stageStates: { ...stageStates, "Stage 20": "active" },
  });
  const rows = drawn(opened([one]), one.id, 60, 6);
  expect(rows).toHaveLength(6);
  expect(rowOf(rows, "Stage 20")).toContain("●");
  expect(rows.at(-1)).toMatch(/⋮ \d+ more/);
});

test("counts stand beside the rate, in one place", () => {
  const text = screenText(opened([backup()], { size: SIZE }));
  expect(text).toMatch(/17 MiB\/s +1\.2 GiB\/2\.5 GiB/);
  expect(screenText(opened([verify()], { size: SIZE }))).toContain("Files 221/1,843");
});
