/** Which of several named things a typed text means: best first, and what it misspells. */
import { nearest } from "../../../../protocol/text/nearest.js";

/** Those with a score, the lowest first; null: it does not fit. */
export function ranked<T>(things: readonly T[], scoreOf: (thing: T) => number | null): T[] {
  const scored = things.map((thing) => ({ thing, score: scoreOf(thing) }));
  const fitting = scored.filter(({ score }) => score !== null);
  return fitting.toSorted((a, b) => a.score! - b.score!).map(({ thing }) => thing);
}

/** Those whose name is close to what is typed. */
export function misspelt<T>(
  typed: string,
  things: readonly T[],
  namesOf: (thing: T) => readonly string[],
): T[] {
  const byName = new Map(
    things.flatMap((thing) => namesOf(thing).map((name) => [name, thing] as const)),
  );
  const items = nearest(typed.trim().toLowerCase(), byName.keys(), 5).map(
    (name) => byName.get(name)!,
  );
  return [...new Set(items)];
}
