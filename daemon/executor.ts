/**
 * The executor, a pipeline: claim a queued operation for an idle worker, start it durably, run it, settle what came
 * of it. Nothing else starts or settles; whatever goes wrong in an operation ends here as one outcome.
 */
import { EventEmitter, once } from "node:events";
import { mkdirSync } from "node:fs";
import type { Logger } from "pino";
import type { Outcome } from "../protocol/fact.js";
import { Attempt, type AttemptListener } from "./attempt.js";
import type { Again, Lifecycle } from "./lifecycle.js";
import type { Loader } from "./loader/loader.js";
import type { ResolvedType } from "./loader/messages.js";
import { isLocked } from "./lock/kernel-lock.js";
import { describeDeath, keepLastWords, MAX_LOSSES, outcomeOfLost } from "./lost.js";
import { killLeftovers } from "./process/identity.js";
import type { Queue } from "./queue.js";
import { retryDelay } from "./retry.js";
import type { Entry } from "./store/decision.js";
import { isNoSpace } from "./store/durable-file.js";
import { StoreFullError } from "./store/journal.js";
import { attemptDir, type Layout, valuesDir } from "./store/layout.js";
import type { Store } from "./store/store.js";
import { Pool, type PooledWorker, type WorkerExit, workerFiles } from "./worker/pool.js";

/** How often every live attempt is looked at, whatever the file system said. */
const ROUND_MS = 500;

export interface ExecutorOptions {
  store: Store;
  lifecycle: Lifecycle;
  loader: Loader;
  queue: Queue;
  layout: Layout;
  log: Logger;
  concurrency: number;
  nice: number;
  /** Bytes the log of one attempt may take. */
  maxLog: number;
  userCode: () => boolean;
  listener: Pick<AttemptListener, "onChange" | "onLines" | "onStalled">;
}

export class Executor {
  readonly attempts = new Map<string, Attempt>();
  readonly pool: Pool;
  /** How often in a row a worker died under an operation. */
  readonly #losses = new Map<string, number>();
  readonly #settled = new EventEmitter();
  #round: NodeJS.Timeout | null = null;
  #claiming = 0;
  #stopped = false;

  constructor(private readonly options: ExecutorOptions) {
    this.pool = new Pool({
      dir: options.layout.workers,
      size: options.concurrency,
      nice: options.nice,
      userCode: options.userCode,
      onIdle: () => this.kick(),
      onExit: (worker, exit) => this.#workerGone(worker, exit),
    });
  }

  /** Takes up what an earlier daemon left running, then begins to start what is queued. */
  start(): void {
    for (const entry of [...this.options.store.ledger.entries.values()]) {
      if (entry.record.state === "running") this.#adopt(entry);
    }
    this.kick();
  }

