/**
 * The end of an events file whose worker is dead. A durable line gets its newline only after its sync: a worker that
 * was killed in between, or a power cut, leaves a last line that counts and is not ended.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, writeSync } from "node:fs";
import { endOfText, giveBackReserved } from "../../ops/runner/append-file.js";
import { openOwnFile, readAt } from "../../protocol/own-file.js";
import { parseRecord } from "../../protocol/record-line.js";
import { endOfLines } from "./seek.js";
import { MOST_LINE, type Tail } from "./tail.js";

/**
 * Ends the last line where it is whole, takes away the room that was reserved, and makes the file durable: what the
 * daemon decides next rests on it. A file that is missing or cannot be changed stays as it is: then what can be read
 * of it counts.
 */
export function completeEvents(file: string): void {
  let fd: number;
  try {
    fd = openOwnFile(file, constants.O_RDWR);
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
  return tail.takeRest();
}

function endLastLine(fd: number): void {
  const start = endOfLines(fd);
  const { end } = endOfText(fd, fstatSync(fd).size);
  if (end - start > MOST_LINE) return;
  const line = readAt(fd, start, end).toString("utf8");
  if (line === "" || parseRecord(line) === null) return;
  writeSync(fd, "\n", start + Buffer.byteLength(line));
}
