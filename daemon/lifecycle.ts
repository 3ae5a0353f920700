/**
 * The only module that moves an operation from state to state: check the move, journal the decision, let the store
 * apply and tell it. Moves on one operation come one after the other.
 */
import { rmSync } from "node:fs";
import { uptime } from "node:os";
import { LIMITS } from "../protocol/command/config.js";
import { Refusal } from "../protocol/errors.js";
import type { DaemonEvent, Outcome, StopReason, Submission } from "../protocol/event.js";
import type { Operation } from "../protocol/operation.js";
import { isFinal, mayMove, type State } from "../protocol/state.js";
import { KeyedMutex } from "./keyed-mutex.js";
import { boundedChain } from "./scheduler/queue-feed.js";
import {
  type Entry,
  type IdempotencyKey,
  type Policy,
  runStateOf,
  type Successor,
  type WorkerIdentity,
  type WorkerLosses,
} from "./store/decision.js";
import { type Layout, runDir } from "./store/layout.js";
import type { Store } from "./store/store.js";

interface Submit {
  operation: Submission;
  env: Record<string, string>;
  key: IdempotencyKey | null;
}

/** How an operation comes to be queued again by itself. */
interface Again {
  reason: string;
  /** The next attempt's number. */
  next: number;
  tries: number;
  /** Seconds. */
  delay: number;
  /** Absent: the attempt did not end by the death of its worker. */
  losses?: WorkerLosses | undefined;
}

/** What becomes of an operation whose attempt is over. */
export type Conclusion = { finish: Outcome } | { requeue: Again };

export class Lifecycle {
  readonly #perOperation = new KeyedMutex();

  constructor(
    private readonly store: Store,
    private readonly layout: Layout,
    /** Operations that a chain may have. */
    private readonly maxChainLength: number = LIMITS.maxChainLength.default,
  ) {}

  /** queued, from nothing: all of them or none. */
  async submit(submits: ReadonlyArray<Submit>): Promise<void> {
    const kept = await this.store.payloads.keepParams(submits);
    const at = now();
    return this.store.decideAll(
      kept.map(({ operation, env, key }) => {
        const event = { type: "operation:submitted", seq: 1, at, attempt: 0, operation } as const;
        return { kind: "submitted", event, env, key };
      }),
    );
  }