  /** Starts as many queued operations as there are idle workers. Called whenever either may have changed. */
  kick(): void {
    if (this.#stopped) return;
    const { queue, concurrency, store } = this.options;
    while (queue.length > 0 && this.attempts.size + this.#claiming < concurrency && !store.isFull) {
      const worker = this.pool.take();
      if (!worker) break;
      const id = queue.take();
      if (id === null) {
        this.pool.release(worker);
        break;
      }
      this.#claiming++;
      void this.#claim(id, worker).finally(() => {
        this.#claiming--;
        this.kick();
      });
    }
    this.pool.warm(Math.min(queue.length, concurrency - this.attempts.size - this.#claiming));
    this.#keepRound();
  }

  /** Tells a running operation to stop, once that is recorded. */
  stopOperation(id: string): void {
    const attempt = this.attempts.get(id);
    if (attempt?.run.stopReason) attempt.stop(attempt.run.stopReason);
  }

  /** Starts nothing new from here on. */
  pause(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.attempts.size > 0) await once(this.#settled, "settled");
  }

  /** Nothing new is started; what runs goes on without us. */
  stop(): void {
    this.#stopped = true;
    if (this.#round) clearInterval(this.#round);
    for (const attempt of this.attempts.values()) attempt.close();
    this.pool.stop();
  }

  async #claim(id: string, worker: PooledWorker): Promise<void> {
    const { store, lifecycle, layout, loader, log } = this.options;
    let started = false;
    try {
      const entry = store.ledger.get(id);
      if (entry?.record.state !== "queued") return;
      const type = await loader.resolve(entry.record.op).catch((error: Error) => error);
      if (!type || type instanceof Error) return await lifecycle.reject(id, notLoaded(entry, type));
      const dir = attemptDir(layout, id, entry.nextAttempt);
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      started = await lifecycle.start(id, worker.identity, type.policy);
      if (started) this.#run(entry, dir, worker, type);
    } catch (error) {
      this.#putBack(id);
      // No room for its directory: it waits until there is.
      if (isNoSpace(error)) store.noteFull();
      else if (!(error instanceof StoreFullError))
        log.error({ err: error, id }, "an operation could not be started");
    } finally {
      if (!started) this.pool.release(worker);
    }
  }

  #run(entry: Entry, dir: string, worker: PooledWorker, type: ResolvedType): void {
    const { record } = entry;
    const attempt = this.#follow(entry, dir, worker);
    if (!attempt) return;
    worker.order({
      type: "order",
      order: {
        id: record.id,
        op: record.op,
        attempt: record.attempt,
        params: record.params,
        title: record.title,
        label: record.label,
        stages: record.stages,
        cwd: record.cwd,
        env: entry.env,
        chain: record.chain,
        seq: record.seq,
        logLines: record.logLines,
      },
      file: type.file,
      attemptDir: dir,
      maxLog: this.options.maxLog,
      valuesDir: type.policy.resumable ? valuesDir(this.options.layout, record.id) : null,
    });
    // It died while the start was being written: nobody will tell us again.
    if (worker.state === "gone")
      this.#lost(attempt, { code: worker.child.exitCode, signal: worker.child.signalCode });
    else if (attempt.run.stopReason) attempt.stop(attempt.run.stopReason);
  }

  #follow(entry: Entry, dir: string, worker: PooledWorker | null): Attempt | null {
    if (!entry.run) return null;
    const { listener, log } = this.options;
    const attempt = new Attempt(entry, entry.run, dir, worker, {
      ...listener,
      onOutcome: (settled, outcome) => void this.#settle(settled, outcome),
      onDamage: (message) => log.error(message),
    });
    this.attempts.set(entry.record.id, attempt);
    attempt.start(() => void this.#timedOut(attempt));
    return attempt;
  }

