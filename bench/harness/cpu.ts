/** CPU time that a process has used, from /proc. */
import { readFileSync } from "node:fs";
import { childrenOf } from "./memory.js";

/** Clock ticks per second (sysconf(_SC_CLK_TCK)), the same on every current Linux. */
const TICKS = 100;

/** Seconds of user and system time of the process (proc_pid_stat(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  return seconds(pid, [11, 12]);
}

/** The same with all its children, those that have ended included (fields 16 and 17). */
export function cpuSecondsOfAll(pid: number): number {
  const ofChild = (child: number) => {
    try {
      return cpuSeconds(child);
    } catch {
      // The process has just ended: its parent has its time now, or at the next look.
      return 0;
    }
  };
  return childrenOf(pid, "").reduce((sum, child) => sum + ofChild(child), seconds(pid, [11, 12, 13, 14]));
}

function seconds(pid: number, indexes: readonly number[]): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return indexes.reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS;
}

/** Average use of one core over a period, in percent. */
export async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return ((cpuSeconds(pid) - before) / ((performance.now() - start) / 1000)) * 100;
}
