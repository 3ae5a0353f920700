/**
 * Who a process is, beyond its pid: start time and boot id, read from /proc. Serves only to signal the right one;
 * whether a worker lives is told by its kernel lock.
 */
import { readFileSync } from "node:fs";
import { hasMark, pids, statFields } from "../../ops/process/proc.js";

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot (proc_pid_stat(5), field 22); null where there is no /proc. */
  startTime: string | null;
  bootId: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: startTime(pid), bootId: bootId() };
}

/** Whether the pid still belongs to that process. Without /proc it can only be believed. */
export function isSame(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  if (identity.startTime === null) return true;
  return startTime(identity.pid) === identity.startTime;
}

/** Whether the process was stopped by a signal (SIGSTOP) or a debugger and does nothing. */
export function isStopped(identity: ProcessIdentity): boolean {
  if (!isSame(identity)) return false;
  const state = statFields(identity.pid)?.[0];
  return state === "T" || state === "t";
}

/** Sends a signal if the pid still belongs to that process; says whether it was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isSame(identity)) return false;
  return send(identity.pid, signal);
}

/** The name by which everything an attempt's worker starts is found again, whatever session it moved to. */
export const WORKER_VARIABLE = "LIVEOPS_WORKER";

/**
 * Kills what a worker left behind: every process that carries its mark in its environment, and every one in its
 * session. A number that is some session's is given to no new process, so where another process has the worker's pid
 * by now, its session is over and the number means nothing.
 *
 * @param spare a pid that is left alone
 * @returns how many there were
 */
export function killLeftovers(worker: ProcessIdentity & { workerId: string }, spare?: number): number {
  if (worker.bootId !== bootId()) return 0;
  const mark = `${WORKER_VARIABLE}=${worker.workerId}`;
  const leader = startTime(worker.pid);
  const session = leader === null || leader === worker.startTime ? worker.pid : null;
  let found = 0;
  for (const pid of pids()) {
    if (pid === process.pid || pid === spare) continue;
    if ((session === null || sessionOf(pid) !== session) && !hasMark(pid, mark)) continue;
    if (send(pid, "SIGKILL")) found++;
  }
  return found;
}

/** Kills every process that carries the worker's mark, itself among them; for one of which nothing else is known. */
export function killMarked(workerId: string): void {
  const mark = `${WORKER_VARIABLE}=${workerId}`;
  for (const pid of pids()) if (pid !== process.pid && hasMark(pid, mark)) send(pid, "SIGKILL");
}

let cachedBootId: string | null | undefined;
export function bootId(): string | null {
  if (cachedBootId === undefined) cachedBootId = read("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
  return cachedBootId;
}

function startTime(pid: number): string | null {
  return statFields(pid)?.[19] ?? null;
}

function sessionOf(pid: number): number {
  return Number(statFields(pid)?.[3] ?? -1);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
