/** Text in which what is searched for stands out. */
import { fit } from "./cells.js";
import type { Line } from "./line.js";
import type { Style } from "./paint.js";

/** @param text tame; upper and lower case count the same, as the daemon's own search has it */
export function addMarked(line: Line, text: string, sought: string, style: Style): Line {
  if (sought === "") return line.add(text, style);
  const shown = fit(text, line.left);
  const lower = shown.toLowerCase();
  const needle = sought.toLowerCase();
  // Where lower case has another length, places in it are not places in the text.
  if (lower.length !== shown.length) return line.add(shown, style);
  let from = 0;
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, from)) {
    line.add(shown.slice(from, at), style).add(shown.slice(at, at + needle.length), "inverse");
    from = at + needle.length;
  }
  return line.add(shown.slice(from), style);
}
