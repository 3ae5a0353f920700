/**
 * The lease of a host: until when its workers may run, in a file that each of them reads.
 *
 * The deadline is a time since boot that runs through a suspend. It is counted from the moment the
 * renewal was sent, and ends before any peer may take over: a worker that gets no message ends by
 * itself.
 */
import { closeSync, constants, mkdirSync } from "node:fs";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { encodeRecord } from "../../../../protocol/record-line.js";
import { openOwnFile } from "../../../../protocol/system/own-file.js";
import { writeAllSync } from "../../../store/durable-file.js";
import type { Layout } from "../../../store/layout.js";

/**
 * Part of `lostAfter` before its end at which a host ends its own work, and the least, in seconds:
 * on a machine without a free CPU, the end of a process takes some tenths of a second.
 */
const MARGIN = { part: 0.2, least: 1 };

/** Bytes of the file, always the same: a renewal needs no room on the disk. */
const BYTES = 64;

export function leaseFile({ engine }: Pick<Layout, "engine">): string {
  return join(engine, "lease");
}

export class Lease {
  #deadline = Number.NEGATIVE_INFINITY;
  /** When a lease was last renewed that had been over. */
  #overAt = Number.NEGATIVE_INFINITY;

  /** @param lostAfter in seconds */
  constructor(
    readonly file: string,
    private readonly lostAfter: number,
  ) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  }

  /** Whether the work of this host must have ended. */
  get isOver(): boolean {
    return uptime() > this.#deadline;
  }

  /** Whether the lease was over within the last seconds. */
  wasOver(seconds: number): boolean {
    return this.isOver || uptime() - this.#overAt < seconds;
  }

  /**
   * Writes the file in its place, without a sync: no worker outlives the kernel.
   *
   * @param sentAt `uptime()` when the renewal was sent that has succeeded
   */
  renewed(sentAt: number): void {
    if (this.isOver && Number.isFinite(this.#deadline)) this.#overAt = uptime();
    this.#deadline = sentAt + this.lostAfter - Math.max(MARGIN.least, MARGIN.part * this.lostAfter);
    const line = encodeRecord({ deadline: this.#deadline }).trimEnd();
    const fd = openOwnFile(this.file, constants.O_WRONLY | constants.O_CREAT);
    try {
      writeAllSync(fd, Buffer.from(`${line.padEnd(BYTES - 1)}\n`));
    } finally {
      closeSync(fd);
    }
  }
}
