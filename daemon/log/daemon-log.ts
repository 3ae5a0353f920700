/** The daemon's log: lines of pino in one bounded file and, if asked for, on stderr. */
import { spawnSync } from "node:child_process";
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import pino from "pino";
import type { LogLevel } from "../../protocol/system/log-level.js";
import type { Log } from "./log.js";
import { LogFile, type LogTarget, LogWriter, writeWhole } from "./log-file.js";

const STDERR = 2;

/** How long `logger` may take, in ms. */
const SYSTEM_LOG_MS = 1000;

/** Bytes of the file; a full one is renamed to `liveopsd.log.1`. */
export const MOST_BYTES = 10 * 1024 * 1024;

/** Bytes that may wait for the reader of a socket. */
const MAX_WAITING = 1024 * 1024;

/**
 * The daemon's stderr as a log target. A paused terminal (Ctrl-S), a pipe that nobody reads and a
 * restarted journald accept nothing. They must neither block nor end the daemon.
 */
function stderrLog(): LogTarget {
  const stat = fstatSync(STDERR);
  if (stat.isFile()) return toDescriptor(STDERR);
  if (stat.isFIFO() || stat.isCharacterDevice()) {
    try {
      // Opened again: O_NONBLOCK on the inherited descriptor would hold for every process that
      // shares it.
      const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
      return toDescriptor(openSync("/dev/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY));
    } catch {
      // A terminal of another user, or a system without /dev/fd.
    }
  }
  return new Stream();
}

function toDescriptor(fd: number): LogTarget {
  return { append: (bytes) => writeWhole(fd, bytes) };
}

/** Node writes to a socket without blocking and buffers the rest. This class bounds the buffer. */
class Stream implements LogTarget {
  constructor() {
    // A command ends when nobody reads its messages; a daemon does not.
    process.stderr.removeAllListeners("error").on("error", () => {});
  }

  append(bytes: Buffer): number {
    const { stderr } = process;
    if (stderr.destroyed) throw new Error("stderr is closed");
    if (stderr.writableLength > MAX_WAITING) throw new Error("nobody reads stderr");
    stderr.write(bytes);
    return bytes.length;
  }
}

export interface DaemonLog {
  logger: Log;
  /** Why the file cannot be written at present; null while it can. */
  problem(): string | null;
}

/**
 * Opens the log. A file that cannot be written is not an error: the daemon works without a log and
 * reports that.
 *
 * @param level the least severe level that is logged
 * @param toStderr writes the lines to stderr too
 */
export function openDaemonLog(file: string, level: LogLevel, toStderr: boolean): DaemonLog {
  const logFile = new LogFile(file, MOST_BYTES);
  const writer = new LogWriter(logFile);
  writer.check();
  const stderr = toStderr ? new LogWriter(stderrLog()) : null;
  const write = (line: string) => {
    writer.write(line);
    stderr?.write(line);
  };
  const { isoTime } = pino.stdTimeFunctions;
  const options = { level, base: { pid: process.pid }, timestamp: isoTime };
  const logger = pino(options, { write });
  return {
    logger,
    problem: () => writer.problem,
  };
}

/**
 * Writes a message to the system's log, in case the daemon's own log was removed. Without `logger`
 * it is lost.
 */
export function sayToSystemLog(text: string): void {
  spawnSync("logger", ["-t", "liveopsd", "-p", "daemon.err", "--", text], {
    stdio: "ignore",
    timeout: SYSTEM_LOG_MS,
  });
}

/** Writes the last message of a daemon that stops, in case the log cannot take it. */
export function sayOnStderr(text: string): void {
  try {
    writeSync(STDERR, `liveopsd: ${text}\n`);
  } catch {
    // stderr has no reader.
  }
}
