/** The daemon's log: pino's lines, and what the loader process prints, in one bounded file. */
import { writeSync } from "node:fs";
import pino from "pino";
import type { LogLevel } from "../../protocol/command/log-level.js";
import { LogFile } from "./log-file.js";
import { LogWriter } from "./log-writer.js";
import { stderrLog } from "./stderr-log.js";

export interface DaemonLog {
  logger: pino.Logger;
  /** Appends a line of text as it is. */
  appendText(line: string): void;
  /** Why the file cannot be written at present; null while it can. */
  problem(): string | null;
}

/**
 * Opens the log. A file that cannot be written is no error: the daemon works without a log and says so.
 *
 * @param maxBytes of the file before it is rotated
 * @param level the least severe level that is logged
 * @param toStderr writes the lines to stderr too
 */
export function openDaemonLog(file: string, maxBytes: number, level: LogLevel, toStderr: boolean): DaemonLog {
  const writer = new LogWriter(new LogFile(file, maxBytes));
  writer.check();
  const stderr = toStderr ? new LogWriter(stderrLog()) : null;
  const write = (line: string) => {
    writer.write(line);
    stderr?.write(line);
  };
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write },
  );
  return { logger, appendText: (line) => write(`${line}\n`), problem: () => writer.problem };
}

/** Says the last words of a daemon that stops, where the log may not take them. Never blocks. */
export function sayOnStderr(text: string): void {
  try {
    writeSync(2, `liveopsd: ${text}\n`);
  } catch {
    // Nobody is there to read it.
  }
}
