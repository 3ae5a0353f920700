/**
 * The parts of a long log: a full `log.ndjson` becomes `log.<part>.ndjson`, a new one begins with a
 * note of what is before it (`LogHead`), and the oldest parts are removed.
 *
 * The worker bounds the log of its attempt so.
 */
import { renameSync, rmSync, statSync } from "node:fs";
import { parseRecord } from "../../protocol/record-line.js";
import { logFile, olderLogFile, olderLogFiles, olderLogParts } from "./attempt-files.js";
import type { LogHead } from "./log-tail.js";
import { firstLineOfFile } from "./seek.js";
import { isUnreadable } from "./unreadable.js";

/** A part has this share of the log's bound, and 4 KiB at least. */
const PART = 1 / 32;
const LEAST_PART = 4096;

/** A log that is about to take the place of the full one. */
export const newLogFile = (dir: string) => `${logFile(dir)}.new`;

/** Bytes of a part. @param maxLog - bytes of the newest lines to keep */
export function partBytes(maxLog: number): number {
  return Math.max(LEAST_PART, maxLog * PART);
}

/** Puts the new log in the place of the full one, which becomes the newest of the older parts. */
export function replaceLog(dir: string): void {
  renameSync(logFile(dir), olderLogFile(dir, (olderLogParts(dir).at(-1) ?? 0) + 1));
  renameSync(newLogFile(dir), logFile(dir));
}

/** Removes the oldest parts that are not needed for `maxLog` bytes. */
export function removeOldestParts(dir: string, maxLog: number): void {
  const files = olderLogFiles(dir);
  const sizes = files.map((file) => statSync(file).size);
  let kept = sizes.reduce((sum, size) => sum + size, 0);
  for (const [index, file] of files.entries()) {
    kept -= sizes[index]!;
    if (kept < maxLog) return;
    rmSync(file, { force: true });
  }
}

/**
 * `seq` of the last line that was removed from the attempt's log; null if all lines are there, or
 * nothing is known.
 */
export function lastCut(dir: string): number | null {
  try {
    const first = firstLineOfFile(olderLogFiles(dir)[0] ?? logFile(dir));
    const head = first === null ? null : parseRecord<Partial<LogHead>>(first);
    return head?.cut === undefined ? null : (head.seq ?? null);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
}

/** `64 MiB`, `0.25 MiB`: at most two decimals. */
export function sizeText(bytes: number): string {
  return `${Number((bytes / 1024 / 1024).toFixed(2))} MiB`;
}
