/**
 * The pool of warm workers: forked before they are needed, each in a session of its own, replaced
 * when they end.
 *
 * The pool knows processes, not operations. The scheduler takes an idle worker and gives it an
 * order. The pool reports when the worker is idle again or gone.
 */

import { type ChildProcess, fork } from "node:child_process";
import { closeSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { isUnchanged, type LoadedFile } from "../../ops/loading/type-files.js";
import { textOf } from "../../ops/programs/proc.js";
import { newId } from "../../protocol/id.js";
import type { Blocked } from "../../protocol/operation.js";
import { directoryIdentity } from "../../protocol/system/lock-owner.js";
import { APPEND, openOwnFile } from "../../protocol/system/own-file.js";
import { stampsIn } from "../../protocol/system/places.js";
import { nodeEnvironment } from "../os/child-environment.js";
import { identify, WORKER_VARIABLE } from "../os/process-identity.js";
import { sharedTime } from "../os/shared-clock.js";
import type { WorkerEvents } from "../run-files/worker-events.js";
import type { Settings } from "../settings.js";
import type { WorkerIdentity } from "../store/decision.js";
import { workerFiles } from "../store/layout.js";
import type { Containment } from "./containment.js";
import type { FromWorker, OrderMessage, WorkerSetup } from "./messages.js";
import { whyPackageHolds } from "./versions.js";

export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class PooledWorker {
  readonly identity: WorkerIdentity;
  state: "starting" | "idle" | "busy" | "gone" = "starting";
  /** The last operation of the worker did not succeed: its processes end with the worker. */
  leftFailure = false;
  /** Bytes of events in the file of the worker: there the next attempt begins. */
  eventsEnd = 0;
  /** The author's files that the worker has loaded. */
  loaded: readonly LoadedFile[] = [];
  /** The worker has loaded an earlier text of a file, and ends. */
  isOutdated = false;

  constructor(
    readonly child: ChildProcess,
    workerId: string,
    directory: string,
  ) {
    this.identity = { workerId, directory, ...identify(child.pid ?? -1) };
  }

  order(message: OrderMessage): void {
    this.leftFailure = false;
    // A worker that is gone accepts no order: its exit puts the operation back into the queue.
    this.child.send(message, () => {});
  }

  end(): void {
    if (this.child.connected) this.child.disconnect();
  }
}

interface PoolOptions {
  dir: string;
  /** How many workers may be busy now. */
  size: () => number;
  settings: Pick<Settings, "nice" | "fromDaemon" | "opsDirs" | "socket" | "stateDir">;
  userCode: () => boolean;
  containment: Pick<Containment, "open" | "cgroupOf" | "joinFailed">;
  workerEvents: WorkerEvents;
  /** What the engine adds for its orders. */
  setup: Partial<WorkerSetup> | undefined;
  /** A worker is idle; null: there may be room for another worker. */
  onIdle: (worker: PooledWorker | null) => void;
  /** The worker's files are kept until this resolves. */
  onExit: (worker: PooledWorker, exit: WorkerExit) => Promise<void>;
  /** `blocked` changed. */
  onBlocked: () => void;
}

/** Longest pause before another worker is tried, in ms. */
const LONGEST_REST_MS = 5000;

/** Bytes of a dead worker's stderr that are searched for the reason. */
const REASON_BYTES = 8192;

export class Pool {
  /** Workers beyond those that may be busy, so that the next operation finds one ready. */
  readonly spare = 1;
  /** Why no worker can be started, and since when; null: the last worker became ready. */
  blocked: Blocked | null = null;
  readonly #workers = new Set<PooledWorker>();
  /** No process is started before one is needed. */
  #isNeeded = false;
  #stopped = false;
  #wasHeld = false;
  #failures = 0;
  /** Set after a worker that could not be started: no other worker is tried for a while. */
  #resting: NodeJS.Timeout | null = null;

  constructor(private readonly options: PoolOptions) {}

  /**
   * An idle worker, now busy; null: there is none. A worker that has loaded an earlier text of a
   * file ends.
   */
  take(): PooledWorker | null {
    const worker = this.#idle().find((each) => {
      if (each.loaded.every(isUnchanged)) return true;
      each.isOutdated = true;
      each.end();
      return false;
    });
    if (!worker || this.#isHeld()) return null;
    worker.state = "busy";
    return worker;
  }

  has(workerId: string): boolean {
    for (const { identity } of this.#workers) if (identity.workerId === workerId) return true;
    return false;
  }

  /** Gives back a worker that was taken and not used. */
  release(worker: PooledWorker): void {
    if (worker.state === "busy") worker.state = "idle";
  }

  /** An operation may come soon: from now on a worker is ready. */
  expect(): void {
    this.#isNeeded = true;
  }

  /**
   * Keeps idle workers for the `waiting` operations, at least one below `size`, and up to `spare`
   * more than `size`.
   */
  warm(waiting: number): void {
    this.#isNeeded ||= waiting > 0;
    if (!this.#isNeeded || this.#stopped || this.#resting) return;
    const { busy, idle, starting } = this.counts();
    const size = this.options.size();
    const wanted = Math.min(size + this.spare, busy + Math.max(busy < size ? 1 : 0, waiting));
    const count = busy + idle + starting;
    if ((count < wanted || this.#wasHeld) && this.#isHeld()) return;
    for (let n = count; n < wanted; n++) {
      try {
        this.#spawn();
      } catch (error) {
        // The disk is full, or the system has no process or file left.
        this.#rest((error as Error).message);
        return;
      }
    }
  }

  counts(): { busy: number; idle: number; starting: number } {
    const counts = { busy: 0, idle: 0, starting: 0, gone: 0 };
    for (const worker of this.#workers) counts[worker.state]++;
    return counts;
  }

  /** Workers whose operation did not succeed and that have not ended since. */
  failed(): PooledWorker[] {
    return [...this.#workers].filter(({ leftFailure, state }) => leftFailure && state === "busy");
  }

  /** Idle workers end; busy workers continue without the daemon. */
  stop(): void {
    this.#stopped = true;
    for (const worker of this.#workers) {
      worker.end();
      worker.child.unref();
    }
  }

  /** Whether no operation may start now, also in an idle worker. Asks again after a pause. */
  #isHeld(): boolean {
    const reason = whyPackageHolds();
    if (reason !== null) this.#rest(reason);
    else if (this.#wasHeld) this.#setBlocked(null);
    this.#wasHeld = reason !== null;
    return this.#wasHeld;
  }

  #idle(): PooledWorker[] {
    return [...this.#workers].filter(({ state, isOutdated }) => state === "idle" && !isOutdated);
  }

  #spawn(): void {
    const workerId = newId();
    const { containment, settings } = this.options;
    containment.open();
    const files = workerFiles(this.options.dir, workerId);
    const { env, startOnly } = nodeEnvironment(process.env, settings.fromDaemon);
    const setup: WorkerSetup = {
      workerId,
      ...files,
      nice: settings.nice,
      userCode: this.options.userCode(),
      opsDirs: settings.opsDirs,
      socket: settings.socket,
      stampsDir: stampsIn(settings.stateDir),
      cgroup: containment.cgroupOf(workerId),
      startOnly,
      ...this.options.setup,
    };
    const output: number[] = [];
    let child: ChildProcess;
    try {
      for (const file of [files.stdoutFile, files.stderrFile])
        output.push(openOwnFile(file, APPEND));
      child = fork(
        fileURLToPath(new URL("./worker.js", import.meta.url)),
        [JSON.stringify(setup)],
        {
          detached: true,
          stdio: ["ignore", ...output, "ipc"],
          execArgv: ["--disable-warning=ExperimentalWarning"],
          env: { ...env, [WORKER_VARIABLE]: workerId },
        },
      );
    } catch (error) {
      this.#forget(workerId);
      throw error;
    } finally {
      output.forEach(closeSync);
    }
    const worker = new PooledWorker(
      child,
      workerId,
      directoryIdentity(dirname(this.options.dir)) ?? "",
    );
    this.#workers.add(worker);
    child.on("message", (message: FromWorker) => {
      if (message.type !== "ready" && message.type !== "idle") return;
      this.#failures = 0;
      this.#setBlocked(null);
      if (message.type === "ready" && worker.state === "starting") {
        worker.identity.version = message.version;
        // Sent before any code of an operation runs in the worker; a later claim is not trusted.
        if (message.cgroup !== null && message.cgroup === setup.cgroup)
          worker.identity.cgroup = message.cgroup;
        else if (message.problem !== null) containment.joinFailed(message.problem);
      }
      if (message.type === "idle") {
        worker.eventsEnd = message.eventsEnd;
        worker.loaded = message.loaded;
      }
      worker.state = "idle";
      this.options.onIdle(worker);
    });
    // A process that could not be started has no exit event.
    child.on("error", ({ message }) => {
      if (child.pid === undefined) this.#ended(worker, { code: null, signal: null }, message);
    });
    child.once("exit", (code, signal) => this.#ended(worker, { code, signal }));
  }

  #ended(worker: PooledWorker, exit: WorkerExit, fault?: string): void {
    const unborn = worker.state === "starting";
    worker.state = "gone";
    this.#workers.delete(worker);
    // Read before the worker's files are removed.
    const reason = unborn && !this.#stopped ? (fault ?? this.#whyUnborn(worker, exit)) : "";
    void this.options.onExit(worker, exit).finally(() => this.#forget(worker.identity.workerId));
    if (this.#stopped) return;
    // Without a pause, workers that die before they are ready would be forked in a tight loop.
    if (unborn) this.#rest(reason);
    else this.options.onIdle(null);
  }

  /**
   * What is wrong with the package, or else how the worker ended and the last error that it wrote.
   */
  #whyUnborn({ identity }: PooledWorker, { code, signal }: WorkerExit): string {
    const held = whyPackageHolds();
    if (held !== null) return held;
    const how = `a worker process ended before it was ready (${signal ?? `exit code ${code}`})`;
    const { stderrFile } = workerFiles(this.options.dir, identity.workerId);
    const text = (textOf(stderrFile, "utf8") ?? "").slice(-REASON_BYTES);
    const said = text.split("\n").findLast((line) => /^\w*Error\b/.test(line));
    return said === undefined ? how : `${how}: ${said}`;
  }

  #setBlocked(reason: string | null): void {
    if (reason === (this.blocked?.reason ?? null)) return;
    this.blocked = reason === null ? null : { reason, since: this.blocked?.since ?? sharedTime() };
    this.options.onBlocked();
  }

  #rest(reason: string): void {
    this.#setBlocked(reason);
    this.#resting ??= setTimeout(
      () => {
        this.#resting = null;
        this.options.onIdle(null);
      },
      Math.min(LONGEST_REST_MS, 500 * 2 ** this.#failures++),
    ).unref();
  }

  /** Removes a dead worker's files. Its events stay until nobody needs them. */
  #forget(workerId: string): void {
    const { eventsFile: _, ...files } = workerFiles(this.options.dir, workerId);
    for (const file of Object.values(files)) rmSync(file, { force: true });
    this.options.workerEvents.workerEnded(workerId);
  }
}
