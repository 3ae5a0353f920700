/** Processes: their time from spawn to exit, their CPU time, and their memory, from /proc. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Milliseconds until the program has exited.
 *
 * @throws where the exit code is not 0
 */
export function timed(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program, ...rest] = words as [string, ...string[]];
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new Error(`${words.join(" ")} ended with ${code}: ${said}`));
    });
  });
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

/** Milliseconds of CPU time of the process's threads that live. */
export function cpuOfThreads(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  return spent.reduce((sum, times) => sum + Number(times.split(" ")[0]) / 1e6, 0);
}

/** Share of one core that the process takes over a period, from 0 to 1. */
export async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuOfThreads(pid);
  const start = performance.now();
  await sleep(seconds * 1000);
  return (cpuOfThreads(pid) - before) / (performance.now() - start);
}

/** Milliseconds of CPU time of the process and its children, with their children. */
export function cpuOfTree(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuOfTree(child), cpuOfThreads(pid));
}

/** Milliseconds of CPU time of a daemon's workers, without the processes that they start. */
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
export function memoryOf(pid: number): { rss: number; private: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const sum = (field: RegExp) =>
    [...rollup.matchAll(field)].reduce((total, match) => total + (Number(match[1]) * 1024) / 1e6, 0);
  return {
    rss: sum(/^Rss:\s+(\d+) kB/gm),
    private: sum(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm),
  };
}
