/**
 * Containment: nothing that an operation started survives its cancel, its failure or the death of
 * its worker.
 *
 * With a delegated cgroup, each worker has a cgroup of its own, and the kernel kills all processes
 * in it. Without one, the process sweep finds the processes by ancestry, session, group and mark. A
 * kill with a cgroup ends with the sweep too, since a process of the same user may move to another
 * cgroup.
 */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { seesProcesses, send } from "../../ops/programs/proc.js";
import { ProcessSweep } from "../../ops/programs/process-sweep.js";
import type { DaemonReply } from "../../protocol/replies.js";
import { NOT_AVAILABLE } from "../../protocol/system/own-process.js";
import type { Log } from "../log/log.js";
import { Cgroup } from "../os/cgroup.js";
import { openBase } from "../os/cgroup-base.js";
import { isSame, markOf, sweepOf } from "../os/process-identity.js";
import type { WorkerIdentity } from "../store/decision.js";

const PREFIX = "liveops-";

/** First and longest time between two attempts to remove an empty cgroup, in ms. */
const REMOVE_MS = { first: 200, longest: 30_000 };

const WITHOUT_PROC =
  "without /proc and ps the daemon knows the worker of an operation and its programs, not what these start";

/** How often, and for how long, to check a worker whose end is not reported, in ms. */
const ENDING_MS = { look: 200, longest: 15_000 };

interface ContainmentOptions {
  log: Log;
  open?: typeof openBase;
}

export class Containment {
  readonly #sweeps = new Map<string, ProcessSweep>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Kills in progress. */
  readonly #kills = new Set<Promise<void>>();
  #base: string | null = null;
  #reason: string | null = null;
  #isOpen = false;
  #isStopped = false;

  constructor(private readonly options: ContainmentOptions) {}

  /** Finds out which containment there is. Called before the first process is forked. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { log, open = openBase } = this.options;
    const base = open();
    if (base.dir === null) this.#reason = base.reason;
    else this.#base = base.dir;
    const { kind: containment, cgroup, reason } = this.report();
    log.info({ containment, cgroup, reason }, "processes of operations will be found and ended");
  }

  report(): DaemonReply["containment"] {
    const kind = this.#base === null ? "process sweep" : "cgroup";
    const reason = seesProcesses()
      ? this.#reason
      : [this.#reason, WITHOUT_PROC].filter(Boolean).join("; ");
    return { kind, cgroup: this.#base, reason };
  }

  /** Why operations cannot be paused: their processes are not found. Null: they can. */
  get whyNoPause(): string | null {
    return this.#base !== null || seesProcesses() ? null : `${NOT_AVAILABLE}: ${WITHOUT_PROC}`;
  }

