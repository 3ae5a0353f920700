/**
 * How far the told finish of an operation is from the real one, and whether anything untrue is told on the way. The
 * scenes of `honest-time/scenes.ts` are played on a made-up clock: nothing is timed, so a busy machine changes nothing.
 */

import { median, quartiles } from "../harness/rounds.js";
import type { Goal, Measure, MeasuredRow } from "../harness/row.js";
import { looksOf, SHARES, silentSlides, wrongLeast, zeroes } from "../honest-time/error.js";
import { played, type Told } from "../honest-time/play.js";
import { recordedScenes } from "../honest-time/recorded.js";
import { linksOf, SCENES } from "../honest-time/scenes.js";

/** The share of a run from which the error counts: before it, a pace is mostly chance. */
const COUNTS_FROM = 0.25;

interface Scene {
  readonly name: string;
  readonly plays: ReadonlyArray<readonly Told[]>;
}

const measure: Measure = async ({ quick }) => {
  const seeds = Array.from({ length: quick ? 2 : 9 }, (_, n) => n + 1);
  const scenes: Scene[] = [...recordedScenes()];
  for (const scene of SCENES) {
    const plays: Told[][] = [];
    for (const seed of seeds) plays.push(played(await linksOf(scene, seed)));
    scenes.push({ name: scene.name, plays });
  }
  const plays = scenes.flatMap((scene) => scene.plays);
  const sum = (count: (told: readonly Told[]) => number) => plays.reduce((all, told) => all + count(told), 0);
  const none = { of: "ours", atMost: 0 } as const;
  return [
    {
      ...row("error of the told finish, from a quarter of the run on", "%", median(errorsOf(plays))),
      ...{ spread: quartiles(errorsOf(plays)), goal: { of: "ours", atMost: 15 } },
      notes: `median of ${errorsOf(plays).length} looks at 25, 50 and 75 % of ${plays.length} runs`,
    },
    row("times at which nothing is left", "moments", sum(zeroes), none),
    row("slides by more than a third without a word", "moments", sum(silentSlides), none),
    row("at least this long, and it was shorter", "moments", sum(wrongLeast)),
    ...scenes.map(rowOf),
  ];
};

export default measure;

const row = (name: string, unit: string, ours: number, goal: Goal | null = null): MeasuredRow => ({
  ...{ name, unit, ours, goal, reference: null, ratio: null, spread: null, notes: "" },
});

/** In percent of the time that was left. */
function errorsOf(plays: ReadonlyArray<readonly Told[]>): number[] {
  const looks = plays.flatMap(looksOf).filter(({ share }) => share >= COUNTS_FROM);
  return looks.flatMap(({ error }) => (error === null ? [] : [error * 100]));
}

function rowOf({ name, plays }: Scene) {
  const looks = plays.flatMap(looksOf);
  const each = SHARES.map((share) => {
    const errors = looks.flatMap((look) => (look.share === share && look.error !== null ? [look.error] : []));
    return errors.length === 0 ? "–" : `${Math.round(100 * median(errors))} %`;
  });
  const told = plays.flat();
  const later = Math.round((100 * told.filter(({ isLater }) => isLater).length) / told.length);
  const notes = `at 10, 25, 50, 75 %: ${each.join(", ")}; later than expected in ${later} % of the time`;
  const errors = errorsOf(plays);
  if (errors.length > 0) return { ...row(name, "%", median(errors)), notes };
  return {
    ...row(name, "finishes", 0),
    notes: "no finish is told: a part is unknown, or the operation is late",
  };
}
