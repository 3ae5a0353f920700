/**
 * Runs a command as the leader of its own process group, and ends the complete group. Used by
 * `p.exec`. Also passes the worker's environment mark to spawned processes (`keepMark`).
 *
 * A command on a pty leads a session, and its group is all process groups of that session.
 */
import { type SpawnOptions, spawn } from "node:child_process";
import { tracingChannel } from "node:diagnostics_channel";
import { once } from "node:events";
import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { guard } from "./guard.js";
import { Pipes } from "./pipes.js";
import { pids, processStat } from "./proc.js";
import { Terminal, type TerminalSize } from "./pty.js";

/**
 * Whether a process group still has a running process.
 *
 * A signal also succeeds for zombies, and the init process of some containers reaps zombies late or
 * never. So the state is read where the system tells it.
 */
function groupLives(group: number): boolean {
  if (!hasMembers(group)) return false;
  const all = pids();
  return all.length === 0 || all.some((pid) => runsIn(pid, group));
}

/**
 * All process groups of a session; a shell on a terminal makes one for each job. Where the system
 * does not tell: the leader's.
 */
function groupsOf(session: number): number[] {
  const groups = new Set([session]);
  for (const pid of pids()) {
    const stat = processStat(pid);
    if (stat?.session === session && stat.state !== "Z" && stat.state !== "X")
      groups.add(stat.group);
  }
  return [...groups];
}

