/** Processes: their time from spawn to exit, their CPU time, and their memory, from /proc. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnv, node } from "./world.js";

interface RunOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  input?: string;
}

/** Milliseconds until the program has exited. @throws where the exit code is not 0 */
export function timed([program, ...words]: string[], options: RunOptions = {}): number {
  const start = performance.now();
  const stdio = ["pipe", "ignore", "pipe"] as const;
  const { status, stderr } = spawnSync(program!, words, {
    env: cleanEnv(),
    ...options,
    stdio: [...stdio],
  });
  const took = performance.now() - start;
  if (status !== 0)
    throw new Error(`${program} ${words.join(" ")} ended with ${status}: ${stderr}`);
  return took;
}

/** Milliseconds of user and system time of a program from its start to its exit. */
export function cpuOfProgram(words: string[], env = cleanEnv()): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null';
  const options = { env: { ...env, LC_ALL: "C" }, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], options);
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}: ${stderr}`);
  const [user, system] = stderr.trim().split("\n").at(-1)!.split(" ");
  return (Number(user) + Number(system)) * 1000;
}

export const bareNode = [node, "-e", "0"];

/** Milliseconds of CPU time of the process's threads that live. */
export function cpuOfThreads(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"),
  );
  return spent.reduce((sum, times) => sum + Number(times.split(" ")[0]) / 1e6, 0);
}

/** Share of one core that the process takes over a period, from 0 to 1. */
export async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuOfThreads(pid);
  const start = performance.now();
  await sleep(seconds * 1000);
  return (cpuOfThreads(pid) - before) / (performance.now() - start);
}

/** Clock ticks of `/proc/PID/stat`, in ms. */
const TICK_MS = 10;

/**
 * Milliseconds of CPU time of the process and its children, with their children, those that have
 * ended included: a worker ends after some operations. @throws where the process is not there
 */
export function cpuOfTree(pid: number): number {
  for (;;) {
    try {
      return cpuOfTreeNow(pid);
    } catch (error) {
      // A child that ends in between has no entry, and its time is not yet in what was read of its
      // parent.
      if (!existsSync(`/proc/${pid}`)) throw error;
    }
  }
}

function cpuOfTreeNow(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program may hold spaces. The times of user and system, and of children, are
  // fields 14 to 17.
  const times = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15);
  const own = times.reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
  return childrenOf(pid).reduce((sum, child) => sum + cpuOfTreeNow(child), own);
}

/**
 * Milliseconds of CPU time of a daemon's workers that live, without the processes that they start.
 */
export function cpuOfWorkers(daemon: number): number {
  const workers = childrenOf(daemon).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker.js"),
  );
  return workers.reduce((sum, pid) => sum + cpuOfThreads(pid), 0);
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

/** MB (1,000,000 bytes): resident memory with shared pages, and private memory. */
export function memoryOf(pid: number): { resident: number; private: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const sum = (field: RegExp) =>
    [...rollup.matchAll(field)].reduce(
      (total, match) => total + (Number(match[1]) * 1024) / 1e6,
      0,
    );
  return {
    resident: sum(/^Rss:\s+(\d+) kB/gm),
    private: sum(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm),
  };
}
