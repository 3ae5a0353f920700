/**
 * The scheduler, a pipeline: start queued operations (`starter.ts`) or adopt those that an earlier
 * daemon started, follow each attempt (`attempt.ts`), finish it (`finishing.ts`). No other module
 * runs operations.
 */
import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Bus } from "../bus.js";
import { isPausedNow, type Submit } from "../lifecycle.js";
import type { CopiedState } from "../recovery/copied-state.js";
import type { LogReaders } from "../run-files/log-readers.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Entry } from "../store/decision.js";
import { attemptDir, workerFiles } from "../store/layout.js";
import { NotRecordedError, StoreFullError } from "../store/not-recorded.js";
import type { Containment } from "../worker/containment.js";
import type { OrderMessage, WorkerSetup } from "../worker/messages.js";
import { boundOutput } from "../worker/own-output.js";
import { Pool, type PooledWorker, type WorkerExit } from "../worker/pool.js";
import { waitsSince } from "../worker/retry-while-disk-full.js";
import { asForeign, isForeign, isWorkerAlive } from "../worker/worker-processes.js";
import { Attempt } from "./attempt.js";
import { Finishing, type Judge } from "./finishing.js";
import type { Outbox } from "./outbox.js";
import type { StartParts } from "./start.js";
import { type OperationStarter, Starter, type StarterOptions } from "./starter.js";
import type { WaitEdges } from "./wait-edges.js";

/** How often every live attempt is checked, in ms, even without a file system event. */
const ROUND_MS = 500;

export interface SchedulerOptions extends StartParts {
  bus: Bus;
  edges: WaitEdges;
  waiting: StarterOptions["waiting"];
  copied: CopiedState;
  containment: Containment;
  /** Most operations that run at the same time. */
  slots: () => number;
  outbox: Outbox;
  logReaders: LogReaders;
  /** Null: each success is recorded as its worker tells it. */
  judge(): Judge | null;
  /** What the engine adds to the setup of a worker. Absent: nothing. */
  workerSetup?: Partial<WorkerSetup>;
  whyLeaseEnded: () => string | null;
  /** Whether a running operation of an earlier daemon is this daemon's. */
  runsHere: (entry: Entry) => boolean;
  /** A worker of an earlier daemon no longer has an operation. */
  onLeft: () => void;
  /** Whether operations wait for the end of this one. */
  isAwaited: (id: string) => boolean;
  /** Default: `Starter`, which decides alone what starts. */
  makeStarter?: (options: StarterOptions) => OperationStarter;
}

