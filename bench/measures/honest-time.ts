/**
 * How far the told finish of an operation is from the real one, and whether anything untrue is told on the way. The
 * scenes of `honest-time/scenes.ts` are played on a made-up clock: nothing is timed, so a busy machine changes nothing.
 */
import { type MeasureOptions, type Row, row } from "../harness/rows.js";
import { looksOf, silentSlides, wrongLeast, zeroes } from "../honest-time/error.js";
import { played, type Told } from "../honest-time/play.js";
import { recordedScenes } from "../honest-time/recorded.js";
import { linksOf, SCENES } from "../honest-time/scenes.js";

/** The share of a run from which the error counts: before it, a pace is mostly chance. */
const COUNTS_FROM = 0.25;

export default async function honestTime({ quick }: MeasureOptions): Promise<Row[]> {
  const plays: Told[][] = recordedScenes().flatMap((scene) => scene.plays);
  for (const scene of SCENES)
    for (let seed = 1; seed <= (quick ? 2 : 9); seed++) plays.push(played(await linksOf(scene, seed)));
  const errors = plays
    .flatMap(looksOf)
    .flatMap(({ share, error }) => (share < COUNTS_FROM || error === null ? [] : [error * 100]));
  const sum = (count: (told: readonly Told[]) => number) => plays.reduce((all, told) => all + count(told), 0);
  const moments = (name: string, count: (told: readonly Told[]) => number, goal?: string) =>
    row({ name, unit: "moments", ours: [sum(count)], ...(goal && { goal }) });
  return [
    row({
      name: "error of the told finish, from a quarter of the run on",
      unit: "%",
      ours: errors,
      goal: "≤ 5 %",
      notes: `median of ${errors.length} looks at 25, 50 and 75 % of ${plays.length} runs`,
    }),
    moments("times at which nothing is left", zeroes, "≤ 0 moments"),
    moments("slides by more than a third without a word", silentSlides, "≤ 0 moments"),
    moments("at least this long, and it was shorter", wrongLeast),
  ];
}
