/** Reading a history segment from an offset; a torn tail is cut off and kept, a damaged line passed over, both said. */
import { closeSync, fstatSync, truncateSync } from "node:fs";
import { endOfText } from "../../ops/runner/append-file.js";
import { openOwnFile, readAt } from "../../protocol/own-file.js";
import type { Entry } from "./decision.js";
import { quarantineBytes } from "./quarantine.js";
import { bytesOf, type DamagedRange, damageProblem, scanLines } from "./scan-lines.js";

const NEWLINE = 10;

export interface SegmentLine {
  id: string;
  /** Null: the operation was removed. */
  entry: Entry | null;
  offset: number;
  length: number;
}

export function readSegmentLines(
  file: string,
  from: number,
  problems: string[],
): { lines: SegmentLine[]; end: number } {
  const { bytes, first } = readFrom(file, from);
  // A power cut leaves zeros where records were about to be; what was appended later stands after them.
  const scanned = scanLines(bytes, 0, bytes.length, true);
  const damaged = scanned.damaged.filter((range) => !isZeros(bytes, range));
  const last = damaged.at(-1);
  let end = bytes.length;
  if (last?.end === bytes.length && bytes[bytes.length - 1] !== NEWLINE) {
    // Whole lines that are damaged stay, so that no offset changes; only what has no end is cut off.
    end = Math.max(last.start, bytes.lastIndexOf(NEWLINE) + 1);
    const aside = quarantineBytes(file, bytes.subarray(end));
    truncateSync(file, first + end);
    problems.push(`${file}: a torn tail of ${bytes.length - end} bytes was cut off, kept in ${aside}`);
    if (end === last.start) damaged.pop();
    else last.end = end;
  }
  if (damaged.length > 0)
    problems.push(damageProblem(file, damaged, quarantineBytes(file, bytesOf(bytes, damaged))));
  return {
    lines: scanned.lines.flatMap(({ line, start, end }) => {
      const value = line.value as { id: string; entry: Entry | null } | null;
      return value === null ? [] : [{ ...value, offset: first + start, length: end - start }];
    }),
    end: first + end,
  };
}

/** What the file holds from that byte on, and which byte that is. Zeros at the end are left out. */
function readFrom(file: string, from: number): { bytes: Buffer; first: number } {
  const fd = openOwnFile(file);
  try {
    const { size } = fstatSync(fd);
    const { end } = endOfText(fd, size);
    const first = Math.min(from, size);
    return { bytes: readAt(fd, first, end), first };
  } finally {
    closeSync(fd);
  }
}

function isZeros(bytes: Buffer, { start, end }: DamagedRange): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
