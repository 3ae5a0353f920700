/**
 * Measures the CPU time, memory and I/O of processes, from Linux's /proc. Without /proc there is no measure.
 *
 * The CPU time and I/O of a process include those of its ended children that it waited for, as the kernel adds them up.
 */
import type { UsedBefore } from "../../protocol/event.js";
import type { Resources } from "../../protocol/operation.js";
import { statFields, textOf } from "../programs/proc.js";

/** The use of one process, since its start. */
export interface ProcessUsage {
  cpuSeconds: number;
  /** Bytes of memory at this moment. */
  rssBytes: number;
  /** Bytes that it caused to be read from and written to storage; what the page cache answers does not count. */
  readBytes: number;
  writtenBytes: number;
}

/** USER_HZ: the unit of CPU times in /proc, the same on every architecture that Node supports. */
const TICKS_A_SECOND = 100;

let pageBytes: number | null = null;

/** Null if the process has ended. */
export function usageOf(pid: number): ProcessUsage | null {
  const fields = statFields(pid);
  if (fields === null) return null;
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  const io = textOf(`/proc/${pid}/io`);
  return {
    cpuSeconds: (user! + system! + childrenUser! + childrenSystem!) / TICKS_A_SECOND,
    rssBytes: Number(fields[21]) * bytesOfPage(),
    // The kernel hides the I/O of a process that changed its user.
    readBytes: ioEntry(io, "read_bytes"),
    writtenBytes: ioEntry(io, "write_bytes"),
  };
}

/** Measures what this process, and its children that it waited for, use from now on. */
export class OwnUsage {
  readonly #start = usageOf(process.pid);

  /** The use since the start; null without /proc. */
  end(): Resources | null {
    const end = this.#start && usageOf(process.pid);
    if (!this.#start || !end) return null;
    return { ...difference(end, this.#start), maxRssBytes: end.rssBytes };
  }

  /** What this process had used before; null without /proc. */
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
