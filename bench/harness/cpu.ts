/** CPU time that a process has used, from /proc. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

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

/** Milliseconds of CPU time of the process's threads that live: exact, where `cpuSeconds` counts ticks of 10 ms. */
export function cpuOfThreads(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  return spent.reduce((sum, times) => sum + Number(times.split(" ")[0]) / 1e6, 0);
}

/** The process and its children, with their children. */
export function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => processTree(Number(child)))];
}

/**
 * Milliseconds of user and system time of a program from its start to its exit.
 *
 * @throws where the exit code is not 0
 */
export function cpuOfProgram(words: readonly string[], env: NodeJS.ProcessEnv): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null';
  const options = { env: { ...env, LC_ALL: "C" }, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], options);
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}: ${stderr}`);
  const [user, system] = stderr.trim().split("\n").at(-1)!.split(" ");
  return (Number(user) + Number(system)) * 1000;
}
