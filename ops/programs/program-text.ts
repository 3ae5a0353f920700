/** Texts of a program, for the recognisers and for the log. */

import type { ReportLevel } from "../../protocol/report-line.js";
import { withoutOtherSequences, withoutSequences } from "../../protocol/text/sgr.js";

const CONTROLS = /[\x00-\x1f\x7f-\x9f]/;

/** Without colours and control characters. */
export function plain(text: string): string {
  if (!CONTROLS.test(text)) return text;
  return withoutSequences(text)
    .replaceAll("\t", " ")
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "");
}

/** Colour of each level, as SGR code. */
const COLOURS: Partial<Record<ReportLevel, number>> = { success: 32, notice: 36, warning: 33, error: 31 };

/** The text with its level before it, in colour. */
export function levelled(level: ReportLevel, text: string): string {
  const clean = withoutOtherSequences(text);
  const colour = COLOURS[level];
  return colour === undefined ? clean : `\x1b[${colour}m${level}:\x1b[0m ${clean}`;
}

export function bold(text: string): string {
  return `\x1b[1m${withoutSequences(text)}\x1b[0m`;
}
