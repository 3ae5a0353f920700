/** Reading a history segment from an offset; a torn tail is cut off and kept, a damaged line passed over, both said. */
import { readFileSync, truncateSync } from "node:fs";
import type { Entry } from "./decision.js";
import { quarantineBytes } from "./quarantine.js";
import { bytesOf, damageProblem, scanLines } from "./scan-lines.js";

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
  const bytes = readFileSync(file);
  const { lines, damaged } = scanLines(bytes, Math.min(from, bytes.length), bytes.length);
  const last = damaged.at(-1);
  let end = bytes.length;
  if (last?.end === bytes.length && bytes[bytes.length - 1] !== NEWLINE) {
    // Whole lines that are damaged stay, so that no offset changes; only what has no end is cut off.
    end = Math.max(last.start, bytes.lastIndexOf(NEWLINE) + 1);
    const aside = quarantineBytes(file, bytes.subarray(end));
    truncateSync(file, end);
    problems.push(`${file}: a torn tail of ${bytes.length - end} bytes was cut off, kept in ${aside}`);
    if (end === last.start) damaged.pop();
    else last.end = end;
  }
  if (damaged.length > 0)
    problems.push(damageProblem(file, damaged, quarantineBytes(file, bytesOf(bytes, damaged))));
  return {
    lines: lines.flatMap(({ line, start, end }) => {
      const value = line.value as { id: string; entry: Entry | null } | null;
      return value === null ? [] : [{ ...value, offset: start, length: end - start }];
    }),
    end,
  };
}
