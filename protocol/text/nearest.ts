/** Suggests names for a mistyped name, by edit distance, nearest first. */
import { distance } from "fastest-levenshtein";

/**
 * Finds at most `limit` candidates that are close to the typed word. A candidate is close if at
 * most a third of the letters differ, or if the typed word begins a part of the candidate. In a
 * short word, the first letter must match.
 */
export function nearest(typed: string, candidates: Iterable<string>, limit = 3): string[] {
  const word = typed.toLowerCase();
  const scored: Array<{ name: string; score: number }> = [];
  for (const name of candidates) {
    const known = name.toLowerCase();
    const most = allowed(word, known);
    // The difference in length is a lower bound that is cheap even for a name of a million letters.
    const score = Math.abs(word.length - known.length) > most ? Infinity : edits(word, known);
    if (score <= most) scored.push({ name, score });
    else if (begins(word, known)) scored.push({ name, score: known.length });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

/** Words with fewer letters are often similar by chance. */
const SHORT = 5;

function allowed(word: string, known: string): number {
  const letters = Math.min(word.length, known.length);
  if (letters < SHORT && word[0] !== known[0]) return isSwap(word, known) ? 1 : 0;
  return Math.floor(letters / 3);
}

/**
 * `sh` begins `shell`, `back` begins a part of `verify-backup`. A match inside a part needs 4
 * letters.
 */
function begins(word: string, known: string): boolean {
  if (word.length < 2) return false;
  if (known.startsWith(word)) return true;
  if (word.length < 3) return false;
  return (
    known.split(/[-_. ]/).some((part) => part.startsWith(word)) ||
    (word.length >= 4 && known.includes(word))
  );
}

/** The edit distance. Two swapped neighbours, the most common typing error, are one edit. */
function edits(a: string, b: string): number {
  return isSwap(a, b) ? 1 : distance(a, b);
}

/**
 * Whether one name is most likely a typing error for the other: names that differ on purpose are
 * not.
 */
export function isTypo(a: string, b: string): boolean {
  return isSwap(a, b) || (Math.max(a.length, b.length) > SHORT && distance(a, b) === 1);
}

function isSwap(a: string, b: string): boolean {
  if (a.length !== b.length || distance(a, b) !== 2) return false;
  const at = a.split("").findIndex((letter, index) => letter !== b[index]);
  return a[at] === b[at + 1] && a[at + 1] === b[at];
}
