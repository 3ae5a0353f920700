/** CPU time a process has used, from /proc. */
import { readFileSync } from "node:fs";

/** Clock ticks a second, as every Linux of today has it (sysconf(_SC_CLK_TCK)). */
const TICKS = 100;

/** Seconds of user and system time of the process (proc_pid_stat(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Share of a core used over the time, in percent. */
export async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return ((cpuSeconds(pid) - before) / ((performance.now() - start) / 1000)) * 100;
}
