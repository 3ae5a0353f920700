/**
 * What bounds a mirrored log: parts as the worker makes them, of which the oldest are removed, and a note in the place
 * of lines that the fleet does not hold any more.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { LogLine } from "../../../protocol/operation.js";
import { encodeRecord, parseRecord } from "../../../protocol/record-line.js";
import { logFile, olderLogFiles } from "../../run-files/attempt-files.js";
import { newLogFile, removeOldestParts, replaceLog, sizeText } from "../../run-files/log-parts.js";
import type { LogHead } from "../../run-files/log-tail.js";
import { firstLineOfFile } from "../../run-files/seek.js";

type Stored = LogLine & Partial<LogHead>;

/**
 * The note before a line that does not follow the line before it.
 *
 * @param before - the line before, as stored; null if there is none
 * @param after - the first line after the gap, as stored
 * @param seq - number of the last line of the gap
 * @returns the note with its newline; empty if no line is missing, or a line is damaged
 */
export function noteOfGap(before: string | null, after: string, seq: number): string {
  const next = parseRecord<Stored>(after);
  const last = before === null ? 0 : (parseRecord<Stored>(before)?.n ?? null);
  if (next === null || last === null || next.n - 1 <= last) return "";
  const n = next.n - 1;
  const lines = last === 0 ? `lines up to ${n}` : `lines ${last + 1} to ${n}`;
  const text = `${lines} were cut: the fleet keeps the newest lines of a long log`;
  const { at, attempt } = next;
  return encodeRecord({ n, seq, at, attempt, stage: null, stream: "liveops", text } satisfies LogLine);
}

/**
 * Begins a new part of the log. Without space for it, the present part goes on.
 *
 * @param last - the last line of the present part, as stored
 * @param size - bytes of the present part
 * @returns whether there is a new part
 */
export function beginPart(dir: string, last: string, size: number, maxLog: number): boolean {
  const line = parseRecord<Stored>(last);
  const first = firstLineOfFile(logFile(dir)) ?? "";
  if (line === null) return false;
  const cut = parseRecord<Stored>(first)?.cut;
  const earlier = cut === undefined ? size : cut + size - Buffer.byteLength(first) - 1;
  const { n, seq, at, attempt } = line;
  const text = `lines up to ${n} were cut (${sizeText(earlier)} as stored): the log of an attempt keeps its newest ${sizeText(maxLog)} as stored`;
  const head: LogHead = { n, seq, at, attempt, stage: null, stream: "liveops", text, cut: earlier };
  const fresh = newLogFile(dir);
  rmSync(fresh, { force: true });
  try {
    writeFileSync(fresh, encodeRecord(head), { mode: 0o600, flag: "wx" });
  } catch {
    rmSync(fresh, { force: true });
    return false;
  }
  replaceLog(dir);
  removeOldestParts(dir, maxLog);
  return true;
}

/** Finishes a change of parts that a crash has interrupted. */
export function finishPart(dir: string): void {
  if (!existsSync(newLogFile(dir))) return;
  if (existsSync(logFile(dir))) rmSync(newLogFile(dir));
  else renameSync(newLogFile(dir), logFile(dir));
}

/** For a log that is brought again from its beginning. */
export function removeOlderParts(dir: string): void {
  for (const file of olderLogFiles(dir)) rmSync(file, { force: true });
}
