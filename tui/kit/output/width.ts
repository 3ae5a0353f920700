/** Measures, cuts and pads text in terminal columns. For sanitized text. */
import stringWidth from "string-width";

export function columnsOf(text: string): number {
  return stringWidth(text);
}

let segmenter: Intl.Segmenter | undefined;

/** At most `width` columns; a cut is marked with `…`, where that fits. */
export function cut(text: string, width: number): string {
  if (width <= 0) return "";
  if (stringWidth(text) <= width) return text;
  let head = "";
  let used = 0;
  segmenter ??= new Intl.Segmenter();
  for (const { segment } of segmenter.segment(text)) {
    const next = used + stringWidth(segment);
    if (next > width - 1) break;
    head += segment;
    used = next;
  }
  return `${head}…`;
}

/** Cut or filled with spaces to exactly `width` columns. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const fill = " ".repeat(Math.max(0, width - stringWidth(short)));
  return align === "left" ? short + fill : fill + short;
}
