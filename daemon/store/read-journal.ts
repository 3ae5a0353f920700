/**
 * Reading the journal at the start: every whole record after the checkpoint, in order.
 *
 * A torn tail is what a crash leaves: it was never acknowledged, so it is cut off, kept aside and said. A damaged
 * record in the middle is skipped, kept aside and said loudly; what follows it still counts.
 */
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { FILLER } from "../../ops/api/append-file.js";
import { decodeLine } from "./checked-line.js";
import { replaceFileSync } from "./durable-file.js";
import { quarantineBytes } from "./quarantine.js";

export interface ReadJournal {
  records: Array<{ n: number; value: unknown }>;
  /** Number of the last record, or `after`. */
  last: number;
  problems: string[];
}

/** @param after number of the last record the checkpoint holds; records up to it are passed over. */
export function readJournal(dir: string, after: number): ReadJournal {
  const result: ReadJournal = { records: [], last: after, problems: [] };
  const segments = journalSegments(dir);
  segments.forEach((file, index) => {
    readSegment(file, index === segments.length - 1, result);
  });
  return result;
}

/** Oldest first. */
export function journalSegments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(".journal"))
    .sort()
    .map((name) => join(dir, name));
}

/** Of a segment's first record. */
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

function readSegment(file: string, isLast: boolean, result: ReadJournal): void {
  const bytes = readFileSync(file);
  const text = endOfText(bytes);
  const whole: Buffer[] = [];
  let isDamaged = false;
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    // Room for records that did not come.
    if (start === text) {
      if (!isDamaged) truncateSync(file, start);
      break;
    }
    const end = newline === -1 ? bytes.length : newline;
    const line = newline === -1 ? null : decodeLine(bytes.toString("utf8", start, end));
    if (line) {
      whole.push(bytes.subarray(start, end + 1));
      if (line.n > result.last) {
        // With no checkpoint, the first record may well be a late one.
        if (line.n > result.last + 1 && result.last > 0) {
          result.problems.push(`${file}: records ${result.last + 1} to ${line.n - 1} are missing`);
        }
        result.records.push(line);
        result.last = line.n;
      }
    } else if (isLast && !hasWholeLine(bytes, end + 1)) {
      const aside = quarantineBytes(file, bytes.subarray(start, text));
      if (!isDamaged) truncateSync(file, start);
      result.problems.push(`${file}: a torn tail of ${text - start} bytes was cut off, kept in ${aside}`);
      break;
    } else {
      isDamaged = true;
      const aside = quarantineBytes(file, bytes.subarray(start, end));
      result.problems.push(
        `${file}: a damaged record of ${end - start} bytes was passed over, kept in ${aside}`,
      );
    }
    start = end + 1;
  }
  // What is kept aside is taken out, so that the next start need not find it again.
  if (isDamaged) replaceFileSync(file, Buffer.concat(whole));
}

/** Where the room at the end begins. */
function endOfText(bytes: Buffer): number {
  let end = bytes.length;
  while (bytes[end - 1] === FILLER) end--;
  return end;
}

function hasWholeLine(bytes: Buffer, from: number): boolean {
  for (let start = from; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    if (end === -1) return false;
    if (decodeLine(bytes.toString("utf8", start, end))) return true;
    start = end + 1;
  }
  return false;
}
