/**
 * What comes of an attempt: an outcome read from its files, or a worker that died without one, becomes one decision:
 * finished, or queued again. Called by the scheduler alone; nothing else catches what goes wrong in an operation.
 */
import type { Outcome } from "../../protocol/event.js";
import type { Conclusion, Lifecycle } from "../lifecycle.js";
import type { Containment } from "../os/containment.js";
import { isRunning } from "../os/process-identity.js";
import { completeEvents, eventsFile } from "../run-files/attempt-files.js";
import { isUnreadable, putAsideRunFiles } from "../run-files/unreadable.js";
import type { Entry, WorkerLosses } from "../store/decision.js";
import { StoreFullError } from "../store/journal.js";
import { type Layout, runDir } from "../store/layout.js";
import type { WorkerExit } from "../worker/pool.js";
import { workerFiles } from "../worker/worker-processes.js";
import type { Attempt } from "./attempt.js";
import type { BlockedTypes } from "./blocked-types.js";
import { retryDelay } from "./retry-policy.js";
import {
  captureFinalOutput,
  correctedOutcome,
  countLoss,
  describeDeath,
  outcomeOfLost,
  outcomeOfUnreadable,
  runsAgain,
  toldOfMemory,
} from "./worker-death.js";

/** How long a decision waits that found no room on the disk. */
const AGAIN_MS = 500;

interface FinishingOptions {
  lifecycle: Pick<Lifecycle, "conclude">;
  layout: Layout;
  containment: Pick<Containment, "forget" | "kill" | "ranOutOfMemory">;
  blockedTypes: Pick<BlockedTypes, "block" | "isOverdue" | "loaded">;
  /** Whether the attempt is still the one that runs: finishing it again does nothing. */
  isCurrent(attempt: Attempt): boolean;
  /** Whether the daemon decides nothing any more. */
  isStopped(): boolean;
  /** It is decided: its slot is free. */
  onDone(attempt: Attempt): void;
  /** Something of the state directory was put aside: what, in words. */
  onProblem(problem: string): void;
  /** There is no room on the disk to record it, so it waits. */
  onWait(): void;
  /** It cannot be recorded, and not for lack of room: the daemon must stop, the next one finds it as it is now. */
  onBroken(error: Error): void;
}

export class Finishing {
  /** Attempts whose worker was found dead. */
  readonly #lost = new WeakSet<Attempt>();
  /** Decisions that wait for room on the disk. */
  waiting = 0;

  constructor(private readonly options: FinishingOptions) {}

  /**
   * The worker is dead. Both files are read to their end; an outcome in them beats the way it died. Called again at
   * the next look where that cannot be done now.
   */
  async lost(attempt: Attempt, exit: WorkerExit | null): Promise<void> {
    if (this.#lost.has(attempt)) return;
    this.#lost.add(attempt);
    let isHandled = false;
    try {
      isHandled = await this.#lose(attempt, exit);
    } finally {
      if (!isHandled) this.#lost.delete(attempt);
    }
  }

  /** Returns false where it is to be tried again: the worker has not ended yet, or its events cannot be read now. */
  async #lose(attempt: Attempt, exit: WorkerExit | null): Promise<boolean> {
    const { containment, isStopped } = this.options;
    if (this.#isOver(attempt)) return true;
    const { worker } = attempt.run;
    const outOfMemory = containment.ranOutOfMemory(worker);
    const isIdle = attempt.worker !== null && attempt.worker.state !== "gone";
    await containment.kill(worker, isIdle ? worker.pid : undefined);
    // The next daemon finds it as this one did.
    if (isStopped()) return true;
    // Its lock may be gone and it may not: what it writes until it ends belongs to this attempt.
    if (attempt.worker === null && isRunning(worker)) return false;
    if (!isIdle) containment.forget(worker);
    if (attempt.worker === null && this.#isOver(attempt)) return true;
    if (attempt.unreadable !== null) {
      if (!attempt.isGivenUp()) return false;
      await this.finish(attempt, outcomeOfUnreadable(attempt.unreadable));
      return true;
    }
    const stderr = captureFinalOutput(attempt, workerFiles(this.options.layout.workers, worker.workerId));
    const death = describeDeath(attempt.run, exit, stderr, outOfMemory);
    await this.#conclude(attempt, (entry) => {
      const losses = countLoss(entry.losses, attempt, exit);
      if (!runsAgain(attempt, losses))
        return finishOrRetry(attempt, entry, outcomeOfLost(attempt, death, losses), losses);
      const next = attempt.run.accepted ? attempt.number + 1 : attempt.number;
      return { requeue: { reason: death.message, next, tries: entry.tries, delay: 0, losses } };
    });
    return true;
  }

  /** Whether the attempt has an outcome, or its end is being recorded. Reads its files to their end first. */
  #isOver(attempt: Attempt): boolean {
    completeEvents(eventsFile(attempt.dir));
    attempt.read();
    return attempt.outcome !== null || attempt.isFinishing || !this.options.isCurrent(attempt);
  }

  async finish(attempt: Attempt, said: Outcome): Promise<void> {
    const { isCurrent, isStopped, containment } = this.options;
    if (attempt.isFinishing || !isCurrent(attempt)) return;
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

  /** What stands in the place of its run files and cannot be read, so that what else there is of it can be. */
  #putAside(attempt: Attempt): void {
    if (attempt.unreadable === null && attempt.unreadableLog === null) return;
    const { layout, onProblem } = this.options;
    try {
      const isGivenUp = attempt.unreadable !== null;
      for (const problem of putAsideRunFiles(runDir(layout, attempt.id), attempt.dir, isGivenUp))
        onProblem(problem);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      onProblem(`${attempt.dir} could not be put aside: ${error.message}`);
    }
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
    if (attempt.isFinishing) return;
    attempt.isFinishing = true;
    this.#putAside(attempt);
    const { id, number } = attempt;
    for (let since: Date | null = null; ; since ??= new Date()) {
      attempt.waitsForRoom(since);
      try {
        await lifecycle.conclude(id, number, attempt.seq, decide);
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
