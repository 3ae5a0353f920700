/**
 * Reads the segments of the journal and of the history.
 *
 * From the journal a start reads every intact record after the state document. A torn tail after a
 * crash was never acknowledged: it is cut off, kept in a file and reported. A damaged record in the
 * middle is skipped, kept and reported; later records still count. Records are sorted by number, so
 * a misplaced record hides no other.
 */
import { closeSync, fdatasyncSync, fstatSync, readdirSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { gapBetween, type NumberedRecord } from "../../protocol/record-line.js";
import { endOfText, FILLER } from "../../protocol/system/append-file.js";
import { openOwnFile, readAt } from "../../protocol/system/own-file.js";
import type { Entry } from "./decision.js";
import { replaceFileSync, syncDirectory } from "./durable-file.js";
import { quarantineBytes } from "./quarantine.js";
import {
  bytesOf,
  type DamagedRange,
  damageProblem,
  type FoundLine,
  scanLines,
} from "./read-lines.js";

/** Most bytes of room and zeros at a segment's end; the daemon never writes more. */
const MOST_ROOM = 16 * 1024 * 1024;

interface ReadJournal {
  records: Array<{ n: number; value: unknown }>;
  /** Number of the last record, or `after`. */
  last: number;
  problems: string[];
}

/**
 * @param after number of the last record that the state document covers; records up to it are
 * skipped
 */
export function readJournal(dir: string, after: number): ReadJournal {
  const problems: string[] = [];
  const found: NumberedRecord[] = [];
  const segments = journalSegments(dir);
  const written = segments.filter((file, index) =>
    readSegment(file, index === segments.length - 1, found, problems),
  );
  syncLast(dir, written);
  // The sort is stable: of two records with one number the first counts.
  found.sort((a, b) => a.n - b.n);
  const records: NumberedRecord[] = [];
  let last = after;
  // Without a document, the journal may begin with any number.
  let before = after > 0 || segments[0] === undefined ? after : numberOf(segments[0]) - 1;
  for (const record of found) {
    if (record.n <= after) continue;
    const gap = gapBetween(before, record.n);
    if (gap !== null) problems.push(`${dir}: ${gap}`);
    if (record.n <= last) continue;
    records.push(record);
    last = record.n;
    before = last;
  }
  return { records, last, problems };
}

/** Oldest first. */
export function journalSegments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /^\d{12}\.ndjson$/.test(name))
    .sort()
    .map((name) => join(dir, name));
}

/** Number of a segment's first record. */
export function numberOf(segment: string): number {
  return Number.parseInt(basename(segment), 10);
}

/** Segments with no record after number `last`. */
export function segmentsBefore(dir: string, last: number): string[] {
  const segments = journalSegments(dir);
  return segments.filter((_, index) => {
    const next = segments[index + 1];
    return next !== undefined && numberOf(next) <= last + 1;
  });
}

/**
 * A daemon that was killed may have written records without syncing them. Now they count, so they
 * must stay.
 */
