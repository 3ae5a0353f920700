/** Memory of a process, from /proc, in MB (1,000,000 bytes). */
import { readFileSync } from "node:fs";

interface Memory {
  /** Resident memory, shared pages included. */
  rss: number;
  /** Private memory. */
  private: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const sum = (field: RegExp) =>
    [...rollup.matchAll(field)].reduce((total, match) => total + (Number(match[1]) * 1024) / 1e6, 0);
  return {
    rss: sum(/^Rss:\s+(\d+) kB/gm),
    private: sum(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm),
  };
}