function hasMembers(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function runsIn(pid: number, group: number): boolean {
  const stat = processStat(pid);
  return stat?.group === group && stat.state !== "Z" && stat.state !== "X";
}

export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** A stream of the group's output, and its name in the log. */
export interface Output {
  readonly name: "stdout" | "stderr";
  readonly stream: Readable;
}

interface StartOptions extends Pick<SpawnOptions, "cwd" | "env"> {
  /**
   * Two outputs, stdout and stderr, whose order is not known. Default: one output for both, in
   * their order.
   */
  separate?: boolean;
  /** Called right before the command starts; what it throws is thrown. */
  beforeSpawn?: (() => void) | null;
}

/** Longest wait for the effect of a SIGKILL. */
const KILL_TAKES_MS = 1000;
const LOOK_AGAIN_MS = 20;

const allPipes = new Pipes();

interface Leader {
  readonly pid: number;
  readonly ended: Promise<Ending>;
}

export class Group {
  /** Resolves when the leader has ended; its output may still be open. */
  readonly ended: Promise<Ending>;
  readonly pid: number;
  private killAt: number | null = null;
  private timers: NodeJS.Timeout[] = [];

  private constructor(
    leader: Leader,
    readonly outputs: readonly Output[],
    /** Why the order of both streams is not known although it was asked for; else null. */
    readonly problem: string | null,
    /** The pty of the program, if it runs on one. */
    readonly terminal: Terminal | null = null,
  ) {
    this.ended = leader.ended;
    this.pid = leader.pid;
  }

  /** @throws the system error if the command cannot be started */
  static async start(
    command: string,
    args: readonly string[],
    { separate = false, beforeSpawn = null, ...options }: StartOptions = {},
  ): Promise<Group> {
    const pipes = await allPipes.open(separate ? 2 : 1).catch((error: Error) => error);
    const isOpen = Array.isArray(pipes);
    const ends: Array<number | "pipe"> = isOpen ? pipes.map(({ input }) => input) : ["pipe"];
    try {
      beforeSpawn?.();
      const child = spawn(command, args, {
        ...options,
        detached: true,
        stdio: ["ignore", ends[0], ends.at(-1)],
      });
      const { pid } = child;
      if (pid !== undefined) guard.started(pid);
      await once(child, "spawn");
      const streams = isOpen ? pipes.map(({ output }) => output) : [child.stdout, child.stderr];
      const outputs = streams.map((stream, n) => ({
        name: n === 0 ? ("stdout" as const) : ("stderr" as const),
        stream: stream as Readable,
      }));
      const ended = once(child, "exit").then(([exitCode, signal]) => ({ exitCode, signal }));
      return new Group(
        { pid: pid as number, ended },
        outputs,
        isOpen || separate ? null : pipes.message,
      );
    } catch (error) {
      if (isOpen) for (const { output } of pipes) output.destroy();
      throw error;
    } finally {
      if (isOpen) for (const { input } of pipes) closeSync(input);
    }
  }

  /**
   * Starts the command on a pty. It leads the session of the pty, and the group is the whole
   * session. Its output is one stream, and standard input is the pty.
   *
   * @throws TtyMissing; the system error if the command cannot be started
   */
  static async startOnTerminal(
    command: string,
    args: readonly string[],
    options: Pick<StartOptions, "beforeSpawn"> & {
      cwd: string;
      env: NodeJS.ProcessEnv;
      size: TerminalSize;
    },
  ): Promise<Group> {
    const env = mark === null ? options.env : { ...options.env, [mark.name]: mark.value };
    guard.ready();
    const terminal = await Terminal.start(command, args, { ...options, env });
    const outputs = [{ name: "stdout" as const, stream: terminal.output }];
    guard.started(terminal.pid);
    return new Group(terminal, outputs, null, terminal);
  }

  /** Sends SIGTERM to the group, and SIGKILL after the grace period (seconds). */
  stop(grace: number): void {
    if (this.killAt !== null) return;
    this.killAt = performance.now() + grace * 1000;
    this.signal("SIGTERM");
    // A stopped process handles SIGTERM only after it continues.
    this.signal("SIGCONT");
    this.timers.push(
      setTimeout(() => this.signal("SIGKILL"), grace * 1000),
      // A process that left the group may hold the output open, and must not be killed.
      setTimeout(() => this.closeOutput(), grace * 1000 + KILL_TAKES_MS),
    );
  }

  /**
   * Call after the leader has ended and its output is read. After `stop`, also waits for the rest
   * of the group.
   */
  async release(): Promise<void> {
    while (
      this.killAt !== null &&
      this.isAlive() &&
      performance.now() < this.killAt + KILL_TAKES_MS
    ) {
      await delay(LOOK_AGAIN_MS);
    }
    for (const timer of this.timers) clearTimeout(timer);
    guard.over(this.pid);
  }

  /** Also removes this file when this process is killed before `release`. */
  removeIfKilled(path: string): void {
    guard.removeIfKilled(this.pid, path);
  }

  private closeOutput(): void {
    for (const { stream } of this.outputs) stream.destroy();
  }

  /**
   * Also works after the leader has ended: the system does not reuse the number while the group has
   * a process.
   */
  private signal(signal: NodeJS.Signals): void {
    for (const group of this.groups()) {
      try {
        process.kill(-group, signal);
      } catch {
        // The group has ended, or its processes belong to another user.
      }
    }
  }

  private isAlive(): boolean {
    return this.groups().some(groupLives);
  }

  private groups(): number[] {
    return this.terminal === null ? [this.pid] : groupsOf(this.pid);
  }
}

/** What `keepMark` adds; null: nothing. */
let mark: { name: string; value: string } | null = null;

/**
 * Adds the mark to the environment of every process that this process spawns. Node 24 and newer
 * publish each spawn before it happens. An older Node, and `spawnSync`, pass the environment
 * unchanged.
 *
 * @param pair `NAME=value`
 */
export function keepMark(pair: string): void {
  const end = pair.indexOf("=");
  mark = { name: pair.slice(0, end), value: pair.slice(end + 1) };
  const name = `${mark.name}=`;
  const ignore = () => {};
  tracingChannel("child_process.spawn").subscribe({
    start(message) {
      const { envPairs } = (message as { options?: { envPairs?: unknown } }).options ?? {};
      if (!Array.isArray(envPairs) || envPairs.includes(pair)) return;
      const index = envPairs.findIndex((each) => String(each).startsWith(name));
      if (index !== -1) envPairs.splice(index, 1);
      envPairs.push(pair);
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: ignore,
    error: ignore,
  });
}
