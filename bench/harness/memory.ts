/** Memory of a process, from /proc, in MB (1,000,000 bytes). */
import { readdirSync, readFileSync } from "node:fs";

export interface Memory {
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

/** Child processes whose command line contains the word. */
export function childrenOf(pid: number, word: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const stat = readFileSync(`/proc/${child}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return parent === pid && readFileSync(`/proc/${child}/cmdline`, "utf8").includes(word);
      } catch {
        // The process has ended.
        return false;
      }
    });
}
