/**
 * What follows `--` on the command line: words for the operation's own command (`liveops submit shell -- make -j4`).
 *
 * Taken off before commander reads the line, which drops the `--` and mixes both kinds of words.
 */
let taken: string[] | undefined;

/** The words before the first `--`; the ones after it are kept for `trailingSet`. */
export function takeTrailing(words: string[]): string[] {
  const cut = words.indexOf("--");
  if (cut === -1) return words;
  taken = words.slice(cut + 1);
  return words.slice(0, cut);
}

/** The word that says `args` exactly; none where there was no `--`. It comes last, so that it wins. */
export function trailingSet(): string[] {
  return taken === undefined ? [] : [`args:=${JSON.stringify(taken)}`];
}
