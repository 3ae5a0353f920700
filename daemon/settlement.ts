/**
 * What comes of an attempt: an outcome read from its files, or a worker that died without one, becomes one decision:
 * settled, or queued again. Called by the executor alone; nothing else catches what goes wrong in an operation.
 */
import type { Outcome } from "../protocol/fact.js";
import type { Attempt } from "./attempt.js";
import type { BlockedTypes } from "./blocked-types.js";
import type { Containment } from "./containment/containment.js";
import type { Conclusion, Lifecycle } from "./lifecycle.js";
import {
  correctedOutcome,
  countLoss,
  describeDeath,
  keepLastWords,
  outcomeOfLost,
  runsAgain,
  toldOfMemory,
} from "./lost.js";
import { retryDelay } from "./retry.js";
import { completeEvents } from "./run-files/complete-events.js";
import { eventsFile } from "./run-files/names.js";
import type { Entry, WorkerLosses } from "./store/decision.js";
import { StoreFullError } from "./store/journal.js";
import type { Layout } from "./store/layout.js";
import { type WorkerExit, workerFiles } from "./worker/pool.js";

/** How long a decision waits that found no room on the disk. */
const AGAIN_MS = 500;

export interface SettlementOptions {
  lifecycle: Pick<Lifecycle, "conclude">;
  layout: Layout;
  containment: Pick<Containment, "forget" | "kill" | "ranOutOfMemory">;
  blockedTypes: Pick<BlockedTypes, "block" | "isOverdue" | "loaded">;
  /** Whether the attempt is still the one that runs: settling it again does nothing. */
  isCurrent(attempt: Attempt): boolean;
  /** Whether the daemon decides nothing any more. */
  isStopped(): boolean;
  /** It is decided: its slot is free. */
  onDone(attempt: Attempt): void;
  /** There is no room on the disk to record it, so it waits. */
  onWait(): void;
  /** It cannot be recorded, and not for lack of room: the daemon must stop, the next one finds it as it is now. */
  onBroken(error: Error): void;
}

export class Settlement {
  /** Attempts whose worker was found dead. */
  readonly #lost = new WeakSet<Attempt>();
  /** Decisions that wait for room on the disk. */
  waiting = 0;

  constructor(private readonly options: SettlementOptions) {}

  /** The worker is dead. Both files are read to their end; an outcome in them beats the way it died. */
  async lost(attempt: Attempt, exit: WorkerExit | null): Promise<void> {
    const { containment, isCurrent, isStopped } = this.options;
    if (this.#lost.has(attempt)) return;
    completeEvents(eventsFile(attempt.dir));
    attempt.read();
    if (attempt.outcome || !isCurrent(attempt)) return;
    this.#lost.add(attempt);
    const { worker } = attempt.run;
    const outOfMemory = containment.ranOutOfMemory(worker);
    await containment.kill(worker);
    // The next daemon finds it as this one did.
    if (isStopped()) return;
    containment.forget(worker);
    const stderr = keepLastWords(attempt, workerFiles(this.options.layout.workers, worker.workerId));
    const death = describeDeath(attempt.run, exit, stderr, outOfMemory);
    await this.#conclude(attempt, (entry) => {
      const losses = countLoss(entry.losses, attempt, exit);
      if (!runsAgain(attempt, losses))
        return finishOrRetry(attempt, entry, outcomeOfLost(attempt, death, losses), losses);
      const next = attempt.run.accepted ? attempt.number + 1 : attempt.number;
      return { requeue: { reason: death.message, next, tries: entry.tries, delay: 0, losses } };
    });
  }

  async settle(attempt: Attempt, said: Outcome): Promise<void> {
    const { isCurrent, isStopped, containment } = this.options;
    if (!isCurrent(attempt)) return;
    const outcome = toldOfMemory(said, attempt.run, () => containment.ranOutOfMemory(attempt.run.worker));
    // The worker's own death does not lose the outcome, nor does ours: it is in the run file until this is durable.
    attempt.read();
    if (outcome.state !== "succeeded") await this.#endLeftovers(attempt);
    if (isStopped()) return;
    await this.#conclude(attempt, (entry) => {
      const blocked = this.#blockedAgain(attempt, entry, outcome);
      return blocked ?? finishOrRetry(attempt, entry, correctedOutcome(outcome, entry), undefined);
    });
  }

  /** Queued again where its worker could not load its type, and it has not waited for the type too long. */
  #blockedAgain({ run, number }: Attempt, entry: Entry, outcome: Outcome): Conclusion | null {
    const { blockedTypes } = this.options;
    if (!outcome.notLoaded) {
      blockedTypes.loaded(entry.record.op);
      return null;
    }
    if (run.stopReason !== null || blockedTypes.isOverdue(entry)) return null;
    const reason = outcome.error?.message ?? "the type does not load in a worker";
    blockedTypes.block(entry.record.op, reason, "worker");
    return { requeue: { reason, next: number + 1, tries: entry.tries, delay: 0 } };
  }

  /**
   * What an operation that did not succeed left running goes; its worker is spared, it ends by itself. A worker that
   * may be given to another operation left nothing (it says so itself), so for the rest its own end is waited for.
   */
  async #endLeftovers({ worker, run }: Attempt): Promise<void> {
    const isThere = worker !== null && worker.state !== "gone";
    if (isThere) worker.leftFailure = true;
    if (!isThere || run.stopReason) await this.options.containment.kill(run.worker, run.worker.pid);
  }

  /** Waits for room on the disk; nothing else can be done with a decision. */
  async #conclude(attempt: Attempt, decide: (entry: Entry) => Conclusion): Promise<void> {
    const { lifecycle, isStopped, onDone, onBroken } = this.options;
    const { id, number, seq } = attempt;
    for (let since: Date | null = null; ; since ??= new Date()) {
      attempt.waitsForRoom(since);
      try {
        await lifecycle.conclude(id, number, seq, decide);
        onDone(attempt);
        return;
      } catch (error) {
        // What is not recorded by now is decided by the next daemon, from the same files.
        if (isStopped()) return;
        if (!(error instanceof StoreFullError)) return onBroken(error as Error);
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

/** Finished, or queued again where the outcome is a failure that the type retries. */
function finishOrRetry(
  attempt: Attempt,
  entry: Entry,
  outcome: Outcome,
  losses: WorkerLosses | undefined,
): Conclusion {
  const delay = retryDelay(entry, attempt.run.policy, outcome);
  if (delay === null) return { finish: outcome };
  const reason = `${outcome.error?.message} (${outcome.error?.code})`;
  return { requeue: { reason, next: attempt.number + 1, tries: entry.tries + 1, delay, losses } };
}
