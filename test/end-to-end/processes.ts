/**
 * Which processes there are, read from /proc: by what stands in their command line, environment or
 * directory.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Seen {
  pid: number;
  command: string;
}

/** Living processes that carry the text: a world's directory, or a mark of a test. */
export function processesOf(text: string): Seen[] {
  const found: Seen[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = read(name, "cmdline").replaceAll("\0", " ").trim();
    const traces = [command, read(name, "environ"), cwdOf(name)];
    if (traces.some((trace) => trace.includes(text)) && isAlive(Number(name))) {
      found.push({ pid: Number(name), command });
    }
  }
  return found;
}

/** Whether it runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== "" && !"ZX".includes(state);
}

/** Whether all of it is stopped (SIGSTOP), which takes the kernel a moment after the signal. */
export function isStopped(pid: number): boolean {
  return !isAlive(pid) || threadsOf(pid).every((state) => state === "T");
}

/** A letter as in ps; empty: there is no such process. */
function stateOf(pid: number): string {
  return letterOf(read(String(pid), "stat"));
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) =>
      letterOf(read(String(pid), `task/${tid}/stat`)),
    );
  } catch {
    return [];
  }
}

/** The name of the program, in brackets, may hold any character. */
function letterOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(")") + 2).slice(0, 1);
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
