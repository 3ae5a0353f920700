/**
 * Finishes an attempt: turns an outcome from its run files, or a worker's death without an outcome,
 * into one decision: finished, or queued again. Only the scheduler calls this module, and no other
 * module handles an operation's failure.
 */

import { retryDelay } from "../../ops/attempt/retry-delay.js";
import { removeTemporary } from "../../ops/attempt/temporary.js";
import { askedText, openApproval } from "../../protocol/approval.js";
import type { Outcome } from "../../protocol/event.js";
import type { Odd } from "../../protocol/operation.js";
import { firstLine } from "../../protocol/text/first-line.js";
import type { Bus } from "../bus.js";
import type { Conclusion, Lifecycle } from "../lifecycle.js";
import { isRunning } from "../os/process-identity.js";
import { sharedNow } from "../os/shared-clock.js";
import { completeEvents } from "../run-files/attempt-files.js";
import { isUnreadable, putAsideRunFiles } from "../run-files/unreadable.js";
import type { Entry, WorkerLosses } from "../store/decision.js";
import { isShortage } from "../store/durable-file.js";
import { type Layout, runDir, workerFiles } from "../store/layout.js";
import { NotRecordedError } from "../store/not-recorded.js";
import type { Containment } from "../worker/containment.js";
import type { WorkerExit } from "../worker/pool.js";
import { isForeign, mayRunElsewhere } from "../worker/worker-processes.js";
import type { Attempt } from "./attempt.js";
import type { Outbox } from "./outbox.js";
import {
  captureFinalOutput,
  correctedOutcome,
  countLoss,
  describeCopied,
  describeDeath,
  outcomeOfLost,
  outcomeOfUnreadable,
  runsAgain,
} from "./worker-death.js";

/** How long a decision waits for room on a full disk before the next try, in ms. */
const AGAIN_MS = 500;

/** Judges what a worker tells of a success. */
export interface Judge {
  /**
   * Numbers of the result that are far outside of those of earlier runs. @throws where the history
   * cannot be read
   */
  oddOf(entry: Entry, result: unknown): Promise<Odd[]>;
  /** What is recorded of the success. */
  outcomeOf(outcome: Outcome, odd: readonly Odd[], entry: Entry): Outcome;
}

interface FinishingOptions {
  lifecycle: Pick<Lifecycle, "conclude">;
  layout: Layout;
  containment: Pick<Containment, "forget" | "kill">;
  /**
   * Whether the attempt is still the operation's current attempt. Finishing an older attempt does
   * nothing.
   */
  isCurrent(attempt: Attempt): boolean;
  /** Path of the directory that the state directory was copied from; null if it is unknown. */
  original(): string | null;
  /** Whether the daemon makes no more decisions. */
  isStopped(): boolean;
  /** The decision is recorded: the attempt's slot is free. */
  onDone(attempt: Attempt): void;
  /** Why the workers of this host have ended themselves; null: they have not. */
  whyLeaseEnded(): string | null;
  /** Null: each success is recorded as its worker tells it. */
  judge(): Judge | null;
  /** Must be complete before the end of an attempt is recorded. */
  outbox: Pick<Outbox, "flush">;
  /** A decision waits, since the disk has no room to record it. */
  onWait(): void;
  bus: Bus;
}

export class Finishing {
  /** Attempts whose worker is dead. */
  readonly #lost = new WeakSet<Attempt>();
  /** Number of decisions that wait for room on the disk. */
  waiting = 0;

  constructor(private readonly options: FinishingOptions) {}

