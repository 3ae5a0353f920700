/**
 * Text widths that need no package. The package string-width takes 20 ms to load, half of a bare
 * Node start, so a command loads it (`width.ts`) only for text that needs it.
 */

/**
 * Characters of one column in all terminals: ASCII, Latin-1, and the lines, blocks and signs that
 * the screens use.
 */
const ONE_COLUMN =
  /^[\x20-\x7e\xa1-\xac\xae-\xff\u2010-\u2027\u2030-\u205e\u2139\u2190-\u2319\u23ce\u2500-\u25fc\u25ff\u2713\u2717\u2800-\u28ff]*$/;

export function isPlain(text: string): boolean {
  return ONE_COLUMN.test(text);
}

/** The width functions of a table. */
export interface Widths {
  columnsOf(text: string): number;
  /** Cut or filled with spaces to exactly `width` columns. */
  fit(text: string, width: number, align?: "left" | "right"): string;
}

/** For text with one column per character. */
export const PLAIN_WIDTHS: Widths = {
  columnsOf: (text) => text.length,
  fit: (text, width, align = "left") => {
    const cut = width > 0 ? `${text.slice(0, width - 1)}…` : "";
    const short = text.length <= width ? text : cut;
    return align === "left" ? short.padEnd(width) : short.padStart(width);
  },
};

/** The cheapest width functions that are exact for all of these texts. */
export async function widthsFor(texts: readonly string[]): Promise<Widths> {
  return texts.every(isPlain) ? PLAIN_WIDTHS : import("./width.js");
}
