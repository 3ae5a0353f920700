/** The words of a command line as one types them in a shell. */
export function shellQuote(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

const PLAIN = /^[\w@%+=:,./-]+$/;
