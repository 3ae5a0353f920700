/**
 * One record per line: a JSON object whose last key, `sum`, is the CRC-32 of all bytes of the line
 * before that key.
 *
 * Journal, state document, history, large values and run files use this format. `jq` can read it,
 * and the checksum detects a torn line or a flipped byte. The records of journal, history and run
 * files are numbered without a gap by their first key, `n`, so that a missing record is seen too.
 */
import { crc32 } from "node:zlib";

const SUM = /^,"sum":"([0-9a-f]{8})"\}$/;

/** Characters of `,"sum":"` + 8 digits + `"}`. */
const SUM_LENGTH = 18;

/** A numbered record of the journal or of the history. */
export interface NumberedRecord<T = unknown> {
  n: number;
  value: T;
}

/**
 * Encodes an object as a line, with its newline.
 *
 * @param value - must have at least one key, and no key `sum`
 */
export function encodeRecord(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body},"sum":"${sumOf(body)}"}\n`;
}

/**
 * Parses a line.
 *
 * @param line - without its newline
 * @returns the object without its checksum; null if the line is damaged
 */
export function parseRecord<T>(line: string): T | null {
  const body = intactBody(line);
  if (body === null) return null;
  try {
    return JSON.parse(`${body}}`) as T;
  } catch {
    return null;
  }
}

/** `seq` as the first key, or as the second one after `n`. */
const SEQ = /^\{(?:"n":\d+,)?"seq":(\d+),/;

/**
 * The `seq` of a line of a run file. Does not parse the line where the number is at its place.
 *
 * @param line - without its newline
 * @returns null if the line is damaged or has no number
 */
export function seqOfRecord(line: string): number | null {
  const body = intactBody(line);
  if (body === null) return null;
  const digits = SEQ.exec(body)?.[1];
  const seq = digits === undefined ? parseRecord<{ seq?: unknown }>(line)?.seq : Number(digits);
  return typeof seq === "number" && Number.isSafeInteger(seq) ? seq : null;
}

/**
 * The number of a record, its first key `n`, without parsing the rest.
 *
 * @param line - without its newline
 * @returns null if the line is damaged or has no number
 */
export function numberOfRecord(line: string): number | null {
  const digits = NUMBER.exec(line)?.[1];
  return digits === undefined || !isWhole(line) ? null : Number(digits);
}

/**
 * As `encodeRecord`, with the number as the first key, `n`.
 *
 * @param value - must have no key `n` and no key `sum`
 */
export function encodeNumberedRecord(n: number, value: object): string {
  return encodeRecord({ n, ...value });
}

/** As `parseRecord`; also null if the record has no number. */
export function parseNumberedRecord(line: string): NumberedRecord | null {
  const record = parseRecord<{ n?: unknown }>(line);
  if (record === null || !Number.isSafeInteger(record.n)) return null;
  const { n, ...value } = record;
  return { n: n as number, value };
}

/**
 * What is wrong with the order of two records, by their numbers; null: the second one follows the
 * first.
 */
export function gapBetween(last: number, n: number): string | null {
  if (n === last + 1) return null;
  if (n <= last) return `record ${n} is there twice`;
  return n === last + 2
    ? `record ${last + 1} is missing`
    : `records ${last + 1} to ${n - 1} are missing`;
}

/**
 * As `gapBetween`, for the end of a file: `end` is the number of its last record. Null: it is
 * there.
 */
export function gapAtEnd(last: number, end: number): string | null {
  return last < end ? gapBetween(last, end + 1) : null;
}

const NUMBER = /^\{"n":(\d+),/;

/** Checks records, in their order: each is whole, and follows the one before it. */
export class RecordCheck {
  damaged = 0;
  readonly gaps: string[] = [];

  /** @param last - number of the record before; null: unknown, and any may follow */
  constructor(public last: number | null) {}

  /**
   * Whether the record is whole. A gap beside a damaged record is not told: the damage explains it.
   *
   * @param numbers - how many numbers the record has; `n` is the last of them
   */
  look(line: string, numbers = 1): boolean {
    const whole = isWhole(line);
    const digits = whole ? NUMBER.exec(line)?.[1] : undefined;
    const n = digits === undefined ? null : Number(digits);
    const gap = this.last === null || n === null ? null : gapBetween(this.last, n - numbers + 1);
    if (gap !== null) this.gaps.push(gap);
    if (!whole) this.damaged++;
    this.last = n;
    return whole;
  }
}

/** Whether the line has its checksum. */
export function isWhole(line: string): boolean {
  return intactBody(line) !== null;
}

/** The line before its checksum; null if the checksum is another one, or missing. */
function intactBody(line: string): string | null {
  return splitRecord(line)?.body ?? null;
}

/**
 * The line before its checksum, and the checksum; null if the checksum is another one, or missing.
 */
export function splitRecord(line: string): { body: string; sum: string } | null {
  const sum = SUM.exec(line.slice(-SUM_LENGTH))?.[1];
  if (sum === undefined) return null;
  const body = line.slice(0, -SUM_LENGTH);
  return sumOf(body) === sum ? { body, sum } : null;
}

/**
 * CRC-32 of the text, as 8 hexadecimal digits.
 *
 * @param before - the checksum of text before this one. Default: there is none
 */
export function sumOf(text: string, before = "0"): string {
  return crc32(text, Number.parseInt(before, 16)).toString(16).padStart(8, "0");
}
