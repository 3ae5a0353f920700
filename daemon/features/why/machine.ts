/**
 * The machine at a failure: free space where the operation writes, memory, load, the largest
 * processes.
 */
import { readFileSync } from "node:fs";
import { readFile, readlink, stat, statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import { basename } from "node:path";
import { setImmediate as everythingElse } from "node:timers/promises";
import { pids } from "../../../ops/programs/proc.js";
import type { Machine } from "../../../protocol/why.js";

const DISKS_MOST = 5;
const PROCESSES_MOST = 5;
/** Processes that are read in one turn of the event loop. */
const A_TURN = 100;
const PAGE_BYTES = 4096;

type Process = Machine["processes"][number];

/**
 * @param places the directories that the operation writes to @param outOfMemory what is known of it
 */
export async function machineNow(
  places: readonly string[],
  outOfMemory: string | null,
): Promise<Machine> {
  const at = new Date().toISOString();
  const [load = 0] = loadavg();
  const [disks, memory, processes] = await Promise.all([disksOf(places), memoryNow(), largest()]);
  return {
    at,
    disks,
    memory,
    processes,
    outOfMemory,
    load: Math.round(load * 100) / 100,
    cores: availableParallelism(),
  };
}

/** One row a file system: the first of the places that is on it. */
async function disksOf(places: readonly string[]): Promise<Machine["disks"]> {
  const disks = new Map<number, Machine["disks"][number]>();
  for (const path of new Set(places)) {
    const [device, disk] = await Promise.all([
      stat(path).then(
        ({ dev }) => dev,
        () => null,
      ),
      statfs(path).catch(() => null),
    ]);
    if (device === null || disk === null || disk.blocks === 0) continue;
    if (disks.has(device) || disks.size >= DISKS_MOST) continue;
    const { bsize, blocks, bavail } = disk;
    disks.set(device, { path, freeBytes: bavail * bsize, totalBytes: blocks * bsize });
  }
  return [...disks.values()];
}

async function memoryNow(): Promise<Machine["memory"]> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return {
    availableBytes: available === undefined ? freemem() : Number(available) * 1024,
    totalBytes: totalmem(),
  };
}

/** The command lines are not read: they may hold secrets. */
async function largest(): Promise<Process[]> {
  let most: Array<Omit<Process, "name">> = [];
  for (const [i, pid] of pids().entries()) {
    if (i % A_TURN === A_TURN - 1) await everythingElse();
    const rssBytes = rssOf(pid);
    if (most.length === PROCESSES_MOST && rssBytes <= most.at(-1)!.rssBytes) continue;
    most = [...most, { pid, rssBytes }]
      .sort((a, b) => b.rssBytes - a.rssBytes)
      .slice(0, PROCESSES_MOST);
  }
  const named = await Promise.all(
    most.map(async (each) => {
      const name = await nameOf(each.pid);
      return name === null ? [] : [{ ...each, name }];
    }),
  );
  return named.flat().filter(({ rssBytes }) => rssBytes > 0);
}

/**
 * 0: it has ended. Without a promise, which took a quarter of the processor time of many failures.
 */
function rssOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

/** Null: it has ended. */
async function nameOf(pid: number): Promise<string | null> {
  const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => null))?.trimEnd() ?? null;
  if (name !== "MainThread") return name;
  // Node gives its first thread this name.
  return readlink(`/proc/${pid}/exe`).then(basename, () => name);
}

/**
 * Number of processes that the kernel has ended for lack of memory since the boot; null: it does
 * not tell.
 */
export async function memoryKills(): Promise<number | null> {
  const text = await readFile("/proc/vmstat", "utf8").catch(() => "");
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}
