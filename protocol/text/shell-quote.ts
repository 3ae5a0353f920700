/** Quotes words for a POSIX shell, for command lines that messages show. */

const PLAIN = /^[\w@%+=:,./-]+$/;

export function shellQuote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The words of a command line as one types them. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
