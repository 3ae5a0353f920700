/** Which of several named things a typed text means: best first, by what it starts, contains, abbreviates or misspells. */
import { nearest } from "../../../protocol/text/nearest.js";

/** Those with a score, the lowest first; null: it does not fit. */
export function ranked<T>(things: readonly T[], scoreOf: (thing: T) => number | null): T[] {
  const scored = things.map((thing) => ({ thing, score: scoreOf(thing) }));
  const fitting = scored.filter(({ score }) => score !== null);
  return fitting.toSorted((a, b) => a.score! - b.score!).map(({ thing }) => thing);
}

/** Those that fit, in their own order where they fit equally well; all where nothing is typed. */
export function nearOnes<T>(
  typed: string,
  things: readonly T[],
  namesOf: (thing: T) => readonly string[],
): T[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...things];
  const fitting = ranked(things, (thing) => scoreOf(words, namesOf(thing)));
  return fitting.length > 0 ? fitting : misspelt(typed, things, namesOf);
}

/** Those whose name is close to what is typed. */
export function misspelt<T>(
  typed: string,
  things: readonly T[],
  namesOf: (thing: T) => readonly string[],
): T[] {
  const byName = new Map(things.flatMap((thing) => namesOf(thing).map((name) => [name, thing] as const)));
  const items = nearest(typed.trim().toLowerCase(), byName.keys(), 5).map((name) => byName.get(name)!);
  return [...new Set(items)];
}

/** Lower is nearer; null where one of the words fits nowhere. The first name counts for more than the others. */
function scoreOf(words: readonly string[], names: readonly string[]): number | null {
  let sum = 0;
  for (const word of words) {
    const scores = names.map((name, i) => {
      const score = wordScore(word, name.toLowerCase());
      return score === null ? Number.POSITIVE_INFINITY : score + i * 2;
    });
    const best = Math.min(...scores);
    if (best === Number.POSITIVE_INFINITY) return null;
    sum += best;
  }
  return sum;
}

function wordScore(word: string, name: string): number | null {
  if (name === word) return 0;
  if (name.startsWith(word)) return 1;
  const at = name.indexOf(word);
  if (at !== -1) return /[\s-]/.test(name[at - 1]!) ? 2 : 3;
  return abbreviates(word, name) ? 8 : null;
}

/** Its letters stand in the name in their order, the first one at the start of a word. */
function abbreviates(word: string, name: string): boolean {
  if (word.length < 2 || !name.split(/[\s-]+/).some((part) => part.startsWith(word[0]!))) return false;
  let at = -1;
  for (const letter of word) {
    at = name.indexOf(letter, at + 1);
    if (at === -1) return false;
  }
  return true;
}
