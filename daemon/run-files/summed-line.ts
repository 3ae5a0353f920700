/**
 * A line of a run file: a JSON object whose last key is the checksum of what stands before it.
 *
 * The files stay plain NDJSON for whoever looks into them; a flipped byte or a line out of two halves is told from a
 * whole one.
 */
import { crc32 } from "node:zlib";

const TAIL = /,"sum":"([0-9a-f]{8})"\}$/;
/** `,"sum":"` + 8 digits + `"}` */
const TAIL_LENGTH = 18;

/** The object as a line, without its newline. It must not be empty. */
export function summedLine(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body},"sum":"${hex(crc32(body))}"}`;
}

/** The object, without its checksum, or null where the line is damaged. */
export function parseSummed<T>(line: string): T | null {
  const sum = TAIL.exec(line.slice(-TAIL_LENGTH))?.[1];
  if (sum === undefined) return null;
  const body = line.slice(0, -TAIL_LENGTH);
  if (hex(crc32(body)) !== sum) return null;
  try {
    return JSON.parse(`${body}}`) as T;
  } catch {
    return null;
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