  #adopt(entry: Entry): void {
    const { layout, log } = this.options;
    const dir = attemptDir(layout, entry.record.id, entry.record.attempt);
    makeAgain(dir);
    const attempt = this.#follow(entry, dir, null);
    if (!attempt || attempt.outcome) return;
    if (this.#isAlive(attempt)) {
      log.info({ id: attempt.id, pid: attempt.run.worker.pid }, "adopted a running operation");
      if (attempt.run.stopReason) attempt.stop(attempt.run.stopReason);
    } else this.#lost(attempt, null);
  }

  async #timedOut(attempt: Attempt): Promise<void> {
    try {
      await this.options.lifecycle.cancel(attempt.id, "timeout");
      this.stopOperation(attempt.id);
    } catch (error) {
      this.options.log.warn({ err: error, id: attempt.id }, "the timeout could not be recorded");
    }
  }

  #workerGone(worker: PooledWorker, exit: WorkerExit): void {
    for (const attempt of this.attempts.values()) {
      if (attempt.worker === worker) this.#lost(attempt, exit);
    }
    if (worker.leftFailure) killLeftovers(worker.identity);
  }

  /** The worker is dead. Both files are read to their end; an outcome in them beats the way it died. */
  #lost(attempt: Attempt, exit: WorkerExit | null): void {
    attempt.read();
    if (attempt.outcome || this.attempts.get(attempt.id) !== attempt) return;
    const { worker } = attempt.run;
    killLeftovers(worker);
    const stderr = keepLastWords(attempt, workerFiles(this.options.layout.workers, worker.workerId));
    const { id, run } = attempt;
    const losses = (this.#losses.get(id) ?? 0) + 1;
    this.#losses.set(id, losses);
    const again = run.stopReason === null && losses < MAX_LOSSES && (!run.accepted || run.policy.resumable);
    if (again) void this.#requeue(attempt, describeDeath(run.worker, exit, stderr));
    else void this.#settle(attempt, outcomeOfLost(attempt, exit, stderr));
  }

  async #requeue(attempt: Attempt, reason: string): Promise<void> {
    const next = attempt.run.accepted ? attempt.number + 1 : attempt.number;
    const { tries } = attempt.entry;
    await this.#again(attempt, { reason, next, tries, delay: 0 });
  }

  async #again(attempt: Attempt, again: Again): Promise<void> {
    const { id, number, seq } = attempt;
    await this.#untilRoom(() => this.options.lifecycle.requeue(id, number, seq, again));
    this.#done(attempt);
  }

  async #settle(attempt: Attempt, outcome: Outcome): Promise<void> {
    if (this.attempts.get(attempt.id) !== attempt) return;
    // The worker's own death does not lose the outcome, nor does ours: it is in the run file until this is durable.
    attempt.read();
    if (outcome.state !== "succeeded") this.#endLeftovers(attempt);
    const { id, number, seq, entry, run } = attempt;
    const delay = retryDelay(entry, run.policy, outcome);
    if (delay !== null) {
      const reason = `${outcome.error?.message} (${outcome.error?.code})`;
      await this.#again(attempt, { reason, next: number + 1, tries: entry.tries + 1, delay });
      return;
    }
    await this.#untilRoom(() => this.options.lifecycle.settle(id, number, seq, outcome));
    this.#losses.delete(attempt.id);
    this.#done(attempt);
  }

  /**
   * What an operation that did not succeed left running goes; its worker is spared, it ends by itself. A worker that
   * may be given to another operation left nothing (it says so itself), so for the rest its own end is waited for.
   */
  #endLeftovers({ worker, run }: Attempt): void {
    if (worker && worker.state !== "gone" && !run.stopReason) worker.leftFailure = true;
    else killLeftovers(run.worker, run.worker.pid);
  }

  #done(attempt: Attempt): void {
    attempt.close();
    if (this.attempts.get(attempt.id) === attempt) this.attempts.delete(attempt.id);
    this.#settled.emit("settled");
    if (!attempt.worker && !this.#isAlive(attempt)) this.pool.forget(attempt.run.worker.workerId);
    this.kick();
  }

  /** A settlement waits for room on the disk; nothing else can be done with it. */
  async #untilRoom(decide: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await decide();
      } catch (error) {
        if (!(error instanceof StoreFullError)) {
          this.options.log.error({ err: error }, "a decision could not be recorded");
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
      }
    }
  }

  #putBack(id: string): void {
    const entry = this.options.store.ledger.get(id);
    if (entry?.record.state === "queued") this.options.queue.add(id, entry.queuedAt);
  }

  #isAlive(attempt: Attempt): boolean {
    return isLocked(workerFiles(this.options.layout.workers, attempt.run.worker.workerId).lockFile);
  }

  /** Runs while anything is live: reads what fs.watch missed, sees adopted workers die. */
  #keepRound(): void {
    const needed = this.attempts.size > 0 || (this.options.store.isFull && this.options.queue.length > 0);
    if (needed && !this.#round) this.#round = setInterval(() => this.#look(), ROUND_MS);
    if (!needed && this.#round) {
      clearInterval(this.#round);
      this.#round = null;
    }
  }

  #look(): void {
    for (const attempt of [...this.attempts.values()]) {
      attempt.read();
      attempt.lookIfStalled();
      attempt.lookIfUntold();
      if (attempt.worker === null && !attempt.outcome && !this.#isAlive(attempt)) this.#lost(attempt, null);
    }
    if (this.options.store.isFull) this.options.store.probe();
    this.kick();
  }
}

/** A power cut may have taken an attempt's directory: its name becomes durable only when the worker accepts. */
function makeAgain(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
}

function notLoaded(entry: Entry, error: Error | null): Outcome {
  const message =
    error?.message ??
    `no file defines the operation type ${entry.record.op} any more; liveops ops lists them`;
  return {
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_LOAD_FAILED", message, stack: null },
    next: null,
  };
}
