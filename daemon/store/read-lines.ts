/**
 * Reads lines. `readLines` reads a file in pieces, so memory does not grow with the file and no
 * string reaches V8's limit. `scanLines` finds the intact numbered records in a buffer, and the
 * damaged bytes between them.
 */
import { constants } from "node:buffer";
import { closeSync, readSync } from "node:fs";
import { type NumberedRecord, parseNumberedRecord } from "../../protocol/record-line.js";
import { openOwnFile } from "../../protocol/system/own-file.js";

const CHUNK = 1024 * 1024;

/** Most bytes of a line; no record is that long. */
const MOST_LINE = 256 * 1024 * 1024;

const NEWLINE = 10;

interface ReadLine {
  /** Empty where the line has over 256 MiB. */
  text: string;
  /** False for the text after the last newline. */
  isComplete: boolean;
}

/**
 * The lines of the file from its beginning. The file is closed when the generator ends.
 *
 * @throws as `openOwnFile`
 */
export function* readLines(file: string): Generator<ReadLine> {
  const fd = openOwnFile(file);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const line = new LongLine();
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      let start = 0;
      for (
        let end = chunk.indexOf(NEWLINE);
        end !== -1 && end < length;
        end = chunk.indexOf(NEWLINE, start)
      ) {
        const text = line.end(chunk.subarray(start, end));
        start = end + 1;
        yield { text, isComplete: true };
      }
      if (start < length) line.add(chunk.subarray(start, length));
    }
    if (line.length > 0) yield { text: line.end(Buffer.alloc(0)), isComplete: false };
  } finally {
    closeSync(fd);
  }
}

/** A line longer than a chunk, in pieces. A line over `MOST_LINE` is not kept. */
class LongLine {
  #pieces: Buffer[] = [];
  length = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (this.length > MOST_LINE) this.#pieces = [];
    else this.#pieces.push(Buffer.from(piece));
  }

  /** Ends the line with its last piece; returns its text. */
  end(piece: Buffer): string {
    const length = this.length + piece.length;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.length = 0;
    if (length > MOST_LINE) return "";
    return pieces.length > 0 ? Buffer.concat([...pieces, piece]).toString() : piece.toString();
  }
}

export interface FoundLine {
  line: NumberedRecord;
  start: number;
  /** Offset after the newline. */
  end: number;
}

export interface DamagedRange {
  start: number;
  end: number;
}

interface ScannedLines {
  lines: FoundLine[];
  /** In order and not adjacent. The last may end without a newline. */
  damaged: DamagedRange[];
}

/**
 * Finds the intact lines of a buffer of numbered records, and the damaged ranges between them.
 * Pure.
 *
 * The time is proportional to the bytes, whatever their content: adjacent damaged lines are one
 * range.
 *
 * @param start - offset of the first line
 * @param skipZeros - accepts a record after zeros in the same line; the zeros are a damaged range
 */
export function scanLines(
  bytes: Buffer,
  start: number,
  end: number,
  skipZeros = false,
): ScannedLines {
  const found: ScannedLines = { lines: [], damaged: [] };
  for (let at = start; at < end; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const isWhole = newline !== -1 && newline < end;
    const next = isWhole ? newline + 1 : end;
    const line = isWhole ? decodeBytes(bytes, at, newline) : null;
    const start = skipZeros && line === null && isWhole ? afterZeros(bytes, at, newline) : at;
    const later = start > at ? decodeBytes(bytes, start, newline) : null;
    if (line !== null) found.lines.push({ line, start: at, end: next });
    else if (later === null) addDamaged(found.damaged, at, next);
    else {
      addDamaged(found.damaged, at, start);
      found.lines.push({ line: later, start, end: next });
    }
    at = next;
  }
  return found;
}

/** Adds a range that follows all others. */
export function addDamaged(damaged: DamagedRange[], start: number, end: number): void {
  const last = damaged.at(-1);
  if (last?.end === start) last.end = end;
  else damaged.push({ start, end });
}

/** The first byte that is not zero. */
function afterZeros(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === 0) at++;
  return at;
}

/** The damage in words, and where the bytes are kept. */
export function damageProblem(
  file: string,
  ranges: readonly DamagedRange[],
  aside: string,
): string {
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return ranges.length === 1
    ? `${file}: a damaged record of ${total} bytes was skipped, kept in ${aside}`
    : `${file}: ${ranges.length} damaged records of ${total} bytes in all were skipped, kept in ${aside}`;
}

/** The bytes of the ranges, one after the other. */
export function bytesOf(bytes: Buffer, ranges: readonly DamagedRange[]): Buffer {
  return Buffer.concat(ranges.map(({ start, end }) => bytes.subarray(start, end)));
}

function decodeBytes(bytes: Buffer, start: number, end: number): NumberedRecord | null {
  // No record is as long as the longest string, but a hole that a crash left in the file may be.
  if (end - start >= constants.MAX_STRING_LENGTH) return null;
  return parseNumberedRecord(bytes.toString("utf8", start, end));
}
