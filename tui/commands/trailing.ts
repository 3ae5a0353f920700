/**
 * What follows `--` on the command line: words for the operation's own command (`liveops submit shell -- make -j4`).
 *
 * Taken off before commander reads the line, which drops the `--` and mixes both kinds of words.
 */
let taken: string[] | undefined;

/** The words before the first `--`; the ones after it are kept for `trailingWords`. */
export function takeTrailing(words: string[]): string[] {
  const cut = words.indexOf("--");
  if (cut === -1) return words;
  taken = words.slice(cut + 1);
  return words.slice(0, cut);
}

/** Undefined where there was no `--`. */
export function trailingWords(): string[] | undefined {
  return taken;
}

/** All words as the operation gets them: what followed `--` is `args`, said exactly, and last. */
export function withTrailing(set: string[], trailing: string[] | undefined): string[] {
  return trailing === undefined ? set : [...set, `args:=${JSON.stringify(trailing)}`];
}
