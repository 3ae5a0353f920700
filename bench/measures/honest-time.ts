/**
 * How far the told finish of an operation is from the real one. The runs are played on a made-up
 * clock: nothing is timed, so a busy machine changes nothing.
 */
import { isQuick, row } from "../harness/measure.js";
import { median } from "../harness/rows.js";
import { errorsOf, hitsOf } from "../honest-time/error.js";
import { played, type Told } from "../honest-time/play.js";
import { recordedScenes } from "../honest-time/recorded.js";
import { KINDS, linksOf, SCENES, type Scene } from "../honest-time/scenes.js";

async function playsOf(scenes: readonly Scene[]): Promise<Told[][]> {
  const plays: Told[][] = [];
  for (const scene of scenes)
    for (let seed = 1; seed <= (isQuick ? 2 : 9); seed++)
      plays.push(played(await linksOf(scene, seed)));
  return plays;
}

const error = (name: string, plays: Told[][], goal: string) =>
  row(name, "%", goal, [100 * median(plays.flatMap(errorsOf))]);
error("made-up runs", await playsOf(SCENES), "≤ 5 %");
error("short runs before a dashboard", await playsOf(KINDS), "≤ 8 %");
const recorded = recordedScenes();
for (const { name, plays } of recorded) error(name, plays, "≤ 8 %");
const firstRuns = SCENES.filter(({ links }) => links.every(({ earlier }) => earlier.runs === 0));
const hits = [
  ...(await playsOf(firstRuns)),
  ...recorded.flatMap((each) => each.withoutHistory),
].flatMap(hitsOf);
row("in the told range, without history", "%", "≥ 90 %", [
  (100 * hits.filter(Boolean).length) / hits.length,
]);
