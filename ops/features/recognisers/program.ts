/** What each recogniser declares, and parsers that the recognisers share. */
import { isPlainObject } from "../../../protocol/objects.js";
import type { Reading, RecogniserEntry } from "../../programs/progress/reading.js";

/** A program whose output is understood: a row of the table in docs/pipelines.md. */
export interface Program {
  readonly name: string;
  /** What the bar shows. */
  readonly shows: string;
  /** What to add to the command; empty: nothing. */
  readonly add: string;
  /**
   * `pipe`: also without a terminal; `tty`: the program shows progress only on a terminal (`tty:
   * true`).
   */
  readonly needs: "pipe" | "tty";
}

export interface ProgramRecogniser extends RecogniserEntry {
  readonly programs: readonly Program[];
}

const SIZE = /^([\d.,]+) *([kKMGTPE]?)(i?)(?:B|b|bytes|Bytes)?$/;
const POWERS: Readonly<Record<string, number>> = {
  "": 0,
  k: 1,
  K: 1,
  M: 2,
  G: 3,
  T: 4,
  P: 5,
  E: 6,
};

/**
 * Bytes of a size such as `4.77 MiB`, `1,234` or `320K`. IEC prefixes (`KiB`) are powers of 1024.
 *
 * @param base - of prefixes without `i`: 1000 (SI), or 1024 for programs that mean powers of 1024
 * @returns null if the text is not a size
 */
export function bytesOf(text: string, base: 1000 | 1024 = 1000): number | null {
  const match = SIZE.exec(text.trim());
  if (match === null) return null;
  const [, digits = "", prefix = "", iec = ""] = match;
  const value = Number(plainDigits(digits, prefix !== ""));
  if (!Number.isFinite(value)) return null;
  return Math.round(value * (iec === "" ? base : 1024) ** (POWERS[prefix] ?? 0));
}

/** Without separators of thousands, and with a point before decimals. Locales differ in both. */
function plainDigits(digits: string, isScaled: boolean): string {
  if (!digits.includes(",")) return isScaled ? digits : digits.replace(/\.(?=\d{3}(?:\D|$))/g, "");
  if (isScaled && !digits.includes(".") && digits.indexOf(",") === digits.lastIndexOf(","))
    return digits.replace(",", ".");
  return digits.replaceAll(",", "");
}

/** Seconds of a time such as `00:01:02.50` or `1:02`. */
export function secondsOf(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

export interface Cut {
  before: string;
  percent: number;
  after: string;
}

const PERCENT_AT_END = /(\d{1,3}(?:[.,]\d{1,3})?) ?$/;

/**
 * Splits a text at its first percentage from 0 to 100. A figure that is longer, such as `1234%`, is
 * none.
 */
export function cutAtPercent(text: string): Cut | null {
  for (let at = text.indexOf("%"); at !== -1; at = text.indexOf("%", at + 1)) {
    const head = text.slice(Math.max(0, at - 12), at);
    const match = PERCENT_AT_END.exec(head);
    if (match === null) continue;
    const start = Math.max(0, at - 12) + match.index;
    const percent = Number(match[1]!.replace(",", "."));
    if (percent <= 100 && !/[\d.,\w-]/.test(text.charAt(start - 1)))
      return { before: text.slice(0, start), percent, after: text.slice(at + 1) };
  }
  return null;
}

/**
 * A reading in bytes that is nothing but progress.
 *
 * @param total - null or 0: unknown. A total that is rounded or still grows may be below `done`
 */
export function bytesReading(label: string, done: number, total: number | null): Reading {
  if (total === null || total === 0)
    return { label, done, total: null, unit: "B", isOnlyProgress: true };
  return { label, done: Math.min(done, total), total, unit: "B", isOnlyProgress: true };
}

/** The object of a JSON line; null if the text is no JSON object. */
export function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The number of a key; null if there is none. */
export function numberIn(object: Record<string, unknown>, key: string): number | null {
  const value = object[key];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** The text of a key; an empty text if there is none. */
export function textIn(object: Record<string, unknown>, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "";
}
