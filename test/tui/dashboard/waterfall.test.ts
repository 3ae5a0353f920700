/** The waterfall: each bar where and as long as it was, and what is to come with its usual time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { addBar } from "../../../tui/dashboard/core/bars.js";
import { chainOf, operationOf } from "../../../tui/dashboard/core/chain.js";
import { lanesOfView, placeIn } from "../../../tui/dashboard/core/lanes.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { waterfall } from "../../../tui/dashboard/pages/operation/waterfall.js";
import { Line } from "../../../tui/dashboard/text/line.js";
import { type Paint, unpainted } from "../../../tui/dashboard/text/theme.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { after, answerTo, opened, press, screenText } from "./core.js";
import { ago, backup, operation, verify } from "./operations.js";

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
  startedAt: ago(15),
  finishedAt: ago(10),
  stageTimes: { Read: times(15, 10) },
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
  startedAt: ago(10),
  stageTimes: { Read: times(10, 8), Dedupe: times(8, null) },
});
const HISTORIES = [
  history("extract", 5, { Read: 5 }, ["transform"]),
  history("transform", 16, { Read: 2, Dedupe: 12, Write: 2 }, ["load"]),
  history("load", 4, { Copy: 4 }),
];
const SIZE = { columns: 180, rows: 50 };
const running = (...more: Parameters<typeof after>[1][]) =>
  after(opened([EXTRACT, TRANSFORM], { size: SIZE }), ...more);

/** The rows of the picture in the operation view, by the name at their begin. */
function rowsOf(state: State): Map<string, string> {
  const rows = screenText(state)
    .split("\n")
    .map((row) => row.replace(/^│.*?│ {2}│ /, "").replace(/ *│$/, ""));
  const picture = rows.filter((row) => /^ *[✓●○✗‖»▲⊘] \S+/.test(row));
  return new Map(picture.map((row) => [/^ *\S (\S+)/.exec(row)![1]!, row]));
}

const begins = (row: string) => row.search(/[╺━╸╌]/u);
const ends = (row: string) =>
  row.length -
  1 -
  [...row]
    .reverse()
    .join("")
    .search(/[╺━╸╌●]/u);

describe("the operation view", () => {
  test("a bar begins where the one before ended, and is as long as it took", () => {
    const rows = rowsOf(running(...HISTORIES));
    const [extract, read, dedupe] = ["Extract", "Read", "Dedupe"].map((name) => rows.get(name)!) as [
      string,
      string,
      string,
    ];
    expect(begins(read) - ends(extract)).toBeLessThanOrEqual(1);
    expect(begins(dedupe) - ends(read)).toBeLessThanOrEqual(1);
    const length = (row: string) => ends(row) - begins(row);
    expect(length(extract) / length(read)).toBeGreaterThan(2);
    expect(length(extract) / length(read)).toBeLessThan(3.5);
  });

  test("what is to come stands behind, for its usual time: stages, and the next operation of the chain", () => {
    const rows = rowsOf(running(...HISTORIES));
    expect(rows.get("Dedupe")).toMatch(/●╌+/);
    expect(rows.get("Write")).toMatch(/○ Write +~2s +╌+$/);
    expect(rows.get("load")).toMatch(/○ load +~4s +╌+$/);
    expect(begins(rows.get("load")!)).toBeGreaterThan(begins(rows.get("Write")!));
  });

  test("without earlier runs nothing is drawn of what is to come, and the axis changes seldom", () => {
    const state = running();
    expect(rowsOf(state).get("Write")).toMatch(/○ Write$/);
    const axisOf = (at: State) => /╵0s.*/.exec(screenText(at))?.[0];
    const later = after(state, { type: "ticked", now: state.now + 4000 });
    expect(axisOf(later)).toBe(axisOf(state));
  });

  test("the stages of an operation stand below it", () => {
    const text = screenText(running(...HISTORIES));
    expect(text.indexOf("● Transform ")).toBeLessThan(text.indexOf("  ● Dedupe"));
  });

  test("a stage that is over is grey", () => {
    const state = running(...HISTORIES);
    const styles = new Set<string>();
    const paint: Paint = (text, ...given) => {
      if (text.includes("━")) styles.add(given.join());
      return text;
    };
    draw(state, EXTRACT.id, 80, 9, paint);
    expect([...styles].sort()).toEqual(["accent", "muted"]);
  });

  test("a pause is in the picture, and no stage of it looks active", () => {
    const pause = { since: ago(2), seconds: 0, changes: 1 };
    const state = after(
      opened([EXTRACT, { ...TRANSFORM, pause } as Operation], { size: SIZE }),
      ...HISTORIES,
    );
    expect(rowsOf(state).get("Dedupe")).toMatch(/‖ Dedupe +6s .*━+‖+/);
  });

  test("a pause of this attempt shortens no earlier one", () => {
    const pause = { since: null, seconds: 3, changes: 2 };
    const again = {
      ...EXTRACT,
      attempt: 2,
      pause,
      seconds: 7,
      startedAt: ago(20),
      finishedAt: ago(10),
    } as Operation;
    const start = Date.parse(ago(60));
    const spans = [
      { from: 0, to: 30_000, look: "failed" },
      { from: 40_000, to: 50_000, look: "done" },
    ] as const;
    const view = {
      lanes: [{ id: again.id, stage: "Read", spans }],
      start,
      at: 60_000,
      records: new Map([[again.id, again]]),
      titles: new Map(),
      current: again.id,
    };
    expect(String(waterfall(view, 80, 5, unpainted)[0])).toMatch(/Read +37s/);
  });

  test("the bar has a mark where the median run was", () => {
    const bar = screenText(running(...HISTORIES))
      .split("\n")
      .find((row) => row.includes("left"))!;
    expect(bar).toMatch(/━+[│━╸─]*│/);
    const line = addBar(new Line(80, unpainted), 20, 25, "accent", 50).toString();
    expect(line).toBe("━━━━━─────│─────────");
    expect(addBar(new Line(80, unpainted), 20, 75, "accent", 50).toString()).toBe("━━━━━━━━━━│━━━━─────");
    expect(addBar(new Line(80, unpainted), 4, 10, "accent", 100).toString()).toBe("╸──│");
  });
});

