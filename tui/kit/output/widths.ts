/**
 * Text widths that need no package. The package string-width takes 20 ms to load, half of a bare Node start, so a
 * command loads it (`width.ts`) only for text that needs it.
 */

/**
 * Characters whose width is the same in all terminals: ASCII, Latin-1, and the lines, blocks and signs that the
 * screens use. Each takes one column, and none combines with another. Indexed by UTF-16 code unit.
 */
const CERTAIN = new Uint8Array(0x3000);
const RANGES = [
  [0x20, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x2139, 0x2139],
  [0x2190, 0x21ff],
  [0x2200, 0x22ff],
  [0x2300, 0x2319],
  [0x23ce, 0x23ce],
  [0x2500, 0x25fc],
  [0x25ff, 0x25ff],
  [0x2713, 0x2713],
  [0x2717, 0x2717],
  [0x2800, 0x28ff],
] as const;
for (const [from, to] of RANGES) CERTAIN.fill(1, from, to + 1);

/** The width of text that consists of such characters and SGR sequences; -1 for any other text. */
export function certainWidth(text: string): number {
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (CERTAIN[code] === 1) width++;
    else if (code === 0x1b) {
      i = sgrEnd(text, i);
      if (i === -1) return -1;
    } else return -1;
  }
  return width;
}

/** Index of the `m` that ends the SGR sequence at `at`, or -1. */
function sgrEnd(text: string, at: number): number {
  if (text.charCodeAt(at + 1) !== 0x5b) return -1;
  for (let i = at + 2; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x6d) return i;
    if (!(code >= 0x30 && code <= 0x39) && code !== 0x3b) return -1;
  }
  return -1;
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
    const short = text.length <= width ? text : width > 0 ? `${text.slice(0, width - 1)}…` : "";
    return align === "left" ? short.padEnd(width) : short.padStart(width);
  },
};

/** The cheapest width functions that are exact for all of these texts. */
export async function widthsFor(texts: readonly string[]): Promise<Widths> {
  const isPlain = texts.every((text) => certainWidth(text) === text.length);
  return isPlain ? PLAIN_WIDTHS : import("./width.js");
}
