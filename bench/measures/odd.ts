/**
 * How many false alarms the search for odd successes raises, and how many real ones it finds, over recorded and made-up
 * series. A statistic: nothing is timed, so a busy machine changes nothing.
 */

import type { Goal, Measure, MeasuredRow } from "../harness/row.js";
import { randomOf } from "../honest-time/made-up.js";
import { falseAlarms, foundIn, REAL, type Real } from "../odd/play.js";
import { RECORDED } from "../odd/recorded.js";
import { type Point, SERIES, type Series } from "../odd/series.js";

/** Runs of a made-up series. */
const RUNS = 400;

interface Played extends Omit<Series, "make"> {
  readonly plays: ReadonlyArray<readonly Point[]>;
}

const measure: Measure = async ({ quick }) => {
  const seeds = Array.from({ length: quick ? 3 : 20 }, (_, n) => n + 1);
  const made = SERIES.map(({ make, ...series }) => ({
    ...series,
    plays: seeds.map((seed) => make(randomOf(seed * 7919), RUNS)),
  }));
  const all: readonly Played[] = [...RECORDED, ...made];
  const usual = all.filter(({ isPattern }) => isPattern);
  return [
    alarmRow("false alarms: noise, patterns, growth", usual, 1000 / 200),
    ...REAL.map((real) =>
      foundRow(
        `found: ${real.name}`,
        real,
        all.filter(({ isSteady }) => isSteady),
        true,
      ),
    ),
    ...all.map((series) => alarmRow(series.name, [series], series.isPattern ? 1000 / 200 : null)),
  ];
};

export default measure;

const row = (name: string, unit: string, ours: number, goal: Goal | null, notes: string): MeasuredRow => ({
  ...{ name, unit, ours, goal, notes, reference: null, ratio: null, spread: null },
});

/** @param atMost - alarms in 1,000 runs; null: for information */
function alarmRow(name: string, played: readonly Played[], atMost: number | null): MeasuredRow {
  const alarms = played.flatMap(({ plays, isTime }) =>
    plays.flatMap((points) => falseAlarms(points, isTime)),
  );
  const runs = played
    .flatMap(({ plays }) => plays.map((points) => points.length))
    .reduce((sum, n) => sum + n, 0);
  const finds = REAL.flatMap((real) => {
    const [found, tried] = foundOf(real, played);
    return played.length > 1 || tried === 0 ? [] : [`${real.name}: ${share(found, tried)}`];
  });
  const often = alarms.length === 0 ? "none" : `one in ${Math.round(runs / alarms.length)}`;
  const goal = atMost === null ? null : ({ of: "ours", atMost } as const);
  return row(
    name,
    "of 1,000",
    (1000 * alarms.length) / runs,
    goal,
    [`${often} of ${runs} runs`, ...finds].join("; "),
  );
}

function foundRow(name: string, real: Real, played: readonly Played[], isAll: boolean): MeasuredRow {
  const [found, tried] = foundOf(real, played);
  const goal = isAll ? ({ of: "ours", atLeast: 100 } as const) : null;
  return row(name, "%", (100 * found) / tried, goal, `${found} of ${tried} runs, each after the fifth`);
}

function foundOf(real: Real, played: readonly Played[]): [found: number, tried: number] {
  const tried = played
    .filter(({ isTime }) => isTime === real.isTime)
    // The later plays differ in the noise only.
    .flatMap(({ plays, isTime }) => plays.slice(0, 5).flatMap((points) => foundIn(points, isTime, real)));
  return [tried.filter(Boolean).length, tried.length];
}

const share = (found: number, tried: number) => `${Math.floor((100 * found) / tried)} %`;
