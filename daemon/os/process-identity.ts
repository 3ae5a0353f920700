/**
 * Identifies a process beyond its pid: start time and boot id. Used only to signal the right
 * process; the kernel lock of a worker shows whether the worker is alive.
 */
import { newStat, processStat, seesProcesses, send, textOf } from "../../ops/programs/proc.js";
import { ProcessSweep } from "../../ops/programs/process-sweep.js";

export interface ProcessIdentity {
  pid: number;
  /** As in `ProcessStat`; null if the system does not tell. */
  startTime: string | null;
  bootId: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: newStat(pid)?.startTime.toString() ?? null, bootId: bootId() };
}

/**
 * Whether the pid still belongs to that process. Where the system does not tell, this is assumed.
 */
export function isSame(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  if (identity.startTime === null || !seesProcesses()) return true;
  return processStat(identity.pid)?.startTime.toString() === identity.startTime;
}

/** Whether the process was stopped by a signal (SIGSTOP) or a debugger and does nothing. */
export function isStopped(identity: ProcessIdentity): boolean {
  // A row of ps may be a second old: a process that was stopped then is looked at again.
  const looks = [processStat, newStat];
  return looks.every((look) => /^[tT]$/.test(look(identity.pid)?.state ?? "")) && isSame(identity);
}

/** Whether the process exists and is not a zombie: it may still write. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (!isSame(identity)) return false;
  if (!seesProcesses()) return send(identity.pid, 0);
  return /^[^ZX]$/.test(processStat(identity.pid)?.state ?? "");
}

/** Sends a signal if the pid still belongs to that process; returns whether it was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  // Where ps fails at the moment, nothing tells whose the pid is now.
  const isKnown = identity.startTime === null || processStat(identity.pid) !== null;
  return isKnown && isSame(identity) && send(identity.pid, signal);
}

/**
 * The environment variable by which all processes of a worker are found, whatever session they
 * moved to.
 */
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
  if (cachedBootId === undefined)
    cachedBootId = textOf("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
  return cachedBootId;
}
