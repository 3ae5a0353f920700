/**
 * The scenes of the measure `honest-time`, each once: the goals hold, and nothing untrue is told on
 * the way.
 */
import { expect, test } from "vitest";
import { median } from "../../bench/harness/rows.js";
import { errorsOf, hitsOf, looksOf } from "../../bench/honest-time/error.js";
import { played, type Told } from "../../bench/honest-time/play.js";
import { recordedScenes } from "../../bench/honest-time/recorded.js";
import { KINDS, linksOf, SCENES } from "../../bench/honest-time/scenes.js";

const plays = new Map<string, readonly Told[]>();
for (const scene of [...SCENES, ...KINDS]) plays.set(scene.name, played(await linksOf(scene, 1)));
const withoutHistory = SCENES.filter(({ links }) =>
  links.every(({ earlier }) => earlier.runs === 0),
).map(({ name }) => plays.get(name)!);
for (const { name, plays: all, withoutHistory: alone } of recordedScenes()) {
  for (const [n, told] of all.entries()) plays.set(`${name}, run ${n + 2}`, told);
  withoutHistory.push(...alone);
}

test("from a quarter of the run on, the told finish is off by 15 % of what is left or less, in the median", () => {
  expect(median([...plays.values()].flatMap(errorsOf))).toBeLessThan(0.15);
});

test.each([...plays])("%s: never 0 s left, and no slide without a word", (_name, told) => {
  expect([zeroes(told), silentSlides(told)]).toEqual([0, 0]);
});

test.each(SCENES)("$name: at least this long is never longer than it took", ({ name }) => {
  expect(wrongLeast(plays.get(name)!)).toBe(0);
});

test.each([
  "200 items instead of 20",
  "percent alone, ten times longer",
  "gets slower, percent",
  "paused, silent",
])("%s: the finish is right from a quarter of the run on", (name) => {
  for (const error of looksOf(plays.get(name)!)) expect(error).toBeLessThan(0.15);
});

test("of the short runs, the told finish is off by 8 % of what is left or less, in the median", () => {
  const errors = KINDS.flatMap(({ name }) => errorsOf(plays.get(name)!));
  expect(median(errors)).toBeLessThan(0.08);
});

test("without earlier runs, the truth lies in the told range in nine of ten moments", () => {
  const hits = withoutHistory.flatMap(hitsOf);
  expect(hits.filter(Boolean).length / hits.length).toBeGreaterThan(0.9);
});

test("a run with a new stage tells a finish with its range, and the least once the new stage is most of the rest", () => {
  const told = plays.get("a new silent stage")!;
  const finishes = told.filter(({ seconds, isLeast }) => seconds !== null && !isLeast);
  const rangeOff = finishes.filter(
    ({ seconds, margin, rest }) => Math.abs(seconds! - rest) > margin,
  );
  expect([finishes.length > told.length / 2, rangeOff]).toEqual([true, []]);
  expect(told.some(({ seconds, isLeast }) => isLeast && seconds !== null)).toBe(true);
});

/** Moments at which a watcher was told that no time is left. */
const zeroes = (told: readonly Told[]): number =>
  told.filter(({ seconds }) => seconds !== null && seconds <= 0).length;

/**
 * Moments at which "this long or longer" was more than it took, by more than its range and a tenth
 * of the whole.
 */
function wrongLeast(told: readonly Told[]): number {
  const [{ rest: all }] = told as [Told];
  return told.filter(
    ({ seconds, isLeast, margin, rest }) =>
      isLeast && seconds !== null && seconds - margin > rest + all / 10,
  ).length;
}

/**
 * Seconds by which an end may slide without a word, and seconds after the start before which nobody
 * has read one.
 */
const UNNOTICED = 2;
const READ_FROM = 2;

/**
 * Moments at which the end had slid by more than a third of an earlier rest and its range, and
 * nobody said so.
 */
function silentSlides(told: readonly Told[]): number {
  let limit = Number.POSITIVE_INFINITY;
  let slides = 0;
  for (const { seconds, isLeast, isOther, ran, margin, isLater } of told) {
    if (seconds === null || isLeast || isOther || ran < READ_FROM) continue;
    if (ran + seconds > limit && !isLater) slides++;
    limit = Math.min(limit, ran + seconds + Math.max(seconds / 3, margin, UNNOTICED));
  }
  return slides;
}
