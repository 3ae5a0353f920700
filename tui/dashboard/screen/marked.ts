/** Text in which what is searched for stands out. */
import { fit } from "./cells.js";
import type { Line } from "./line.js";
import type { Style } from "./paint.js";

/** @param text tame; upper and lower case count the same, as the daemon's own search has it */
export function addMarked(line: Line, text: string, sought: string, style: Style): Line {
  if (sought === "") return line.add(text, style);
  const shown = fit(text, line.left);
  let from = 0;
  for (const [at, end] of marksIn(shown, sought)) {
    line.add(shown.slice(from, at), style).add(shown.slice(at, end), "inverse");
    from = end;
  }
  return line.add(shown.slice(from), style);
}

/** Where what is searched for begins and ends in the text. */
export function marksIn(text: string, sought: string): Array<[number, number]> {
  const lower = text.toLowerCase();
  const needle = sought.toLowerCase();
  // Where lower case has another length, places in it are not places in the text.
  if (needle === "" || lower.length !== text.length) return [];
  const marks: Array<[number, number]> = [];
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, at + needle.length))
    marks.push([at, at + needle.length]);
  return marks;
}