function draw(state: State, id: string, width: number, height: number, paint: Paint = unpainted): string[] {
  const one = operationOf(state, id)!;
  const links = chainOf(state, one);
  const lanes = lanesOfView(state, links, one, true);
  const view = {
    ...lanes,
    records: new Map(links.map((link) => [link.id, link])),
    titles: new Map(links.map((link) => [link.id, link.title])),
    current: id,
    at: placeIn(lanes, state.now),
  };
  return waterfall(view, width, height, paint).map(String);
}

test("no row is wider than its room, and none is more than its height, whatever the operation did", () => {
  const state = fc.constantFrom("done", "active", "failed", "skipped", "cancelled", "allowed-failure");
  const stage = fc.record({
    is: fc.option(state),
    from: fc.integer({ min: 0, max: 400 }),
    took: fc.option(fc.integer({ min: 0, max: 400 })),
  });
  fc.assert(
    fc.property(
      fc.array(stage, { maxLength: 12 }),
      fc.integer({ min: 20, max: 150 }),
      fc.integer({ min: 0, max: 14 }),
      fc.boolean(),
      (stages, width, height, isOver) => {
        const names = stages.map((_, i) => `Stage ${"x".repeat(i * 3)}${i}`);
        const of = <T>(value: (one: (typeof stages)[number]) => T) =>
          Object.fromEntries(stages.flatMap((one, i) => (one.is === null ? [] : [[names[i]!, value(one)]])));
        const one = operation({
          id: "anyaaaaaaaaa",
          op: "any",
          stages: names,
          currentStage: names.length - 1,
          state: isOver ? "failed" : "running",
          startedAt: ago(400),
          finishedAt: isOver ? ago(0) : null,
          stageStates: of(({ is }) => is) as Operation["stageStates"],
          stageTimes: of(({ from, took }) => times(from, took === null ? null : Math.max(0, from - took))),
        });
        const rows = draw(opened([one], { size: SIZE }), one.id, width, height);
        expect(rows.length).toBeLessThanOrEqual(height);
        for (const row of rows) expect(columnsOf(row)).toBeLessThanOrEqual(width);
      },
    ),
    { numRuns: 300 },
  );
});

test("the timeline is the same picture: the rows of the operation view, with their signs and times", () => {
  const state = running(...HISTORIES);
  const heads = (at: State, is: RegExp) =>
    screenText(at)
      .split("\n")
      .map((row) => is.exec(row)?.[1])
      .filter((head) => head !== undefined);
  const ofView = heads(state, /│ {2}│ ( *[✓●○] \S+ +~?[\d.ms]+) /);
  const ofPage = heads(press(state, "t"), /^│ ( *[✓●○] \S+ +~?[\d.ms]+) /);
  const squeezed = (list: readonly string[]) => list.map((head) => head.replace(/(?<=\S) +/g, " "));
  expect(ofView.length).toBeGreaterThanOrEqual(6);
  expect(squeezed(ofPage)).toEqual(expect.arrayContaining(squeezed(ofView)));
});

test("counts stand beside the rate, in one place", () => {
  const text = screenText(opened([backup()], { size: SIZE }));
  expect(text).toMatch(/rate +\S+ +17 MiB\/s +1\.2 GiB\/2\.5 GiB/);
  expect(screenText(opened([verify()], { size: SIZE }))).toContain("Files 221/1,843");
});
