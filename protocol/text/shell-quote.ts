/** Quotes words for a shell, for command lines that messages show and people copy. */

const PLAIN = /^[\w@%+=:,./-]+$/;

/** The editor of a command line reads a control character as a key, also within quotes. */
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

export function shellQuote(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!CONTROL.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  // Bash, zsh and ksh take it; a POSIX shell does since 2024.
  return `$'${word.replace(/['\\\x00-\x1f\x7f-\x9f]/g, escaped)}'`;
}

function escaped(sign: string): string {
  if (sign === "'" || sign === "\\") return `\\${sign}`;
  if (sign === "\n") return "\\n";
  if (sign === "\t") return "\\t";
  const code = sign.charCodeAt(0).toString(16);
  return sign > "\x7f" ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}

/** The words of a command line as one types them. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
