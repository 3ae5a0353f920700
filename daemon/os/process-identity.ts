/**
 * Identifies a process beyond its pid: start time and boot id, read from /proc. Used only to signal the right process;
 * the kernel lock of a worker shows whether the worker is alive.
 */
import { send, statFields, textOf } from "../../ops/programs/proc.js";
import { ProcessSweep } from "../../ops/programs/process-sweep.js";
import { hasProc } from "../../protocol/system/own-process.js";

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot (proc_pid_stat(5), field 22); null if there is no /proc. */
  startTime: string | null;
  bootId: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: startTime(pid), bootId: bootId() };
}

/** Whether the pid still belongs to that process. Without /proc this is assumed. */
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

/** Whether the process exists and is not a zombie: it may still write. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (!isSame(identity)) return false;
  if (!hasProc()) return exists(identity.pid);
  const state = statFields(identity.pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sends a signal if the pid still belongs to that process; returns whether it was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isSame(identity) && send(identity.pid, signal);
}

/** The environment variable by which all processes of a worker are found, whatever session they moved to. */
export const WORKER_VARIABLE = "LIVEOPS_WORKER";

/** The sweep that finds the processes of a worker; null if the worker is from another boot. */
export function sweepOf(worker: ProcessIdentity & { workerId: string }): ProcessSweep | null {
  if (worker.bootId !== bootId()) return null;
  const { pid, startTime, workerId } = worker;
  const root = startTime === null ? null : { pid, startTime: Number(startTime) };
  return new ProcessSweep(markOf(workerId), root);
}

/** The variable in the environment of every process that a worker starts. */
export function markOf(workerId: string): string {
  return `${WORKER_VARIABLE}=${workerId}`;
}

let cachedBootId: string | null | undefined;
export function bootId(): string | null {
  if (cachedBootId === undefined) cachedBootId = textOf("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
  return cachedBootId;
}

function startTime(pid: number): string | null {
  return statFields(pid)?.[19] ?? null;
}
