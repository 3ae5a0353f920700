/**
 * The daemon's stderr as a place for log lines. A terminal that is held (Ctrl-S), a pipe that nobody reads and a
 * journal that was restarted take nothing, and must neither block nor end the daemon.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { writeWhole } from "./log-file.js";
import type { LogTarget } from "./log-writer.js";

const STDERR = 2;

/** Bytes that may wait for the reader of a socket. */
const MAX_WAITING = 1024 * 1024;

/** The target that fits what stderr is. */
export function stderrLog(): LogTarget {
  const stat = fstatSync(STDERR);
  if (stat.isFile()) return new Descriptor(STDERR, false);
  if (stat.isFIFO() || stat.isCharacterDevice()) {
    try {
      // Opened again: O_NONBLOCK on the inherited descriptor would hold for every process that shares it.
      const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
      return new Descriptor(openSync("/dev/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY), true);
    } catch {
      // A terminal of another user, or a system without /dev/fd.
    }
  }
  return new Stream();
}

class Descriptor implements LogTarget {
  constructor(
    private readonly fd: number,
    private readonly isOurs: boolean,
  ) {}

  append(bytes: Buffer): number {
    return writeWhole(this.fd, bytes);
  }

  close(): void {
    if (this.isOurs) closeSync(this.fd);
  }
}

/** Node writes to a socket without blocking and keeps what does not fit: that is bounded here. */
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

  close(): void {}
}
