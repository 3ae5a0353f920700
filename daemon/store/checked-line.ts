/**
 * A line of the journal or of a history segment: `<crc32, 8 hex digits> <number> <json>`.
 *
 * The checksum covers the number and the JSON, so a torn tail, a flipped byte and a line out of place are told
 * apart from a whole one.
 */
import { crc32 } from "node:zlib";

export interface CheckedLine {
  n: number;
  value: unknown;
}

export function encodeLine(n: number, value: unknown): string {
  const body = `${n} ${JSON.stringify(value)}`;
  return `${hex(crc32(body))} ${body}\n`;
}

/** The line without its newline, decoded, or null where it is damaged. */
export function decodeLine(line: string): CheckedLine | null {
  if (line.length < 11 || line[8] !== " ") return null;
  const body = line.slice(9);
  if (hex(crc32(body)) !== line.slice(0, 8)) return null;
  const space = body.indexOf(" ");
  const n = Number(body.slice(0, space));
  if (space < 1 || !Number.isSafeInteger(n)) return null;
  try {
    return { n, value: JSON.parse(body.slice(space + 1)) };
  } catch {
    return null;
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
