/**
 * Whether a program waits for input on its terminal: a process of the foreground group is blocked
 * in the kernel until somebody types. Reads Linux's /proc.
 *
 * A process that waits for the terminal and for something else too, as ssh does for its connection,
 * does not count, and neither does a wait with a time limit.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { childrenOf, pids, processStat, statFields, textOf } from "./proc.js";

/**
 * Numbers of the system calls that wait; `timeout` is the argument that is 0 or -1 for a wait
 * without a limit.
 */
interface Calls {
  read: readonly number[];
  select: readonly number[];
  poll: readonly number[];
  ppoll: readonly number[];
  epoll: readonly number[];
}

const CALLS: Partial<Record<NodeJS.Architecture, Calls>> = {
  x64: { read: [0, 19], select: [23, 270], poll: [7], ppoll: [271], epoll: [232, 281] },
  arm64: { read: [63, 65], select: [72], poll: [], ppoll: [73], epoll: [22] },
};

const MAX_PROCESSES = 256;
const MAX_THREADS = 64;
const MAX_FDS = 64;
const POLLIN = 1;
const EPOLLIN = 1;

/**
 * - `yes`: a process waits for input
 * - `no`: none does
 * - `unknown`: the system does not say, because the program runs as another user (sudo) or there is
 *   no /proc
 */
export type InputWait = "yes" | "no" | "unknown";

/** @param leader - pid of the leader of the terminal's session */
export function inputWait(leader: number): InputWait {
  const group = foregroundGroup(leader);
  const calls = CALLS[process.arch];
  if (group === null || calls === undefined) return "unknown";
  let isUnknown = false;
  for (const pid of membersOf(group, leader)) {
    for (const thread of threadsOf(pid)) {
      const call = textOf(`/proc/${pid}/task/${thread}/syscall`);
      if (call === null) isUnknown ||= processStat(pid)?.state === "S";
      else if (waits(pid, call, calls)) return "yes";
    }
  }
  return isUnknown ? "unknown" : "no";
}

/** The process group that the terminal belongs to now; null without /proc, or if there is none. */
export function foregroundGroup(leader: number): number | null {
  const group = Number(statFields(leader)?.[5] ?? -1);
  return group > 0 ? group : null;
}

/** Descendants of the leader in the group; if none is found, all processes of the group. */
function membersOf(group: number, leader: number): number[] {
  const found: number[] = [];
  const queue = [leader];
  for (const pid of queue) {
    if (Number(statFields(pid)?.[2]) === group) found.push(pid);
    if (queue.length < MAX_PROCESSES) queue.push(...childrenOf(pid));
  }
  return found.length > 0 ? found : pids().filter((pid) => Number(statFields(pid)?.[2]) === group);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).slice(0, MAX_THREADS);
  } catch {
    return [];
  }
}

/**
 * @param call - the number of the system call and its arguments, as proc_pid_syscall(5) has them,
 * or `running`
 */
function waits(pid: number, call: string, calls: Calls): boolean {
  const [number, ...given] = call.split(" ").map(Number);
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = given;
  if (number === undefined || Number.isNaN(number)) return false;
  if (calls.read.includes(number)) return isTerminal(pid, first);
  if (calls.select.includes(number))
    return fifth === 0 && onlyTerminal(pid, selected(pid, second, first));
  if (calls.poll.includes(number))
    return isEndless(third) && onlyTerminal(pid, polled(pid, first, second));
  if (calls.ppoll.includes(number))
    return third === 0 && onlyTerminal(pid, polled(pid, first, second));
  return calls.epoll.includes(number) && isEndless(fourth) && epollWaits(pid, first);
}

/** -1 of 32 or 64 bits. */
function isEndless(timeout: number): boolean {
  return timeout === 0xffffffff || timeout > 0xffffffff;
}

function isTerminal(pid: number, fd: number): boolean {
  return /^\/dev\/(tty|pts\/\d+)$/.test(link(pid, fd));
}

function onlyTerminal(pid: number, fds: readonly number[]): boolean {
  return fds.length > 0 && fds.every((fd) => isTerminal(pid, fd));
}

/** The descriptors of a set of select(2). */
function selected(pid: number, address: number, count: number): number[] {
  const bits = memory(pid, address, Math.ceil(Math.min(count, 1024) / 8));
  return Array.from({ length: count }, (_, fd) => fd).filter(
    (fd) => (bits?.[fd >> 3] ?? 0) & (1 << (fd & 7)),
  );
}

/** The descriptors of a list of poll(2) that are read. */
function polled(pid: number, address: number, count: number): number[] {
  if (count > MAX_FDS) return [];
  const list = memory(pid, address, count * 8);
  if (list === null) return [];
  const entries = Array.from({ length: count }, (_, n) => ({
    fd: list.readInt32LE(n * 8),
    events: list.readInt16LE(n * 8 + 4),
  }));
  return entries.filter(({ fd, events }) => fd >= 0 && (events & POLLIN) !== 0).map(({ fd }) => fd);
}

/** An event loop, as that of Node, waits for its terminal, and has no open connection. */
function epollWaits(pid: number, epoll: number): boolean {
  const entries = (textOf(`/proc/${pid}/fdinfo/${epoll}`) ?? "").matchAll(
    /^tfd:\s*(\d+)\s+events:\s*([\da-f]+)/gm,
  );
  let waitsForTerminal = false;
  for (const [, fd, events] of entries) {
    const isRead = (Number.parseInt(events as string, 16) & EPOLLIN) !== 0;
    if (isRead && isTerminal(pid, Number(fd))) waitsForTerminal = true;
    else if (/^socket:|inotify/.test(link(pid, Number(fd)))) return false;
  }
  return waitsForTerminal;
}

function memory(pid: number, address: number, bytes: number): Buffer | null {
  if (address === 0 || bytes === 0) return null;
  let fd: number | null = null;
  try {
    fd = openSync(`/proc/${pid}/mem`, "r");
    const buffer = Buffer.alloc(bytes);
    return readSync(fd, buffer, 0, bytes, address) === bytes ? buffer : null;
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function link(pid: number, fd: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}
