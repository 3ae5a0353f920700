/**
 * A command as the leader of its own process group, ended as a whole: used by `shell`.
 *
 * A group of its own is a session of its own (Node knows no other way), so nobody who ends the worker's session ends
 * it. A guard does: a shell that waits on a pipe which only this process holds, and kills the group when the pipe
 * breaks, however this process died.
 */
import { type ChildProcess, type ChildProcessByStdio, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { groupLives } from "./group-lives.js";

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
