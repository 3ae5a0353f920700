/**
 * Measures the CPU time, memory and I/O of processes, from Linux's /proc. ps tells no I/O.
 *
 * The CPU time and I/O of a process include those of its ended children that it waited for, as the
 * kernel adds them up.
 */
import { openSync, readSync } from "node:fs";
import type { UsedBefore } from "../../protocol/event.js";
import type { Resources } from "../../protocol/operation.js";
import { hasProc } from "../../protocol/system/own-process.js";
import { fieldsOf, textOf } from "../programs/proc.js";
import { type ProcessRow, psRow, psRows } from "../programs/ps.js";

/** The use of one process, since its start. */
export interface ProcessUsage {
  cpuSeconds: number;
  /** Bytes of memory at this moment. */
  rssBytes: number;
  /**
   * Bytes that it caused to be read from and written to storage; what the page cache answers does
   * not count.
   */
  readBytes: number;
  writtenBytes: number;
}

/** USER_HZ: the unit of CPU times in /proc, the same on every architecture that Node supports. */
const TICKS_A_SECOND = 100;

let pageBytes: number | null = null;

/** Null if the process has ended. */
export function usageOf(pid: number): ProcessUsage | null {
  if (!hasProc()) return usageOfRow(psRow(pid));
  return usageIn(textOf(`/proc/${pid}/stat`), textOf(`/proc/${pid}/io`));
}

function usageOfRow(row: ProcessRow | undefined): ProcessUsage | null {
  return row === undefined ? null : { ...row, readBytes: 0, writtenBytes: 0 };
}

function usageIn(stat: string | null, io: string | null): ProcessUsage | null {
  if (stat === null) return null;
  const fields = fieldsOf(stat);
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  return {
    cpuSeconds: (user! + system! + childrenUser! + childrenSystem!) / TICKS_A_SECOND,
    rssBytes: Number(fields[21]) * bytesOfPage(),
    // The kernel hides the I/O of a process that changed its user.
    readBytes: ioEntry(io, "read_bytes"),
    writtenBytes: ioEntry(io, "write_bytes"),
  };
}

/** A file of this process in /proc. It stays open, so that each read is one system call. */
class OwnFile {
  #fd: number | null = null;

  constructor(private readonly file: string) {}

  /** Null if it cannot be read. */
  text(): string | null {
    try {
      this.#fd ??= openSync(this.file, "r");
      return buffer.toString("latin1", 0, readSync(this.#fd, buffer, 0, buffer.length, 0));
    } catch {
      return null;
    }
  }
}

/** Longer than each of the two files. */
const buffer = Buffer.alloc(4096);
const ownStat = new OwnFile("/proc/self/stat");
const ownIo = new OwnFile("/proc/self/io");
const ownUsage = () =>
  hasProc() ? usageIn(ownStat.text(), ownIo.text()) : usageOfRow(psRows().get(process.pid));

/** Measures what this process, and its children that it waited for, use from now on. */
export class OwnUsage {
  readonly #start: ProcessUsage | null;
  /** The use at the end; null: it has not ended. */
  last: ProcessUsage | null = null;

  /** @param before - a measure that has ended, where the process has done nothing since */
  constructor(before: OwnUsage | null = null) {
    this.#start = before?.last ?? ownUsage();
  }

  /** The use since the start; null where the system does not tell. */
  end(): Resources | null {
    const end = this.#start && ownUsage();
    this.last = end;
    if (!this.#start || !end) return null;
    return { ...difference(end, this.#start), maxRssBytes: end.rssBytes };
  }

  /** What this process had used before; null where the system does not tell. */
  get before(): UsedBefore | null {
    if (this.#start === null) return null;
    const { cpuSeconds, readBytes, writtenBytes } = this.#start;
    return { cpuSeconds, readBytes, writtenBytes };
  }
}

/** What was added between two measures, without the memory. */
export function difference(end: UsedBefore, start: UsedBefore): UsedBefore {
  return {
    cpuSeconds: Math.max(0, Math.round((end.cpuSeconds - start.cpuSeconds) * 100) / 100),
    readBytes: Math.max(0, end.readBytes - start.readBytes),
    writtenBytes: Math.max(0, end.writtenBytes - start.writtenBytes),
  };
}

/** The greater of each value; each only grows, so the greater one is the more complete. */
export function greaterOf(a: Resources | null, b: Resources | null): Resources | null {
  if (a === null || b === null) return a ?? b;
  return {
    cpuSeconds: Math.max(a.cpuSeconds, b.cpuSeconds),
    maxRssBytes: Math.max(a.maxRssBytes, b.maxRssBytes),
    readBytes: Math.max(a.readBytes, b.readBytes),
    writtenBytes: Math.max(a.writtenBytes, b.writtenBytes),
  };
}

function bytesOfPage(): number {
  // The kernel states it beside each mapping.
  pageBytes ??=
    1024 * Number(/^KernelPageSize:\s+(\d+) kB/m.exec(textOf("/proc/self/smaps") ?? "")?.[1] ?? 4);
  return pageBytes;
}

function ioEntry(text: string | null, name: string): number {
  return Number(new RegExp(`^${name}: (\\d+)`, "m").exec(text ?? "")?.[1] ?? 0);
}