  /** Removes empty cgroups that an earlier daemon left. */
  removeEmpty(isNeeded: (workerId: string) => boolean): void {
    if (this.#base === null) return;
    for (const name of readdirSync(this.#base))
      if (name.startsWith(PREFIX) && !isNeeded(name.slice(PREFIX.length)))
        new Cgroup(join(this.#base, name)).remove();
  }

  /** The cgroup that a new worker joins; null: there are no cgroups. */
  cgroupOf(workerId: string): string | null {
    return this.#base === null ? null : join(this.#base, PREFIX + workerId);
  }

  /** A worker could not move into its cgroup: only the sweep contains it. */
  joinFailed(problem: string): void {
    if (this.#reason === null)
      this.options.log.warn({ reason: problem }, "a worker could not join its cgroup");
    this.#reason = `a worker could not join its cgroup: ${problem}`;
  }

  /**
   * Records the processes of the worker so far, unless a cgroup does. Cheap: called twice a second.
   */
  look(worker: WorkerIdentity): void {
    if (!worker.cgroup) this.#sweep(worker)?.look();
  }

  /** Pids of the worker and all processes that it started, as of the last look. */
  pidsOf(worker: WorkerIdentity): readonly number[] {
    return this.#cgroup(worker)?.pids() ?? this.#sweep(worker)?.living ?? [];
  }

  /** Records all processes of the worker, before the worker is told to stop. */
  lookEverywhere(worker: WorkerIdentity): void {
    if (!worker.cgroup) this.#sweep(worker)?.lookEverywhere();
  }

  /**
   * Kills the worker and all processes it started, repeatedly until none is left.
   *
   * @param spare a pid that is left alone
   */
  async kill(worker: WorkerIdentity, spare?: number): Promise<void> {
    const kill = this.#kill(worker, spare);
    this.#kills.add(kill);
    await kill.finally(() => this.#kills.delete(kill));
  }

  /** Resolves when no kill is in progress. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#kills);
  }

  async #kill(worker: WorkerIdentity, spare?: number): Promise<void> {
    const sweep = this.#sweep(worker);
    if (!sweep) return;
    const cgroup = this.#cgroup(worker);
    const inCgroup = cgroup ? await cgroup.kill(spare) : [];
    const { left } = await sweep.kill(spare);
    const all = [...new Set([...left, ...inCgroup])];
    if (all.length > 0)
      this.options.log.warn(
        { worker: worker.workerId, pids: all },
        "processes of an operation are still alive",
      );
  }

  /** Stops the worker and all processes it started, or continues them. */
  pause(worker: WorkerIdentity, isPaused: boolean): void {
    const sweep = this.#sweep(worker);
    if (isPaused) sweep?.stop();
    else sweep?.continue();
    // A process of the cgroup may have left everything by which the sweep finds it.
    for (const pid of this.#cgroup(worker)?.pids() ?? [])
      send(pid, isPaused ? "SIGSTOP" : "SIGCONT");
  }

  /** Kills a worker of which only the id is known, and all processes it started. */
  async killUnknown(workerId: string): Promise<void> {
    const dir = this.cgroupOf(workerId);
    if (dir !== null) await new Cgroup(dir).kill();
    await new ProcessSweep(markOf(workerId), null).kill();
  }

  /** The worker has ended: forgets it, and removes its cgroup once the cgroup is empty. */
  forget(worker: WorkerIdentity): void {
    this.#sweeps.delete(worker.workerId);
    const dir = worker.cgroup ?? this.cgroupOf(worker.workerId);
    if (dir !== null) this.#removeLater(new Cgroup(dir), REMOVE_MS.first);
  }

  /**
   * As `forget`, for a worker of an earlier daemon, whose end is not reported. `kill` ends its
   * processes first.
   */
  forgetWhenEnded(worker: WorkerIdentity, kill: boolean, since = performance.now()): void {
    if (isSame(worker) && performance.now() - since < ENDING_MS.longest) {
      this.#later(() => this.forgetWhenEnded(worker, kill, since), ENDING_MS.look);
      return;
    }
    void (async () => {
      if (kill) await this.kill(worker);
      this.forget(worker);
    })();
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #removeLater(cgroup: Cgroup, ms: number): void {
    // Processes that a succeeded operation left running keep the cgroup.
    this.#later(
      () => cgroup.remove() || this.#removeLater(cgroup, Math.min(ms * 2, REMOVE_MS.longest)),
      ms,
    );
  }

  #later(act: () => unknown, ms: number): void {
    if (this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms).unref();
    this.#timers.add(timer);
  }

  #cgroup({ workerId, cgroup }: WorkerIdentity): Cgroup | null {
    // The path comes from the journal, so it is used only if it is the worker's own.
    return cgroup && basename(cgroup) === PREFIX + workerId ? new Cgroup(cgroup) : null;
  }

  /** Null if the worker is from another boot. */
  #sweep(worker: WorkerIdentity): ProcessSweep | null {
    const known = this.#sweeps.get(worker.workerId);
    if (known) return known;
    const sweep = sweepOf(worker);
    if (sweep) this.#sweeps.set(worker.workerId, sweep);
    return sweep;
  }
}
