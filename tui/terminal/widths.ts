/**
 * The measures of a table. The package string-width takes 20 ms to load, half of a bare Node start. So a command loads
 * the package only for text that needs it.
 */
import { certainWidth } from "./certain.js";

export interface Widths {
  columnsOf(text: string): number;
  /** Cut or filled with spaces to exactly `width` columns. */
  fit(text: string, width: number, align?: "left" | "right"): string;
}

/** For text with one column a character. */
export const PLAIN_WIDTHS: Widths = {
  columnsOf: (text) => text.length,
  fit: (text, width, align = "left") => {
    const short = text.length <= width ? text : width > 0 ? `${text.slice(0, width - 1)}…` : "";
    return align === "left" ? short.padEnd(width) : short.padStart(width);
  },
};

/** The measures that all of these texts can be measured with. */
export async function widthsFor(texts: readonly string[]): Promise<Widths> {
  const isPlain = texts.every((text) => certainWidth(text) === text.length);
  return isPlain ? PLAIN_WIDTHS : import("./width.js");
}
