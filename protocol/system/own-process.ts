/**
 * What this system tells of processes. Linux has /proc, unless a container hides it; macOS has
 * none.
 */
import { existsSync } from "node:fs";

/** Whether the system has Linux's /proc. Without it, the use of other processes is not known. */
export function hasProc(): boolean {
  return existsSync("/proc/self/stat");
}

/** What is shown in place of a figure that needs /proc. */
export const NOT_AVAILABLE = "not available on this system";

/** Bytes of memory of this process; `rss` is null where the system does not say. */
export function ownMemory(): { rss: number | null; heapUsed: number } {
  try {
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  } catch {
    // Node on Linux reads /proc.
    return { rss: null, heapUsed: 0 };
  }
}
