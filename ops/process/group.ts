/**
 * A command as the leader of its own process group, ended as a whole: used by `shell`.
 *
 * A group of its own is a session of its own (Node knows no other way), so nobody who ends the worker's session ends
 * it. A guard does: a shell that waits on a pipe which only this process holds, and kills the group when the pipe
 * breaks, however this process died.
 */
import { type ChildProcess, type ChildProcessByStdio, type SpawnOptions, spawn } from "node:child_process";
import { tracingChannel } from "node:diagnostics_channel";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { pids, statFields } from "./proc.js";

/**
 * Whether a process group still has a process that runs: asked by `Group` while it waits for a group to end.
 *
 * A signal also reaches those that have ended and that nobody has waited for, and some containers' first process
 * takes seconds over that, or never does it. So where there is a /proc, their state is read there.
 */
function groupLives(group: number): boolean {
  if (!hasMembers(group)) return false;
  const all = pids();
  return all.length === 0 || all.some((pid) => runsIn(pid, group));
}

function hasMembers(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function runsIn(pid: number, group: number): boolean {
  const [state, , pgrp] = statFields(pid) ?? [];
  return Number(pgrp) === group && state !== "Z" && state !== "X";
}

export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** How long the system may take over a SIGKILL before we go on. */
const KILL_TAKES_MS = 1000;
const LOOK_AGAIN_MS = 20;

export class Group {
  /** When the leader has ended; its output may still be open. */
  readonly ended: Promise<Ending>;
  private killAt: number | null = null;
  private timers: NodeJS.Timeout[] = [];

  private constructor(
    private readonly child: ChildProcessByStdio<null, Readable, Readable>,
    private readonly guard: ChildProcess | null,
  ) {
    this.ended = once(child, "exit").then(([exitCode, signal]) => ({ exitCode, signal }));
  }

  /** @throws the error of the system call where the command cannot be started. */
  static async start(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Group> {
    const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    // In the same turn as the start: there is no moment in which the group is unguarded.
    const guard = pid === undefined ? null : startGuard(pid);
    await once(child, "spawn");
    return new Group(child as ChildProcessByStdio<null, Readable, Readable>, guard);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get stdout(): Readable {
    return this.child.stdout;
  }

  get stderr(): Readable {
    return this.child.stderr;
  }

  /** Asks the group to end, and kills it when it has not ended after the grace period (seconds). */
  stop(grace: number): void {
    if (this.killAt !== null) return;
    this.killAt = performance.now() + grace * 1000;
    this.signal("SIGTERM");
    // A stopped process acts on a signal only once it goes on.
    this.signal("SIGCONT");
    this.timers.push(
      setTimeout(() => this.signal("SIGKILL"), grace * 1000),
      // Who left the group holds the output open and is not ours to kill.
      setTimeout(() => this.closeOutput(), grace * 1000 + KILL_TAKES_MS),
    );
  }

  /** The leader has ended and its output is read. After `stop`: waits for the rest of the group as well. */
  async release(): Promise<void> {
    while (this.killAt !== null && groupLives(this.pid) && performance.now() < this.killAt + KILL_TAKES_MS) {
      await delay(LOOK_AGAIN_MS);
    }
    for (const timer of this.timers) clearTimeout(timer);
    // Killed before its pipe breaks: what the command left running on purpose goes on.
    this.guard?.kill("SIGKILL");
    this.guard?.stdin?.destroy();
  }

  private closeOutput(): void {
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** Reaches the rest of the group after its leader's end too: its number is not given anew while one is left. */
  private signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // All of it has ended, or has become somebody else's.
    }
  }
}

function startGuard(pid: number): ChildProcess {
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -KILL "-$1" 2>/dev/null', "guard", `${pid}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  // Without a guard the command still runs; it only outlives a killed worker.
  guard.on("error", () => {});
  guard.unref();
  return guard;
}

/**
 * Puts the mark into the environment of every process that is spawned here. Node publishes each spawn before it
 * happens (Node 24 and newer). An older Node, and `spawnSync`, pass on the environment as the code gives it.
 *
 * @param mark `NAME=value`
 */
export function keepMark(mark: string): void {
  const name = mark.slice(0, mark.indexOf("=") + 1);
  const ignore = () => {};
  tracingChannel("child_process.spawn").subscribe({
    start(message) {
      const { envPairs } = (message as { options?: { envPairs?: unknown } }).options ?? {};
      if (!Array.isArray(envPairs) || envPairs.includes(mark)) return;
      const index = envPairs.findIndex((pair) => String(pair).startsWith(name));
      if (index !== -1) envPairs.splice(index, 1);
      envPairs.push(mark);
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: ignore,
    error: ignore,
  });
}
