/**
 * Bars of any program: tqdm, bars that are drawn of characters, and frames that a carriage return
 * replaces.
 */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { bytesOf, cutAtPercent } from "./program.js";

const TQDM_RATE = "\\[[\\d:?]+(?:<[\\d:?]+)?, +[\\d.?]+[kMGTP]?([A-Za-z]*)";
const TQDM_AFTER = new RegExp(`^\\|[^|]*\\| ([\\d.]+[kMGTP]?)\\/([\\d.]+[kMGTP]?) ${TQDM_RATE}`);
const TQDM_OPEN = new RegExp(`^(?:(.{1,80}): )?([\\d.]+[kMGTP]?)([A-Za-z]*) ${TQDM_RATE}\\/s\\]$`);

export class Tqdm implements Recogniser {
  readonly name = "tqdm";

  read(text: string): Reading | null {
    if (text.includes("%|")) {
      const cut = cutAtPercent(text);
      const match = cut && TQDM_AFTER.exec(cut.after);
      if (!cut || !match) return null;
      const [, done = "", total = "", unit = ""] = match;
      const label = labelOf(cut.before) || "progress";
      return counted(label, amount(done), amount(total), unit, cut.percent);
    }
    const open = text.endsWith("/s]") ? TQDM_OPEN.exec(text) : null;
    if (open === null) return null;
    const [, label = "progress", done = "", unit = ""] = open;
    return { label, done: amount(done), total: null, unit: unitOf(unit), isOnlyProgress: true };
  }
}

function amount(text: string): number {
  return bytesOf(text) ?? 0;
}

/** `it` (iterations) is the default of tqdm, and says nothing. */
function unitOf(unit: string): string | null {
  return unit === "" || unit === "it" ? null : unit;
}

function counted(
  label: string,
  done: number,
  total: number,
  unit: string,
  percent: number,
): Reading {
  // Text of a rate of one step in several seconds: `2.00s/it`.
  const isRate = unit === "s";
  if (total === 0) return { label, percent, isOnlyProgress: true };
  return {
    label,
    done: Math.min(done, total),
    total,
    unit: isRate ? null : unitOf(unit),
    isOnlyProgress: true,
  };
}

const FILL = "#=█▉▊▋▌▍▎▏▓━■●▰⣿*•";
const BRACKETED = new RegExp(`[[|(⸨▕]([${FILL}]*)([>╸o-]?)([ .\\-░▒─□○▱⣀╺]*)[\\])|⸩▏]`, "g");
/** Rich and others give both parts of a bar the same character, in two colours. */
const UNBRACKETED = /[━─╸╺]{10,}/;
const NARROWEST = 8;
/** A drawn bar is rounded to its characters; more than this apart, it belongs to something else. */
const DEVIATION = 0.2;

/**
 * A drawn bar beside a percentage, in a line or in a frame. The filled part must agree with the
 * percentage, so that a table with a percentage is not taken for a bar.
 */
export class DrawnBar implements Recogniser {
  readonly name = "bar";

  read(text: string): Reading | null {
    if (!text.includes("%")) return null;
    const cut = cutAtPercent(text);
    if (cut === null || !(UNBRACKETED.test(text) || hasBar(text, cut.percent))) return null;
    const label = labelOf(cut.before);
    return { ...(label === "" ? {} : { label }), percent: cut.percent, isOnlyProgress: true };
  }
}

function hasBar(text: string, percent: number): boolean {
  for (const [, filled = "", head = "", rest = ""] of text.matchAll(BRACKETED)) {
    const width = filled.length + head.length + rest.length;
    if (
      width >= NARROWEST &&
      Math.abs((filled.length + head.length) / width - percent / 100) <= DEVIATION
    )
      return true;
  }
  return false;
}

const COUNT = /(?:^|[ [(])(\d{1,15}) ?(?:\/| of ) ?(\d{1,15})(?=$|[ \]),:;])/;

/**
 * A frame: a program that overwrites its own line shows progress there, so that a percentage is
 * enough.
 */
export class Frame implements Recogniser {
  readonly name = "frame";

  read(text: string, isFrame: boolean): Reading | null {
    if (!isFrame) return null;
    const cut = text.includes("%") ? cutAtPercent(text) : null;
    if (cut !== null) {
      // Several percentages may be of anything, such as the load of processors.
      if (cutAtPercent(cut.after) !== null) return null;
      const label = labelOf(cut.before);
      return { ...(label === "" ? {} : { label }), percent: cut.percent, isOnlyProgress: true };
    }
    const match = /\/| of /.test(text) ? COUNT.exec(text) : null;
    const [done, total] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || total < 2 || done > total) return null;
    const label = labelOf(text.slice(0, match.index));
    return { ...(label === "" ? {} : { label }), done, total, unit: null, isOnlyProgress: true };
  }
}

/** A figure with a unit, a time stamp, a part of a bar. */
const CHANGING = /^[\d.,:]+\S{0,3}$|^\d{4}-\d\d-\d\dT|[━─█░]/;

/**
 * The words before a figure. Text that may change with each frame (bars, figures, times) is no part
 * of the label, since a new label begins a new bar.
 */
export function labelOf(before: string): string {
  const words = before
    .replace(BRACKETED, " ")
    .split(/\s+/)
    .filter((word) => /\p{L}/u.test(word) && !CHANGING.test(word));
  return words
    .join(" ")
    .replace(/^[^\p{L}\p{N}]+/u, "")
    .replace(/[^\p{L}\p{N}\])]+$/u, "")
    .slice(0, 80);
}
