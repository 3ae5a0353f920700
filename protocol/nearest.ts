/** The near names for a mistyped one, by edit distance, nearest first. */
import { distance } from "fastest-levenshtein";

/**
 * At most `limit` of the candidates that are close enough to be what was meant: a third of the letters may
 * differ, or the typed word starts the candidate.
 */
export function nearest(typed: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = typed.toLowerCase();
  const scored: Array<{ name: string; score: number }> = [];
  for (const name of candidates) {
    const score = edits(wanted, name.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3));
    if (score <= allowed) scored.push({ name, score });
    else if (wanted.length >= 2 && name.toLowerCase().includes(wanted))
      scored.push({ name, score: allowed + 1 });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

/** The edit distance, but two swapped neighbours, the commonest slip, are one edit. */
function edits(a: string, b: string): number {
  const score = distance(a, b);
  if (score !== 2 || a.length !== b.length) return score;
  const at = a.split("").findIndex((letter, index) => letter !== b[index]);
  return a[at] === b[at + 1] && a[at + 1] === b[at] ? 1 : 2;
}
