/** A line that is being typed, with its cursor, kept in view where the text is longer than the room. */
import type { LineEdit } from "../state/line-edit.js";
import { sanitizeLine, widthOf } from "../text/cells.js";
import type { Line } from "../text/line.js";

const segmenter = new Intl.Segmenter();

/** Adds the text in at most so many columns, the cursor's cell included. */
export function addTyped(line: Line, { text, at }: LineEdit, room = line.left): Line {
  const width = Math.min(room, line.left);
  if (width < 1) return line;
  let before = sanitizeLine(text.slice(0, at));
  const rest = [...segmenter.segment(text.slice(at))].map(({ segment }) => sanitizeLine(segment));
  const under = rest[0] || " ";
  if (widthOf(before) + widthOf(under) > width) before = `…${endOf(before, width - 1 - widthOf(under))}`;
  line.add(before).add(under, "inverse");
  const left = width - widthOf(before) - widthOf(under);
  return left > 0 ? line.add(startOf(rest.slice(1), left)) : line;
}

function endOf(text: string, width: number): string {
  let kept = "";
  let used = 0;
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    used += widthOf(segment);
    if (used > width) break;
    kept = segment + kept;
  }
  return kept;
}

function startOf(pieces: string[], width: number): string {
  let kept = "";
  let used = 0;
  for (const piece of pieces) {
    used += widthOf(piece);
    if (used > width) break;
    kept += piece;
  }
  return kept;
}
