/** The scenes of the measure `honest-time`, each once: the goals hold, and nothing untrue is told on the way. */
import { expect, test } from "vitest";
import { median } from "../../bench/harness/rows.js";
import { looksOf, silentSlides, wrongLeast, zeroes } from "../../bench/honest-time/error.js";
import { played, type Told } from "../../bench/honest-time/play.js";
import { recordedScenes } from "../../bench/honest-time/recorded.js";
import { linksOf, SCENES } from "../../bench/honest-time/scenes.js";

const plays = new Map<string, readonly Told[]>();
for (const scene of SCENES) plays.set(scene.name, played(await linksOf(scene, 1)));
for (const { name, plays: all } of recordedScenes())
  for (const [n, told] of all.entries()) plays.set(`${name}, run ${n + 1}`, told);

test("from a quarter of the run on, the told finish is off by 15 % of what is left or less, in the median", () => {
  const errors = [...plays.values()]
    .flatMap(looksOf)
    .flatMap(({ share, error }) => (share < 0.25 || error === null ? [] : [error]));
  expect(median(errors)).toBeLessThan(0.15);
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
  for (const { share, error } of looksOf(plays.get(name)!))
    if (share >= 0.25) expect(error).toBeLessThan(0.15);
});

test("a chain with an unknown link, and a run with a new stage, tell no finish until that is behind", () => {
  for (const name of ["chain, a link unknown", "a new silent stage"]) {
    const told = plays.get(name)!;
    expect(
      looksOf(told)
        .map(({ error }) => error)
        .slice(0, 3),
    ).toEqual([null, null, null]);
    expect(told.some(({ seconds, isLeast }) => isLeast && seconds !== null)).toBe(true);
  }
});