  /** queued → running. Resolves with the entry that started, once that is durable; null: it is not queued any more. */
  start(id: string, worker: WorkerIdentity, policy: Policy): Promise<Entry | null> {
    return this.#perOperation.run(id, async () => {
      const entry = this.store.ledger.get(id);
      if (!entry || !mayMove(entry.record.state, "running")) return null;
      const event = {
        type: "attempt:started",
        seq: entry.record.seq + 1,
        at: now(),
        attempt: entry.nextAttempt,
      } as const;
      await this.store.decide({ kind: "started", id, event, worker, policy, uptime: uptime() });
      return entry;
    });
  }

  /**
   * running → queued, succeeded, failed or cancelled: what becomes of an operation whose attempt is over. Keyed by
   * attempt: a second conclusion of the same attempt does nothing.
   *
   * The decision is made here, under the operation's lock, so that it sees every cancel that was recorded before. A
   * recorded cancel beats a requeue: the operation is finished as cancelled.
   *
   * @param seq number of the attempt's last event or line
   * @param decide called with the newest entry; may be called again after a full disk
   */
  conclude(id: string, attempt: number, seq: number, decide: (entry: Entry) => Conclusion): Promise<void> {
    return this.#perOperation.run(id, async () => {
      const entry = this.#running(id, attempt);
      if (!entry) return;
      const conclusion = decide(entry);
      if ("finish" in conclusion) await this.#finish(entry, seq, conclusion.finish);
      else if (isCancelRecorded(entry)) await this.#finish(entry, seq, CANCELLED);
      else await this.#requeue(entry, seq, conclusion.requeue);
    });
  }

  /** queued → failed: it cannot even be started. */
  reject(id: string, outcome: Outcome): Promise<void> {
    return this.#perOperation.run(id, async () => {
      const entry = this.store.ledger.get(id);
      if (entry?.record.state === "queued") await this.#finishQueued(entry, outcome);
    });
  }

  /**
   * Records that an operation is to stop. A queued one is cancelled on the spot; for a running one this is the
   * record alone, and the scheduler sees to the rest. The first reason stays; a cancel after a timeout is recorded
   * all the same, so that nothing of the operation runs again by itself.
   *
   * @param attempt records nothing where this attempt does not run any more: a timeout is of one attempt
   * @throws Refusal where it is over
   */
  cancel(id: string, reason: StopReason = "cancel", attempt?: number): Promise<Operation> {
    return this.#perOperation.run(id, async () => {
      const entry = this.store.ledger.get(id);
      if (attempt !== undefined && !this.#running(id, attempt)) return this.#record(id);
      if (!entry || isFinal(entry.record.state))
        throw wrongState(entry?.record ?? this.#record(id), "cancelled");
      if (entry.record.state === "queued") await this.#finishQueued(entry, CANCELLED);
      else if (isNews(entry, reason)) {
        const event = {
          type: "cancel:requested",
          seq: 0,
          at: now(),
          attempt: entry.record.attempt,
          reason,
        } as const;
        await this.store.decide({ kind: "cancelled", id, event });
      }
      return this.#record(id);
    });
  }

  /**
   * failed or cancelled → queued, from the history too.
   *
   * @throws Refusal where it is not over, succeeded, or handed over to a next one that ran
   */
  retry(id: string, from: string | null, forget: (entry: Entry) => void): Promise<Operation> {
    return this.#perOperation.run(id, async () => {
      const entry = this.store.find(id);
      if (!entry || !mayMove(entry.record.state, "queued") || !isFinal(entry.record.state)) {
        throw wrongState(this.#record(id), "retried");
      }
      if (from !== null && !entry.record.stages.includes(from)) {
        throw new Refusal(
          "LIVEOPS_BAD_REQUEST",
          `${JSON.stringify(from)} is no stage of ${entry.record.op}; its stages: ${entry.record.stages.join(", ")}`,
        );
      }
      forget(entry);
      const event = {
        type: "operation:retried",
        seq: entry.record.seq + 1,
        at: now(),
        attempt: entry.record.attempt,
        from,
      } as const;
      await this.store.decide({ kind: "retried", id, event, entry });
      return this.#record(id);
    });
  }

  /** Removes a finished operation with its run files. */
  remove(id: string): Promise<Operation> {
    return this.#perOperation.run(id, async () => {
      const record = this.#record(id);
      if (!isFinal(record.state)) throw wrongState(record, "removed");
      const key = this.store.find(id)?.key ?? null;
      await this.store.decide({ kind: "removed", id, key });
      this.store.whenReleased(() => this.#removeFiles(record));
      return record;
    });
  }

  /** The removal is recorded by then: files that stay are a problem to be told, and no reason to refuse. */
  #removeFiles(record: Operation): void {
    const { id } = record;
    try {
      rmSync(runDir(this.layout, id), { recursive: true, force: true });
      this.store.payloads.remove(record);
    } catch (error) {
      const { message } = error as Error;
      this.store.addProblem(`files of ${id} could not be removed (${message}); run: liveopsd doctor`);
    }
  }

  async #finish(entry: Entry, seq: number, given: Outcome): Promise<void> {
    const { id, state } = entry.record;
    const outcome = boundedChain(given, this.maxChainLength);
    if (!mayMove(state, outcome.state)) return;
    const next = outcome.state === "succeeded" ? outcome.next : null;
    const omitted = await this.store.payloads.keepResult(id, outcome.result);
    // Finished again after damage, its next one may be there already.
    const successor = next && !this.store.knows(next.id) ? await this.#successor(entry, next) : null;
    const stored = omitted ? { ...outcome, result: null, omitted } : outcome;
    const event = finishedEvent(entry.record, seq + 1, stored, next?.id ?? null);
    const runState = runStateOf(entry.record);
    await this.store.decide({ kind: "finished", id, event, runState, successor });
  }

  async #requeue(entry: Entry, seq: number, again: Again): Promise<void> {
    const { id, state, attempt } = entry.record;
    if (!mayMove(state, "queued")) return;
    const { reason, next, tries, losses } = again;
    const retryAt = again.delay === 0 ? null : new Date(Date.now() + again.delay * 1000).toISOString();
    const event = { type: "attempt:requeued", seq: seq + 1, at: now(), attempt, reason, retryAt } as const;
    const { logLines } = entry.record;
    await this.store.decide({ kind: "requeued", id, event, next, tries, losses, logLines });
  }

  async #finishQueued(entry: Entry, outcome: Outcome): Promise<void> {
    const { id, seq } = entry.record;
    const marked = outcome.state === "cancelled" ? { ...entry.record, cancelRequested: true } : entry.record;
    const event = finishedEvent(entry.record, seq + 1, outcome, null);
    await this.store.decide({ kind: "finished", id, event, runState: runStateOf(marked), successor: null });
  }

  async #successor(entry: Entry, next: Submission): Promise<Successor> {
    const [kept] = await this.store.payloads.keepParams([{ operation: next }]);
    const { operation } = kept!;
    const at = now();
    const { limits } = entry.record;
    // What was given for the first of a chain bounds the chain.
    const bounded = limits ? { ...operation, limits } : operation;
    const submitted = { type: "operation:submitted", seq: 1, at, attempt: 0, operation: bounded } as const;
    const cancelled = entry.record.cancelRequested
      ? ({ type: "operation:finished", seq: 2, at, attempt: 0, ...CANCELLED, next: null } as const)
      : null;
    return { submitted: { event: submitted, env: entry.env, key: null }, cancelled };
  }

  #running(id: string, attempt: number): Entry | null {
    const entry = this.store.ledger.get(id);
    return entry?.record.state === "running" && entry.record.attempt === attempt ? entry : null;
  }

  #record(id: string): Operation {
    const entry = this.store.find(id);
    if (!entry)
      throw new Refusal("LIVEOPS_NO_SUCH_OPERATION", `there is no operation ${id}; liveops ls lists them`);
    return entry.record;
  }
}