  /**
   * Handles a dead worker. Both files are read to their end; an outcome in them beats the way the
   * worker died. Where that is not possible now, the scheduler's next check calls this again.
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

  /**
   * Returns false where the caller must retry: the worker has not ended yet, or its events cannot
   * be read now.
   */
  async #lose(attempt: Attempt, exit: WorkerExit | null): Promise<boolean> {
    const { containment, isStopped, original } = this.options;
    if (this.#isOver(attempt)) return true;
    const { worker } = attempt.run;
    const isIdle = attempt.worker !== null && attempt.worker.state !== "gone";
    await containment.kill(worker, isIdle ? worker.pid : undefined);
    // The next daemon finds the attempt in the same state.
    if (isStopped()) return true;
    // A worker may have lost its lock and still run: its output until its end belongs to this
    // attempt.
    if (attempt.worker === null && isRunning(worker)) return false;
    if (!isIdle && !isForeign(worker)) containment.forget(worker);
    if (attempt.worker === null && this.#isOver(attempt)) return true;
    const { events: unreadable } = attempt.unreadable;
    if (unreadable !== null) {
      if (!attempt.isGivenUp()) return false;
      await this.finish(attempt, outcomeOfUnreadable(unreadable));
      return true;
    }
    // All processes of the attempt have ended, and no next attempt has begun.
    if (!mayRunElsewhere(worker))
      removeTemporary(attempt.entry.record.id, attempt.entry.env.TMPDIR);
    const stderr = captureFinalOutput(
      attempt,
      workerFiles(this.options.layout.workers, worker.workerId),
    );
    const whyLeaseEnded = isKilled(exit) ? this.options.whyLeaseEnded() : null;
    let death = describeDeath(attempt.run, exit, stderr);
    if (mayRunElsewhere(worker)) death = describeCopied(original());
    else if (whyLeaseEnded !== null) death = { cause: "lease-ended", message: whyLeaseEnded };
    await this.#conclude(attempt, (entry) => {
      const losses = countLoss(entry.losses, attempt);
      // Never a second run beside the original's: not resumed, and not retried automatically.
      if (mayRunElsewhere(worker)) return { finish: outcomeOfLost(attempt, death, losses) };
      if (!runsAgain(attempt, losses))
        return finishOrRetry(attempt, entry, outcomeOfLost(attempt, death, losses), losses);
      const next = attempt.run.accepted ? attempt.number + 1 : attempt.number;
      return { requeue: { reason: death.message, next, tries: entry.tries, delay: 0, losses } };
    });
    return true;
  }

  /** Whether the attempt has an outcome or is finishing. Reads its files to their end first. */
  #isOver(attempt: Attempt): boolean {
    const { run, events } = attempt;
    // A live worker changes its file itself: it may run another operation by now.
    if (isForeign(run.worker) || !isRunning(run.worker)) completeEvents(events.file);
    attempt.read();
    return attempt.outcome !== null || attempt.isFinishing || !this.options.isCurrent(attempt);
  }

  async finish(attempt: Attempt, outcome: Outcome): Promise<void> {
    const { isCurrent, isStopped } = this.options;
    if (attempt.isFinishing || !isCurrent(attempt)) return;
    // The outcome stays in the run file until the decision is durable, so no death of worker or
    // daemon loses it.
    attempt.read();
    if (outcome.state !== "succeeded") await this.#endLeftovers(attempt);
    if (isStopped()) return;
    let odd: Odd[] = [];
    await this.#conclude(
      attempt,
      (entry) => {
        const again = asksAgain(attempt, entry, outcome);
        if (again) return again;
        const corrected = correctedOutcome(outcome, entry);
        if (corrected.state !== "succeeded")
          return finishOrRetry(attempt, entry, corrected, undefined);
        const judged = this.options.judge()?.outcomeOf(corrected, odd, entry) ?? corrected;
        return { finish: judged, odd };
      },
      async () => {
        if (outcome.state === "succeeded") odd = await this.#oddOf(attempt.entry, outcome);
      },
    );
  }

  /** Without a readable history nothing is odd. */
  async #oddOf(entry: Entry, { result }: Outcome): Promise<Odd[]> {
    try {
      return (await this.options.judge()?.oddOf(entry, result)) ?? [];
    } catch (error) {
      if (error instanceof NotRecordedError) throw error;
      const { message } = error as Error;
      this.options.bus.emit(
        "problem",
        `the earlier runs of ${entry.record.op} could not be read: ${message}`,
      );
      return [];
    }
  }

  /**
   * Moves aside unreadable objects in the place of run files, so that the other run files can be
   * read. Events whose outcome was read stay: the error may pass, and other operations of the
   * worker have their events in the same file.
   */
  #putAside(attempt: Attempt): void {
    const { events, log } = attempt.unreadable;
    if (events === null && log === null) return;
    const { layout, bus } = this.options;
    try {
      const unreadable = attempt.isGivenUp() ? attempt.events.file : null;
      for (const problem of putAsideRunFiles(runDir(layout, attempt.id), attempt.dir, unreadable))
        bus.emit("problem", problem);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      bus.emit("problem", `${attempt.dir} could not be moved aside: ${error.message}`);
    }
  }

  /**
   * Kills the processes that an unsuccessful operation left running. Its worker is spared and exits
   * by itself. A worker that reports no leftovers may run another operation; otherwise the kill
   * waits for the worker's exit.
   */
  async #endLeftovers({ worker, run }: Attempt): Promise<void> {
    const isThere = worker !== null && worker.state !== "gone";
    if (isThere) worker.leftFailure = true;
    if (!isThere || run.stopReason) await this.options.containment.kill(run.worker, run.worker.pid);
  }

  /**
   * Records the decision. On a full disk or without a free descriptor, retries until there is room.
   *
   * @param prepare - called before, outside the lock of the operation
   */
  async #conclude(
    attempt: Attempt,
    decide: (entry: Entry) => Conclusion,
    prepare: () => Promise<void> = async () => {},
  ): Promise<void> {
    const { lifecycle, isStopped, onDone, bus } = this.options;
    if (attempt.isFinishing) return;
    attempt.isFinishing = true;
    this.#putAside(attempt);
    const { id, number } = attempt;
    for (let since: Date | null = null; ; since ??= new Date(sharedNow())) {
      attempt.waitsForRoom(since);
      try {
        await this.options.outbox.flush(attempt);
        await prepare();
        await lifecycle.conclude(id, number, attempt.seq, decide, attempt.sampler.resources);
        onDone(attempt);
        return;
      } catch (error) {
        // The next daemon makes the unrecorded decision from the same files.
        if (isStopped()) return;
        if (!(error instanceof NotRecordedError) && !isShortage(error)) {
          bus.emit("broken", error as Error);
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

/**
 * Queues an operation that waits for approval: it goes on with the answer. A stop request comes
 * before.
 */
function asksAgain(
  { run, number }: Attempt,
  { record, tries }: Entry,
  { asks }: Outcome,
): Conclusion | null {
  const open = openApproval(record);
  if (!asks || open === null || run.stopReason !== null) return null;
  return { requeue: { reason: askedText(open), next: number + 1, tries, delay: 0 } };
}

/** By SIGKILL, or in a way that nobody saw. */
function isKilled(exit: WorkerExit | null): boolean {
  return exit === null || exit.signal === "SIGKILL";
}

/** Requeues where the outcome is a failure that the type retries; finishes otherwise. */
function finishOrRetry(
  attempt: Attempt,
  entry: Entry,
  outcome: Outcome,
  losses: WorkerLosses | undefined,
): Conclusion {
  const delay = retryDelay(attempt.run.policy.retry, entry.tries, outcome);
  if (delay === null) return { finish: outcome };
  const reason = `${firstLine(outcome.error?.message ?? "")} (${outcome.error?.code})`;
  return { requeue: { reason, next: attempt.number + 1, tries: entry.tries + 1, delay, losses } };
}
