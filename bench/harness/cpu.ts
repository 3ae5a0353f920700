/** CPU time that a process has used, from /proc. */
import { readFileSync } from "node:fs";

/** Clock ticks per second (sysconf(_SC_CLK_TCK)), the same on every current Linux. */
const TICKS = 100;

/** Seconds of user and system time of the process (proc_pid_stat(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Average use of one core over a period, in percent. */
export async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return ((cpuSeconds(pid) - before) / ((performance.now() - start) / 1000)) * 100;
}
