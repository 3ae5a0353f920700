/**
 * What comes of an attempt: an outcome read from its files, or a worker that died without one, becomes one decision:
 * settled, or queued again. Called by the executor alone; nothing else catches what goes wrong in an operation.
 */
import type { Logger } from "pino";
import { giveBackReserved } from "../ops/api/append-file.js";
import type { Outcome } from "../protocol/fact.js";
import type { Attempt } from "./attempt.js";
import type { BlockedTypes } from "./blocked-types.js";
import type { Again, Lifecycle } from "./lifecycle.js";
import { describeDeath, keepLastWords, MAX_LOSSES, outcomeOfLost } from "./lost.js";
import { killLeftovers } from "./process/identity.js";
import { retryDelay } from "./retry.js";
import { eventsFile } from "./run-files/names.js";
import { StoreFullError } from "./store/journal.js";
import type { Layout } from "./store/layout.js";
import { STALE_EXIT } from "./worker/messages.js";
import { type WorkerExit, workerFiles } from "./worker/pool.js";

/** How long a decision waits that found no room on the disk. */
const AGAIN_MS = 500;

export interface SettlementOptions {
  lifecycle: Lifecycle;
  layout: Layout;
  log: Logger;
  blockedTypes: BlockedTypes;
  /** Whether the attempt is still the one that runs: settling it again does nothing. */
  isCurrent(attempt: Attempt): boolean;
  /** It is decided: its slot is free. */
  onDone(attempt: Attempt): void;
  /** There is no room on the disk to record it, so it waits. */
  onWait(): void;
}

export class Settlement {
  /** How often in a row a worker died under an operation. */
  readonly #losses = new Map<string, number>();
  /** Decisions that wait for room on the disk. */
  waiting = 0;

  constructor(private readonly options: SettlementOptions) {}

  /** The worker is dead. Both files are read to their end; an outcome in them beats the way it died. */
  lost(attempt: Attempt, exit: WorkerExit | null): void {
    attempt.read();
    if (attempt.outcome || !this.options.isCurrent(attempt)) return;
    const { worker } = attempt.run;
    killLeftovers(worker);
    giveBackReserved(eventsFile(attempt.dir));
    const stderr = keepLastWords(attempt, workerFiles(this.options.layout.workers, worker.workerId));
    const { id, run } = attempt;
    // A worker that leaves since a file was edited is no loss, however often the author saves.
    const isStale = !run.accepted && exit?.code === STALE_EXIT;
    const losses = (this.#losses.get(id) ?? 0) + (isStale ? 0 : 1);
    this.#losses.set(id, losses);
    const again = run.stopReason === null && losses < MAX_LOSSES && (!run.accepted || run.policy.resumable);
    if (again) void this.#requeue(attempt, describeDeath(run.worker, exit, stderr).message);
    else void this.settle(attempt, outcomeOfLost(attempt, exit, stderr));
  }

  async #requeue(attempt: Attempt, reason: string): Promise<void> {
    const next = attempt.run.accepted ? attempt.number + 1 : attempt.number;
    const { tries } = attempt.entry;
    await this.#again(attempt, { reason, next, tries, delay: 0 });
  }

  async #again(attempt: Attempt, again: Again): Promise<void> {
    const { id, number, seq } = attempt;
    await this.#untilRoom(attempt, () => this.options.lifecycle.requeue(id, number, seq, again));
    this.options.onDone(attempt);
  }

  async settle(attempt: Attempt, outcome: Outcome): Promise<void> {
    if (!this.options.isCurrent(attempt)) return;
    // The worker's own death does not lose the outcome, nor does ours: it is in the run file until this is durable.
    attempt.read();
    if (outcome.state !== "succeeded") this.#endLeftovers(attempt);
    const { id, number, seq, entry, run } = attempt;
    const { blockedTypes } = this.options;
    if (!outcome.notLoaded) blockedTypes.loaded(entry.record.op);
    else if (run.stopReason === null && !blockedTypes.isOverdue(entry)) {
      const reason = outcome.error?.message ?? "the type does not load in a worker";
      blockedTypes.block(entry.record.op, reason, "worker");
      await this.#again(attempt, { reason, next: number + 1, tries: entry.tries, delay: 0 });
      return;
    }
    const delay = retryDelay(entry, run.policy, outcome);
    if (delay !== null) {
      const reason = `${outcome.error?.message} (${outcome.error?.code})`;
      await this.#again(attempt, { reason, next: number + 1, tries: entry.tries + 1, delay });
      return;
    }
    await this.#untilRoom(attempt, () => this.options.lifecycle.settle(id, number, seq, outcome));
    this.#losses.delete(attempt.id);
    this.options.onDone(attempt);
  }

  /**
   * What an operation that did not succeed left running goes; its worker is spared, it ends by itself. A worker that
   * may be given to another operation left nothing (it says so itself), so for the rest its own end is waited for.
   */
  #endLeftovers({ worker, run }: Attempt): void {
    if (worker && worker.state !== "gone" && !run.stopReason) worker.leftFailure = true;
    else killLeftovers(run.worker, run.worker.pid);
  }

  /** A settlement waits for room on the disk; nothing else can be done with it. */
  async #untilRoom(attempt: Attempt, decide: () => Promise<void>): Promise<void> {
    for (let since: Date | null = null; ; since ??= new Date()) {
      attempt.waitsForRoom(since);
      try {
        return await decide();
      } catch (error) {
        if (!(error instanceof StoreFullError)) {
          this.options.log.error({ err: error }, "a decision could not be recorded");
          return;
        }
        await this.#rest();
      }
    }
  }

  async #rest(): Promise<void> {
    this.waiting++;
    this.options.onWait();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    this.waiting--;
  }
}