const CANCELLED: Outcome = { state: "cancelled", result: null, error: null, next: null };

function isCancelRecorded({ record, run }: Entry): boolean {
  return record.cancelRequested || run?.stopReason === "cancel";
}

/** Whether a request to stop says more than what is recorded of a running operation. */
function isNews({ record, run }: Entry, reason: StopReason): boolean {
  if (!run) return false;
  return run.stopReason === null || (reason === "cancel" && !record.cancelRequested);
}

type FinishedEvent = Extract<DaemonEvent, { type: "operation:finished" }>;

function finishedEvent(
  record: Operation,
  seq: number,
  outcome: Outcome & Pick<FinishedEvent, "omitted">,
  next: string | null,
): FinishedEvent {
  const { state, result, omitted, error } = outcome;
  const values = { state, result, ...(omitted && { omitted }), error, next };
  return { type: "operation:finished", seq, at: now(), attempt: record.attempt, ...values };
}

const STATE_WORDS: Record<State, string> = {
  queued: "is queued",
  running: "is running; liveops cancel stops it",
  succeeded: "has succeeded",
  failed: "has failed; liveops retry runs it again",
  cancelled: "was cancelled; liveops retry runs it again",
};

function wrongState(record: Operation, what: string): Refusal {
  const { id, op, state, chain } = record;
  const goesOn = state === "succeeded" && chain.next !== null ? `; its chain goes on as ${chain.next}` : "";
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${op} ${id} cannot be ${what}: it ${STATE_WORDS[state]}${goesOn}`,
  );
}

function now(): string {
  return new Date().toISOString();
}
