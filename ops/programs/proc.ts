/** Reads processes from Linux's /proc. Without /proc, finds no process. */
import { readdirSync, readFileSync } from "node:fs";

/** One process at one moment. */
export interface ProcessStat {
  pid: number;
  /** One letter of proc_pid_stat(5): Z is a zombie, T is stopped. */
  state: string;
  parent: number;
  group: number;
  session: number;
  /** Clock ticks after boot. Identifies one process together with the pid. */
  startTime: number;
}

/** Paths of devices, pipes and processes. /dev/shm holds files of users. */
export const NO_FILES = /^\/(?:dev(?!\/shm\/)|proc)\//;

export function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
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
 * The fields of proc_pid_stat(5) after the command name, which may contain spaces and brackets: [0] is the state,
 * [1] the parent, [2] the process group, [3] the session, [19] the start time. Null if the process has ended.
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
  if (fields === null) return null;
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

/** Pids of the children of a process's first thread; empty if the kernel has no such list. */
export function childrenOf(pid: number): number[] {
  const list = textOf(`/proc/${pid}/task/${pid}/children`)?.trim();
  return list ? list.split(" ").map(Number) : [];
}

/** Whether the number is that of a thread that is not the first of its process. /proc answers for it, and does not list it. */
export function isThread(pid: number): boolean {
  const group = /^Tgid:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1];
  return group !== undefined && Number(group) !== pid;
}

/** Whether the initial environment of the process contains this `NAME=value`. */
export function hasMark(pid: number, mark: string): boolean {
  return textOf(`/proc/${pid}/environ`)?.split("\0").includes(mark) ?? false;
}

/** Null if the file cannot be read: the process has ended, or the system has no such file. */
export function textOf(file: string, encoding: BufferEncoding = "latin1"): string | null {
  try {
    return readFileSync(file, encoding);
  } catch {
    return null;
  }
}

/** Returns whether the signal was sent: not if the process has ended, or belongs to another user. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