export class Scheduler {
  readonly attempts = new Map<string, Attempt>();
  readonly pool: Pool;
  readonly #finishing: Finishing;
  readonly #finished = new EventEmitter();
  readonly #starter: OperationStarter;
  #round: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(private readonly options: SchedulerOptions) {
    this.pool = new Pool({
      dir: options.layout.workers,
      // What waits has a worker, and works in no slot.
      size: () => options.slots() + options.edges.size,
      workerEvents: options.workerEvents,
      setup: options.workerSetup,
      settings: options.settings,
      userCode: () => options.loader.hasUserCode,
      containment: options.containment,
      onIdle: (worker) => this.#workerIdle(worker),
      onBlocked: () => options.bus.emit("blocked", null),
      onExit: (worker, exit) => this.#workerGone(worker, exit),
    });
    const makeStarter = options.makeStarter ?? ((starting) => new Starter(starting));
    this.#starter = makeStarter({
      ...options,
      pool: this.pool,
      attempts: this.attempts,
      begin: (...begun) => this.#begin(...begun),
      onChange: () => this.#keepRound(),
    });
    this.#finishing = new Finishing({
      ...options,
      isCurrent: (attempt) => this.attempts.get(attempt.id) === attempt,
      original: () => options.copied.original,
      isStopped: () => this.#isStopped,
      onDone: (attempt) => this.#done(attempt),
      onWait: () => this.#finished.emit("news"),
    });
  }

  /** Adopts the running operations of an earlier daemon, then starts queued operations. */
  start(): void {
    const { bus } = this.options;
    bus.on("decided", () => this.kick());
    bus.on("logRead", (id) => this.attempts.get(id)?.read());
    bus.on("blocked", (queue) => {
      // The queue was resumed, or may run more at a time.
      if (queue !== null) this.kick();
    });
    for (const entry of [...this.options.store.ledger.entries.values()]) {
      if (entry.record.state === "running" && this.options.runsHere(entry)) this.#adopt(entry);
    }
    this.kick();
  }

  /**
   * Starts as many operations as possible. Called when the queue, the slots or the workers may have
   * changed.
   */
  kick(): void {
    this.#starter.kick();
    this.#keepRound();
  }

  /** A first operation may come soon. */
  expect(): void {
    this.pool.expect();
    this.kick();
  }

  /** Records a new operation, in the same write as its start where it need not wait. */
  submit(submit: Submit): Promise<void> {
    return this.options.lifecycle.submit([submit], (submitted) =>
      this.#starter.startNew(submitted),
    );
  }

  /** Whether the worker belongs to this daemon's pool or runs an operation. */
  needs(workerId: string): boolean {
    if (this.pool.has(workerId)) return true;
    for (const { run } of this.options.store.ledger.entries.values())
      if (run?.worker.workerId === workerId) return true;
    return false;
  }

  /** Stops a running operation whose stop request is recorded. */
  stopOperation(id: string): void {
    const attempt = this.attempts.get(id);
    if (attempt?.run.stopReason) attempt.stop(attempt.run.stopReason);
  }

  /** Stops or continues the processes of a running operation whose pause or resume is recorded. */
  pauseOperation(id: string): void {
    this.attempts.get(id)?.applyPause();
  }

  /** Starts no more operations. */
  pause(): void {
    this.#starter.isPaused = true;
  }

  /** Starts operations again after `pause`. */
  resume(): void {
    this.#starter.isPaused = false;
    this.kick();
  }

  /**
   * Resolves when no attempt runs.
   *
   * @throws StoreFullError where the end of an operation cannot be recorded
   */
  async idle(): Promise<void> {
    while (this.attempts.size > 0) {
      if (this.#finishing.waiting > 0)
        throw new StoreFullError("the end of an operation waits for room on the disk");
      await once(this.#finished, "news");
    }
  }

  /**
   * Starts no more operations; running operations continue. Resolves when all pending kills are
   * done.
   */
  async stop(): Promise<void> {
    this.#starter.isPaused = true;
    this.#isStopped = true;
    if (this.#round) clearInterval(this.#round);
    for (const attempt of this.attempts.values()) attempt.close();
    const { containment } = this.options;
    // These workers' remaining processes are killed now, since no daemon would notice the workers'
    // exit.
    for (const { identity } of this.pool.failed()) void containment.kill(identity, identity.pid);
    this.pool.stop();
    await containment.idle();
  }

  #begin(entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker): void {
    // The start is recorded but the worker has no order: the next daemon queues the operation
    // again.
    if (this.#isStopped) return;
    const attempt = this.#follow(entry, dir, worker);
    if (!attempt) return;
    worker.order(order);
    // A worker that died while the start was being written sends no further exit event.
    if (worker.state === "gone")
      void this.#workerEnded(attempt, {
        code: worker.child.exitCode,
        signal: worker.child.signalCode,
      });
    else if (attempt.run.stopReason) attempt.stop(attempt.run.stopReason);
  }

  #follow(entry: Entry, dir: string, worker: PooledWorker | null): Attempt | null {
    if (!entry.run) return null;
    const { bus, log, containment, outbox, workerEvents, logReaders } = this.options;
    const { id, attempt: number } = entry.record;
    const events = workerEvents.running(id, number, entry.run.worker.workerId);
    const attempt = new Attempt(entry, entry.run, dir, events, worker, {
      bus,
      log,
      containment,
      logReaders,
      onOutcome: (finished, outcome) => {
        finished.isFollowed = outcome.next !== null || this.options.isAwaited(finished.id);
        void this.#finishing.finish(finished, outcome);
        this.kick();
      },
    });
    this.attempts.set(id, attempt);
    outbox.follow(attempt);
    attempt.start(() => void this.#timedOut(attempt));
    return attempt;
  }

  #adopt(entry: Entry): void {
    const { layout, log, copied, workerEvents } = this.options;
    const dir = attemptDir(layout, entry.record.id, entry.record.attempt);
    if (entry.run && !copied.isOurs(entry.run.worker))
      entry.run.worker = asForeign(entry.run.worker, copied.isOfOriginal(entry.run.worker));
    const attempt = this.#follow(entry, dir, null);
    if (!attempt || attempt.outcome) return;
    if (!workerEvents.hasFound(attempt.run.worker.workerId)) attempt.run.accepted = true;
    void this.#guard(attempt, async () => {
      if (!isForeign(attempt.run.worker) && this.#isAlive(attempt)) {
        log.info(
          { id: attempt.id, workerPid: attempt.run.worker.pid },
          "adopted a running operation",
        );
        if (attempt.run.stopReason) attempt.stop(attempt.run.stopReason);
        else if (isPausedNow(entry.record)) attempt.applyPause();
      } else await this.#finishing.lost(attempt, null);
    });
  }

  /**
   * An I/O error of one attempt does not affect the others: it is logged, and the next check tries
   * again.
   */
  async #guard(attempt: Attempt, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.options.log.error({ err: error, id: attempt.id }, "an attempt could not be checked");
    }
  }

  /**
   * Records the timeout, then stops the attempt. On a full disk the record is retried until there
   * is room.
   */
  async #timedOut(attempt: Attempt): Promise<void> {
    const { id, number } = attempt;
    for (let tries = 0; this.attempts.get(id) === attempt && !this.#isStopped; tries++) {
      try {
        await this.options.lifecycle.cancel(id, "timeout", number);
        if (this.attempts.get(id) === attempt) this.stopOperation(id);
        return;
      } catch (error) {
        if (tries === 0)
          this.options.log.warn({ err: error, id }, "the timeout could not be recorded yet");
        if (!(error instanceof NotRecordedError)) return;
        await delay(ROUND_MS);
      }
    }
  }

  /**
   * An idle worker has written its outcome. Where no outcome can be read, the attempt has still
   * ended.
   */
  #workerIdle(worker: PooledWorker | null): void {
    for (const attempt of worker ? this.attempts.values() : []) {
      if (attempt.worker !== worker) continue;
      attempt.read();
      if (!attempt.outcome) void this.#workerEnded(attempt, null);
    }
    this.kick();
  }

  async #workerGone(worker: PooledWorker, exit: WorkerExit): Promise<void> {
    const its = [...this.attempts.values()].filter((attempt) => attempt.worker === worker);
    await Promise.all(its.map((attempt) => this.#workerEnded(attempt, exit)));
    const { containment } = this.options;
    if (worker.leftFailure) await containment.kill(worker.identity);
    containment.forget(worker.identity);
  }

  /**
   * Bounds the output at twice the worker's own bound: the worker acts first and reports the loss,
   * where it can.
   */
  #boundOutput({ run }: Attempt): void {
    const { layout, settings } = this.options;
    const { stdoutFile, stderrFile } = workerFiles(layout.workers, run.worker.workerId);
    for (const file of [stdoutFile, stderrFile]) boundOutput(file, settings.maxLog);
  }

  #workerEnded(attempt: Attempt, exit: WorkerExit | null): Promise<void> {
    attempt.ended ??= { exit };
    const ended = attempt.ended;
    return this.#guard(attempt, () => this.#finishing.lost(attempt, ended.exit));
  }

  /**
   * The operation is no longer this host's: its processes end, and nothing of them is recorded any
   * more.
   */
  forsake(id: string): void {
    const attempt = this.attempts.get(id);
    if (!attempt) return;
    attempt.kill();
    this.#done(attempt);
  }

  #done(attempt: Attempt): void {
    attempt.close();
    this.options.outbox.release(attempt);
    // A requeued operation may already run its next attempt.
    if (this.attempts.get(attempt.id) === attempt) this.attempts.delete(attempt.id);
    this.#finished.emit("news");
    if (!attempt.worker) {
      const { worker } = attempt.run;
      if (!isForeign(worker))
        this.options.containment.forgetWhenEnded(worker, attempt.outcome?.state !== "succeeded");
      this.options.onLeft();
    }
    this.kick();
  }

  #isAlive(attempt: Attempt): boolean {
    return isWorkerAlive(this.options.layout.workers, attempt.run.worker);
  }

  #lockFile(attempt: Attempt): string {
    return workerFiles(this.options.layout.workers, attempt.run.worker.workerId).lockFile;
  }

  /**
   * Runs while there are attempts or a full disk: reads what fs.watch missed, notices deaths of
   * adopted workers.
   */
  #keepRound(): void {
    if (this.#isStopped) return;
    const needed =
      this.attempts.size > 0 || (this.options.store.isFull && this.options.queue.length > 0);
    if (needed && !this.#round) this.#round = setInterval(() => this.#look(), ROUND_MS);
    if (!needed && this.#round) {
      clearInterval(this.#round);
      this.#round = null;
    }
  }

  #look(): void {
    for (const attempt of [...this.attempts.values()])
      void this.#guard(attempt, () => this.#lookAt(attempt));
    if (this.options.store.isFull) this.options.store.probe();
    this.kick();
  }

  async #lookAt(attempt: Attempt): Promise<void> {
    attempt.read();
    this.options.containment.look(attempt.run.worker);
    if (attempt.outcome || attempt.isFinishing) return;
    attempt.lookIfStalled();
    attempt.lookAtResources();
    attempt.lookIfUntold();
    attempt.waitsForRoom(waitsSince(this.#lockFile(attempt)));
    this.#boundOutput(attempt);
    const isDead = attempt.worker === null ? !this.#isAlive(attempt) : attempt.ended !== null;
    if (isDead) await this.#finishing.lost(attempt, attempt.ended?.exit ?? null);
  }
}
