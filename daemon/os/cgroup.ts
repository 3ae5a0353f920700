/**
 * One cgroup (v2), as files below a directory: its processes and its removal. See cgroup-v2.rst of
 * the kernel's documentation.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { send, textOf } from "../../ops/programs/proc.js";

/** How long the kernel may take to end all processes, in ms. */
const KILL_MS = 3000;
const PAUSE_MS = 5;

export class Cgroup {
  constructor(readonly dir: string) {}

  get exists(): boolean {
    return existsSync(join(this.dir, "cgroup.procs"));
  }

  /** Pids of the processes in this cgroup and in those below it. */
  pids(): number[] {
    return [...this.ownPids(), ...this.#children().flatMap((child) => child.pids())];
  }

  /** Pids of the processes in this cgroup only. */
  ownPids(): number[] {
    return (this.#read("cgroup.procs") ?? "").split("\n").filter(Boolean).map(Number);
  }

  isPopulated(): boolean {
    return entryOf(this.#read("cgroup.events"), "populated") === 1;
  }

  /** Moves a process into the cgroup. @throws the error of the system call */
  add(pid: number): void {
    this.#write("cgroup.procs", String(pid));
  }

  /**
   * Kills all processes in the cgroup and below. Resolves when they have ended, or after 3 s.
   *
   * @param spare a pid that is left alone
   * @returns pids that are still alive
   */
  async kill(spare?: number): Promise<number[]> {
    const deadline = performance.now() + KILL_MS;
    if (spare !== undefined) return this.#killFrozen(spare, deadline);
    // A list of pids may miss a process that keeps forking. The kernel's count does not.
    while (this.isPopulated()) {
      if (performance.now() > deadline) return this.pids();
      if (!this.killAtOnce()) await this.#killFrozen(undefined, deadline);
      if (this.isPopulated()) await delay(PAUSE_MS);
    }
    return [];
  }

  /** Removes the cgroup with those below. False if a process is still in it. */
  remove(): boolean {
    for (const child of this.#children()) child.remove();
    try {
      rmdirSync(this.dir);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }

  /**
   * Kills all processes in one step, so that no fork can escape. False if the kernel is older than
   * 5.14.
   */
  killAtOnce(): boolean {
    if (!existsSync(join(this.dir, "cgroup.kill"))) return false;
    try {
      this.#write("cgroup.kill", "1");
      return true;
    } catch {
      return false;
    }
  }

  /** Freezes all processes while they are killed one by one, so that none can fork. */
  async #killFrozen(spare: number | undefined, deadline: number): Promise<number[]> {
    const others = () => this.pids().filter((pid) => pid !== spare && pid !== 0);
    const isFrozen = () => entryOf(this.#read("cgroup.events"), "frozen") !== 0;
    this.#freeze(true);
    try {
      while (!isFrozen() && this.isPopulated() && performance.now() < deadline) await delay(1);
      for (let left = others(); ; left = others()) {
        if (left.length === 0 || performance.now() > deadline) return left;
        for (const pid of left) send(pid, "SIGKILL");
        await delay(1);
      }
    } finally {
      this.#freeze(false);
    }
  }

  #freeze(on: boolean): void {
    try {
      this.#write("cgroup.freeze", on ? "1" : "0");
    } catch {
      // The cgroup is gone, or the kernel is older than 5.2: the processes are killed as they are
      // found.
    }
  }

  #children(): Cgroup[] {
    try {
      return readdirSync(this.dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => new Cgroup(join(this.dir, name)));
    } catch {
      return [];
    }
  }

  #read(file: string): string | null {
    return textOf(join(this.dir, file));
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.dir, file), text);
  }
}

/**
 * Makes the directory if it is missing, and moves this process into it. @throws the error of the
 * system call
 */
export function joinCgroup(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  new Cgroup(dir).add(process.pid);
}

/** The number behind a name in a file of `name number` lines; null if there is none. */
function entryOf(text: string | null, name: string): number | null {
  const line = text?.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
}
