/**
 * The end of an events file whose worker is dead. A durable line gets its newline only after its sync: a worker that
 * was killed in between, or a power cut, leaves a last line that counts and is not ended.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { FILLER, giveBackReserved } from "../../ops/api/append-file.js";
import { endOfLines } from "./seek.js";
import { parseSummed } from "./summed-line.js";
import type { Tail } from "./tail.js";

/**
 * Ends the last line where it is whole, takes away the room that was reserved, and makes the file durable: what the
 * daemon decides next rests on it. A file that is missing or cannot be changed stays as it is: then what can be read
 * of it counts.
 */
export function completeEvents(file: string): void {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDWR);
  } catch {
    return;
  }
  try {
    endLastLine(fd);
    giveBackReserved(file);
    fdatasyncSync(fd);
  } catch {
    // A full disk, or one that fails: one operation is judged by what is there.
  } finally {
    closeSync(fd);
  }
}

/** What stands after the last line that was read, without the room that was reserved. */
export function uncommittedLine(tail: Tail): string {
  return withoutFiller(tail.takeRest());
}

function endLastLine(fd: number): void {
  const start = endOfLines(fd);
  const rest = Buffer.alloc(Math.max(0, fstatSync(fd).size - start));
  readSync(fd, rest, 0, rest.length, start);
  const line = withoutFiller(rest.toString("utf8"));
  if (line === "" || parseSummed(line) === null) return;
  writeSync(fd, "\n", start + Buffer.byteLength(line));
}

function withoutFiller(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === FILLER) end--;
  return text.slice(0, end);
}