function syncLast(dir: string, written: readonly string[]): void {
  const last = written.at(-1);
  if (last === undefined) return;
  const fd = openOwnFile(last);
  try {
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncDirectory(dir);
}

/** Returns whether the segment has any bytes. */
function readSegment(
  file: string,
  isLast: boolean,
  found: NumberedRecord[],
  problems: string[],
): boolean {
  const { bytes, size } = readText(file, problems);
  const text = bytes.length;
  const { lines, damaged } = scanLines(bytes, 0, text);
  for (const { line } of lines) found.push(line);
  const torn = isLast && damaged.at(-1)?.end === text ? damaged.pop() : undefined;
  let used: string | null = null;
  if (damaged.length > 0) {
    used = quarantineBytes(file, bytesOf(bytes, damaged));
    problems.push(damageProblem(file, damaged, used));
  }
  if (torn !== undefined) {
    const aside = quarantineBytes(file, bytes.subarray(torn.start, torn.end), used);
    problems.push(
      `${file}: a torn tail of ${torn.end - torn.start} bytes was cut off, kept in ${aside}`,
    );
  }
  // The damaged bytes are removed, so that the next start does not find them again; so is the room
  // at the end.
  if (damaged.length > 0)
    replaceFileSync(file, Buffer.concat(lines.map(({ start, end }) => bytes.subarray(start, end))));
  else if (torn !== undefined) truncateSync(file, torn.start);
  else if (text < size) truncateSync(file, text);
  return size > 0;
}

/** The bytes of the records, without the room at the end; `size` includes the room. */
function readText(file: string, problems: string[]): { bytes: Buffer; size: number } {
  const fd = openOwnFile(file);
  try {
    const { size } = fstatSync(fd);
    const { end } = endOfText(fd, size);
    if (size - end > MOST_ROOM) {
      problems.push(`${file}: a tail of ${size - end} bytes without a record was cut off`);
      return { bytes: readAt(fd, 0, end), size };
    }
    const bytes = readAt(fd, 0, size);
    let text = bytes.length;
    while (bytes[text - 1] === FILLER) text--;
    return { bytes: bytes.subarray(0, text), size };
  } finally {
    closeSync(fd);
  }
}

const NEWLINE = 10;

interface SegmentLine {
  id: string;
  /** Null: the operation was removed. */
  entry: Entry | null;
  offset: number;
  length: number;
}

/**
 * Reads a history segment from an offset. A torn tail is cut off and kept, a damaged line skipped;
 * both reported. So are missing records.
 *
 * @param after - where to begin, and the number of the last record before; null: any
 * @returns null if no record that follows that record begins at the offset
 */
export function readSegmentLines(
  file: string,
  after: { from: number; last: number | null },
  problems: string[],
): { lines: SegmentLine[]; end: number; last: number | null } | null {
  const { bytes, first } = readFrom(file, after.from);
  // A hole: a power cut left zeros in the place of some records, and later records follow.
  const scanned = scanLines(bytes, 0, bytes.length, true);
  if (after.from > 0 && bytes.includes(NEWLINE) && !isNext(scanned.lines[0], after.last))
    return null;
  const damaged = scanned.damaged.filter((range) => !isZeros(bytes, range));
  const last = damaged.at(-1);
  let end = bytes.length;
  if (last?.end === bytes.length && bytes[bytes.length - 1] !== NEWLINE) {
    // Damaged lines stay, so that no offset changes; only a line without an end is cut off.
    end = Math.max(last.start, bytes.lastIndexOf(NEWLINE) + 1);
    const aside = quarantineBytes(file, bytes.subarray(end));
    truncateSync(file, first + end);
    problems.push(
      `${file}: a torn tail of ${bytes.length - end} bytes was cut off, kept in ${aside}`,
    );
    if (end === last.start) damaged.pop();
    else last.end = end;
  }
  if (damaged.length > 0)
    problems.push(damageProblem(file, damaged, quarantineBytes(file, bytesOf(bytes, damaged))));
  let { last: number } = after;
  let at = 0;
  for (const { line, start, end: next } of scanned.lines) {
    const gap = number === null || start > at ? null : gapBetween(number, line.n);
    if (gap !== null) problems.push(`${file}: ${gap} (before byte ${first + start})`);
    number = line.n;
    at = next;
  }
  return {
    last: number,
    lines: scanned.lines.flatMap(({ line, start, end }) => {
      const value = line.value as { id: string; entry: Entry | null } | null;
      return value === null ? [] : [{ ...value, offset: first + start, length: end - start }];
    }),
    end: first + end,
  };
}

function isNext(found: FoundLine | undefined, last: number | null): boolean {
  return found?.start === 0 && (last === null || found.line.n === last + 1);
}

/**
 * The file's bytes from the offset (at most its size) on, and that offset. Zeros at the end are cut
 * off the file: a power cut left them in the place of records that were not synced.
 */
function readFrom(file: string, from: number): { bytes: Buffer; first: number } {
  const fd = openOwnFile(file);
  try {
    const { size } = fstatSync(fd);
    const { end } = endOfText(fd, size);
    if (end < size) truncateSync(file, end);
    const first = Math.min(from, end);
    return { bytes: readAt(fd, first, end), first };
  } finally {
    closeSync(fd);
  }
}

function isZeros(bytes: Buffer, { start, end }: DamagedRange): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
