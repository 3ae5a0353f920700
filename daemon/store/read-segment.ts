/** Reading a history segment from an offset; a torn tail is cut off and kept, a damaged line passed over, both said. */
import { readFileSync, truncateSync } from "node:fs";
import { decodeLine } from "./checked-line.js";
import type { Entry } from "./decision.js";
import { quarantineBytes } from "./quarantine.js";

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
  const lines: SegmentLine[] = [];
  let start = Math.min(from, bytes.length);
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    if (newline === -1) {
      const aside = quarantineBytes(file, bytes.subarray(start));
      truncateSync(file, start);
      problems.push(`${file}: a torn tail of ${bytes.length - start} bytes was cut off, kept in ${aside}`);
      break;
    }
    const line = decodeLine(bytes.toString("utf8", start, newline));
    const value = line?.value as { id: string; entry: Entry | null } | undefined;
    if (value) {
      lines.push({ ...value, offset: start, length: newline + 1 - start });
    } else {
      const aside = quarantineBytes(file, bytes.subarray(start, newline));
      problems.push(
        `${file}: a damaged record of ${newline - start} bytes was passed over, kept in ${aside}`,
      );
    }
    start = newline + 1;
  }
  return { lines, end: start };
}
