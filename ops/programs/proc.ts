/** Reads processes from Linux's /proc; without /proc, from ps. */
import { readdirSync, readFileSync } from "node:fs";
import { hasProc } from "../../protocol/system/own-process.js";
import { AGE_MS, type ProcessRow, psRow, psRows } from "./ps.js";

/** One process at one moment. `startTime` of /proc is in clock ticks after boot. */
export type ProcessStat = Omit<ProcessRow, "cpuSeconds" | "rssBytes" | "environment">;

/** Paths of devices, pipes and processes. /dev/shm holds files of users. */
export const NO_FILES = /^\/(?:dev(?!\/shm\/)|proc)\//;

export function pids(): number[] {
  if (!hasProc()) return [...psRows().keys()];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Whether the system tells of other processes. */
export function seesProcesses(): boolean {
  return hasProc() || psRow(process.pid) !== undefined;
}

/** All pids, newest first. After the pids wrap around, the newest is not the highest. */
export function newestPids(): number[] {
  const last = lastPid();
  const age = (pid: number) => (pid <= last ? last - pid : Number.MAX_SAFE_INTEGER - pid);
  return pids().sort((a, b) => age(a) - age(b));
}

/** The pid that the kernel assigned last; 0 without /proc. */
export function lastPid(): number {
  return Number(textOf("/proc/loadavg")?.split(" ")[4] ?? 0);
}

/**
 * The fields of proc_pid_stat(5) after the command name, which may contain spaces and brackets: [0]
 * is the state, [1] the parent, [2] the process group, [3] the session, [19] the start time. Null
 * if the process has ended.
 */
export function statFields(pid: number): string[] | null {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === null ? null : fieldsOf(stat);
}

/** As `statFields`, of the text of the file. */
export function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Null if the process has ended. A zombie still has an entry. */
export function processStat(pid: number): ProcessStat | null {
  const fields = statFields(pid);
  if (fields === null) return hasProc() ? null : (psRow(pid) ?? null);
  const [state = "X", parent, group, session] = fields;
  return {
    pid,
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: Number(fields[19]),
  };
}

/**
 * As `processStat`, of a process that may have begun a moment ago, which rows of ps do not have.
 */
export function newStat(pid: number): ProcessStat | null {
  if (!hasProc()) psRows();
  return processStat(pid);
}

/** Pids of the children of a process's first thread; empty if the kernel has no such list. */
export function childrenOf(pid: number): number[] {
  if (!hasProc())
    return [...psRows(AGE_MS.known).values()]
      .filter(({ parent }) => parent === pid)
      .map((row) => row.pid);
  const list = textOf(`/proc/${pid}/task/${pid}/children`)?.trim();
  return list ? list.split(" ").map(Number) : [];
}

/**
 * Whether the number is that of a thread that is not the first of its process. /proc answers for
 * it, and does not list it.
 */
export function isThread(pid: number): boolean {
  const group = /^Tgid:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1];
  return group !== undefined && Number(group) !== pid;
}

/**
 * `NAME=value` of the initial environment; empty if the process has ended, or belongs to another
 * user.
 */
export function environmentOf(pid: number): string[] {
  if (!hasProc()) return psRow(pid)?.environment ?? [];
  return textOf(`/proc/${pid}/environ`, "utf8")?.split("\0") ?? [];
}

/** Null if the file cannot be read: the process has ended, or the system has no such file. */
export function textOf(file: string, encoding: BufferEncoding = "latin1"): string | null {
  try {
    return readFileSync(file, encoding);
  } catch {
    return null;
  }
}

/**
 * Returns whether the signal was sent: not if the process has ended, or belongs to another user.
 */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
