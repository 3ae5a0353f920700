/**
 * The only module that changes the state of an operation: check the transition, journal the
 * decision, let the store apply and announce it. Transitions of one operation run one after the
 * other. A decision that another one overtook is judged again.
 */
import { rmSync } from "node:fs";
import { uptime } from "node:os";
import { openApproval, waitsForApproval } from "../protocol/approval.js";
import { END_VALUES } from "../protocol/end-values.js";
import { Refusal } from "../protocol/errors.js";
import type {
  Changes,
  DaemonEvent,
  DoneByHand,
  Outcome,
  StopReason,
  Submission,
} from "../protocol/event.js";
import { getOwn, pick } from "../protocol/objects.js";
import type { Approval, Odd, Operation, Resources } from "../protocol/operation.js";
import { isFinal, mayMove } from "../protocol/state.js";
import { stageAndStep } from "../protocol/step-names.js";
import { nextOf } from "../protocol/submit-fields.js";
import { unknownStage, unknownStep } from "../protocol/text/unknown-name.js";
import { boundedChain } from "./scheduler/chain-bounds.js";
import { awaited, wrongState } from "./state-refusal.js";
import {
  type Decision,
  type Entry,
  type IdempotencyKey,
  type Policy,
  type Run,
  runStateOf,
  type Submitted,
  type Successor,
  type WorkerIdentity,
  type WorkerLosses,
} from "./store/decision.js";
import { KeyedMutex } from "./store/keyed-mutex.js";
import { type Layout, runDir } from "./store/layout.js";
import { entryOf } from "./store/ledger.js";
import { type Judged, type Store, VersionConflictError } from "./store/store.js";

export interface Submit {
  operation: Submission;
  env: Record<string, string>;
  key: IdempotencyKey | null;
}

/** How a failed or cancelled operation runs again. */
interface Retry {
  /** The stage, or `Stage/step`, from which it runs; null: where it failed. */
  from?: string | null;
  /** What a person has done by hand. */
  done?: readonly DoneByHand[];
  changes?: Changes | null;
  /** Why it runs from another place than a person asked for. */
  because?: string | undefined;
}

/** Why and when the daemon queues an operation again. */
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

/** What `remove` must know of the operations that wait for others. */
interface Dependents {
  /** Id of an operation that waits for the end of this one or of its chain; null: none does. */
  waiterOf(id: string): string | null;
  /** Resolves when the cancels of the operations that waited in vain for this one are recorded. */
  cancelled(id: string): Promise<void>;
}

const NO_DEPENDENTS: Dependents = { waiterOf: () => null, cancelled: async () => {} };

/** What follows a finished attempt. */
export type Conclusion = { finish: Outcome; odd?: Odd[] } | { requeue: Again };

export class Lifecycle {
  readonly #perOperation = new KeyedMutex();

  constructor(
    private readonly store: Store,
    private readonly layout: Layout,
    private readonly dependents: Dependents = NO_DEPENDENTS,
    /** The clock of the store, in ms since 1970: all that decide in the store share it. */
    private readonly now: () => number = () => Date.now(),
  ) {}

  /**
   * New → queued: all of them or none.
   *
   * @param start - starts a single one that need not wait, in the same write; false: it was not
   *   recorded. Default: it waits
   */
  async submit(
    submits: ReadonlyArray<Submit>,
    start: (submitted: Submitted) => Promise<boolean> = async () => false,
  ): Promise<void> {
    const at = this.#at();
    const all = submits.map(({ operation, env, key }): Submitted => {
      return {
        event: { type: "operation:submitted", seq: 1, at, attempt: 0, operation },
        env,
        key,
      };
    });
    const isStarted = all.length === 1 && (await start(all[0]!));
    if (!isStarted) await this.store.decideAll(all.map(judgedSubmit));
  }

  /**
   * Changes a queued operation. `make` runs under the operation's lock, so the operation cannot
   * start meanwhile.
   *
   * @param make the new values, made from the newest entry
   * @throws Refusal where the operation is no longer queued
   */
  edit(id: string, make: (entry: Entry) => Changes): Promise<void> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      if (entry?.record.state !== "queued")
        throw wrongState(entry?.record ?? (await this.#record(id)), "edited");
      const { version } = entry;
      const changes = make(entry);
      const event = { type: "operation:edited", ...this.#numbered(entry.record), changes } as const;
      await this.store.decide({ kind: "edited", id, event }, version);
    });
  }

  /**
   * Answers the question that an operation waits for.
   *
   * @param by - who answers; null: the time is over
   * @param choose - the choice, by the newest question; undefined: nothing is recorded
   * @returns whether something was recorded
   */
  answer(
    id: string,
    by: string | null,
    choose: (open: Approval | null, record: Operation) => string | null | undefined,
  ): Promise<boolean> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      const record = entry?.record ?? (await this.#record(id));
      const choice = choose(waitsForApproval(record), record);
      if (choice === undefined || !entry) return false;
      const event = { type: "approval:answered", ...this.#numbered(record), choice, by } as const;
      await this.store.decide({ kind: "edited", id, event }, entry.version);
      return true;
    });
  }

  /**
   * queued → running. Resolves with the started entry once durable; null: the operation is no
   * longer queued, or must not start.
   *
   * @param mayStart called under the operation's lock, with the newest entry. Default: it may
   * @param submitted a new operation: the same write records its submit
   */
  start(
    id: string,
    worker: WorkerIdentity,
    policy: Policy,
    slot = 1,
    mayStart: (entry: Entry) => boolean = () => true,
    submitted: Submitted | null = null,
  ): Promise<Entry | null> {
    return this.#judge(id, async () => {
      const entry = submitted ? entryOf(submitted) : this.store.ledger.get(id);
      if (!entry || !mayMove(entry.record.state, "running") || !mayStart(entry)) return null;
      const { seq, at } = this.#numbered(entry.record);
      const event = { type: "attempt:started", seq, at, attempt: entry.nextAttempt, slot } as const;
      const started = { kind: "started", id, event, worker, policy, uptime: uptime() } as const;
      const { version } = entry;
      const submits = submitted ? [judgedSubmit(submitted)] : [];
      await this.store.decideAll([...submits, { decision: started, version }]);
      return this.store.ledger.get(id) ?? null;
    });
  }

  /**
   * running → queued, succeeded, failed or cancelled, after a finished attempt. Keyed by attempt: a
   * second conclusion of the same attempt does nothing.
   *
   * `decide` runs under the operation's lock, so it sees every cancel recorded before. A recorded
   * cancel beats a requeue: the operation is finished as cancelled.
   *
   * @param seq number of the attempt's last event or line
   * @param decide called with the newest entry; may be called again after a full disk
   * @param resources of the attempt's processes; null: not measured
   */
  conclude(
    id: string,
    attempt: number,
    seq: number,
    decide: (entry: Entry) => Conclusion,
    resources: Resources | null = null,
  ): Promise<void> {
    return this.#judge(id, async () => {
      const entry = this.#running(id, attempt);
      if (!entry) return;
      const conclusion = decide(entry);
      if ("finish" in conclusion)
        await this.#finish(entry, seq, conclusion.finish, resources, conclusion.odd);
      else if (isCancelRecorded(entry)) await this.#finish(entry, seq, CANCELLED, resources);
      else await this.#requeue(entry, seq, conclusion.requeue);
    });
  }

  /** queued → failed: the operation cannot be started. */
  reject(id: string, outcome: Outcome): Promise<void> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      if (entry?.record.state === "queued")
        await this.store.decide(finishQueued(entry, outcome, this.#at()), entry.version);
    });
  }

  /**
   * Records that a running operation is paused, or runs again.
   *
   * @returns the record; unchanged where nothing changes
   * @throws Refusal where the operation is not running
   */
  pause(id: string, isPaused: boolean): Promise<Operation> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      const { record, run } = entry ?? {};
      if (!entry || record?.state !== "running" || !run)
        throw wrongState(record ?? (await this.#record(id)), isPaused ? "paused" : "resumed");
      if (isPaused === isPausedNow(record)) return record;
      if (isPaused && run.stopReason !== null)
        throw new Refusal(
          "LIVEOPS_WRONG_STATE",
          `${record.op} ${id} cannot be paused: it is being stopped`,
        );
      const numbered = { ...this.#numbered(record, 0), n: (record.pause?.changes ?? 0) + 1 };
      const event = isPaused
        ? ({ type: "attempt:paused", ...numbered } as const)
        : ({
            type: "attempt:resumed",
            ...numbered,
            seconds: this.#secondsPaused(record, run),
          } as const);
      await this.store.decide({ kind: "paused", id, event, uptime: uptime() }, entry.version);
      return this.#record(id);
    });
  }

  /**
   * Records for whose end a running operation waits.
   *
   * @param make - ids, by the newest entry. The same as before: nothing is recorded
   */
  wait(id: string, make: (entry: Entry) => readonly string[]): Promise<void> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      if (!entry?.run) return;
      const ids = make(entry);
      const { waitsFor: before = [] } = entry.run;
      if (ids.length === before.length && ids.every((each) => before.includes(each))) return;
      const { attempt } = entry.record;
      await this.store.decide({ kind: "waits", id, attempt, ids }, entry.version);
    });
  }

  /**
   * Records a request to stop an operation. A queued operation is cancelled at once. For a running
   * operation this only records the request; the scheduler stops the attempt. The first reason
   * stays. A cancel after a timeout is still recorded, so that the operation is not retried
   * automatically.
   *
   * @param attempt records nothing where this attempt no longer runs: a timeout applies to one
   *   attempt
   * @throws Refusal where the operation is finished
   */
  cancel(id: string, reason: StopReason = "cancel", attempt?: number): Promise<Operation> {
    return this.#judge(id, async () => {
      const entry = this.store.ledger.get(id);
      if (attempt !== undefined && !this.#running(id, attempt)) return this.#record(id);
      if (!entry || isFinal(entry.record.state))
        throw wrongState(entry?.record ?? (await this.#record(id)), "cancelled");
      if (entry.record.state === "queued")
        await this.store.decide(finishQueued(entry, CANCELLED, this.#at()), entry.version);
      else if (isNews(entry, reason)) {
        const event = {
          type: "cancel:requested",
          ...this.#numbered(entry.record, 0),
          reason,
        } as const;
        await this.store.decide({ kind: "cancelled", id, event }, entry.version);
      }
      return this.#record(id);
    });
  }

  /**
   * failed or cancelled → queued, also for an operation in the history.
   *
   * @param retry - `changes`: what the same write changes of the queued operation; null: nothing
   * @throws Refusal where the operation is not finished or has succeeded
   */
  retry(
    id: string,
    { from = null, done = [], changes = null, because }: Retry = {},
    forget: (entry: Entry) => void = () => {},
  ): Promise<Operation> {
    return this.#judge(id, async () => {
      const entry = await this.store.archive.find(id);
      if (!entry || !mayMove(entry.record.state, "queued") || !isFinal(entry.record.state)) {
        throw wrongState(await this.#record(id), "retried");
      }
      const { version } = entry;
      const stages = changes?.stages ?? entry.record.stages;
      if (from !== null) placeIn(from, entry.record, stages);
      forget(entry);
      const event = {
        ...({ type: "operation:retried", ...this.#numbered(entry.record), from, because } as const),
        ...(done.length > 0 && { done: [...done] }),
      } as const;
      const retried: Decision = { kind: "retried", id, event, entry };
      if (changes === null) await this.store.decide(retried, version);
      else {
        const numbered = this.#numbered(entry.record, event.seq + 1);
        const edited = { type: "operation:edited", ...numbered, changes } as const;
        const edit: Decision = { kind: "edited", id, event: edited };
        await this.store.decideAll([
          { decision: retried, version },
          { decision: edit, version },
        ]);
      }
      return this.#record(id);
    });
  }

  /**
   * Removes a finished or queued operation with its run files. A queued operation is cancelled in
   * the same write: the streams that watch it get its end. Operations that wait for it are
   * cancelled before, since nothing can be known of an operation that is gone.
   *
   * @returns the entry with its last record
   * @throws Refusal where the operation is running, or others wait for the end of its chain
   */
  remove(id: string): Promise<Entry> {
    return this.#judge(id, async () => {
      const entry = (await this.store.archive.find(id)) ?? this.#missing(id);
      const { state } = entry.record;
      if (state === "running") throw wrongState(entry.record, "removed");
      const waiter = this.dependents.waiterOf(id);
      if (waiter !== null && state !== "queued") throw awaited(entry.record, waiter);
      if (waiter !== null)
        await this.store.decide(finishQueued(entry, CANCELLED, this.#at()), entry.version);
      await this.dependents.cancelled(id);
      const { version } = entry;
      const last = state === "queued" ? "cancelled" : state;
      const cancel =
        state === "queued" && waiter === null ? [finishQueued(entry, CANCELLED, this.#at())] : [];
      const decisions: Decision[] = [
        ...cancel,
        { kind: "removed", id, key: entry.key, state: last },
      ];
      await this.store.decideAll(decisions.map((decision) => ({ decision, version })));
      this.#removeFiles(id);
      return entry;
    });
  }

  /**
   * The removal is already recorded, so files that remain are reported as a problem and not
   * refused.
   */
  #removeFiles(id: string): void {
    try {
      rmSync(runDir(this.layout, id), { recursive: true, force: true });
      this.store.secrets.delete(id);
    } catch (error) {
      const { message } = error as Error;
      this.store.addProblem(
        `files of ${id} could not be removed (${message}); remove them yourself`,
      );
    }
  }

  async #finish(
    entry: Entry,
    seq: number,
    given: Outcome,
    resources: Resources | null,
    odd: Odd[] = [],
  ): Promise<void> {
    const { version } = entry;
    const { id, state } = entry.record;
    const outcome = boundedChain(given);
    if (!mayMove(state, outcome.state)) return;
    const next = outcome.state === "succeeded" ? outcome.next : null;
    // An operation that finishes again after damage may already have its successor.
    const isNew = next !== null && !(await this.store.archive.knows(next.id));
    const successor = isNew ? this.#successor(entry, next) : null;
    const event = finishedEvent(
      entry.record,
      seq + 1,
      { ...outcome, resources, odd },
      next?.id ?? null,
      this.#at(),
    );
    const runState = runStateOf(entry.record);
    if (next !== null) this.store.secrets.copy(id, next.id);
    await this.store.decide({ kind: "finished", id, event, runState, successor }, version);
    // A failed or cancelled operation may be retried.
    if (outcome.state === "succeeded") this.store.secrets.delete(id);
  }

  async #requeue(entry: Entry, seq: number, again: Again): Promise<void> {
    const { id, state, logLines } = entry.record;
    if (!mayMove(state, "queued")) return;
    const { version } = entry;
    const runState = openApproval(entry.record) && runStateOf(entry.record);
    const { reason, next, tries, losses } = again;
    const retryAt =
      again.delay === 0 ? null : new Date(this.now() + again.delay * 1000).toISOString();
    const numbered = this.#numbered(entry.record, seq + 1);
    const event = { type: "attempt:requeued", ...numbered, reason, retryAt } as const;
    const requeued = { kind: "requeued", id, event, next, tries, losses, logLines } as const;
    await this.store.decide({ ...requeued, ...(runState && { runState }) }, version);
  }

  #successor(entry: Entry, next: Submission): Successor {
    const at = this.#at();
    const bounded = {
      ...nextOf(entry.record),
      // A type may name its own queue.
      ...next,
      ...pick(entry.record, ["parent"]),
    };
    const submitted = {
      type: "operation:submitted",
      seq: 1,
      at,
      attempt: 0,
      operation: bounded,
    } as const;
    const cancelled = entry.record.cancelRequested
      ? ({ type: "operation:finished", seq: 2, at, attempt: 0, ...CANCELLED, next: null } as const)
      : null;
    return { submitted: { event: submitted, env: entry.env, key: null }, cancelled };
  }

  #running(id: string, attempt: number): Entry | null {
    const entry = this.store.ledger.get(id);
    return entry?.record.state === "running" && entry.record.attempt === attempt ? entry : null;
  }

  /** @param seq Default: after the last event of the record */
  #numbered(
    { seq: last, attempt }: Operation,
    seq = last + 1,
  ): Pick<DaemonEvent, "seq" | "at" | "attempt"> {
    return { seq, at: this.#at(), attempt };
  }

  #at(): string {
    return new Date(this.now()).toISOString();
  }

  /**
   * Seconds of the current pause: by uptime, which nobody can set; across hosts, by the clock that
   * they share.
   */
  #secondsPaused({ pause, host }: Operation, { pausedUptime }: Run): number {
    const since = pause?.since ?? null;
    let seconds = pausedUptime === undefined ? 0 : uptime() - pausedUptime;
    if (host !== undefined && since !== null) seconds = (this.now() - Date.parse(since)) / 1000;
    return Math.max(0, Math.round(seconds * 1000) / 1000);
  }

  /** Runs the judgement under the operation's lock; again where another decision came first. */
  #judge<T>(id: string, judge: () => Promise<T>): Promise<T> {
    return this.#perOperation.run(id, async () => {
      for (;;) {
        try {
          return await judge();
        } catch (error) {
          if (!(error instanceof VersionConflictError)) throw error;
        }
      }
    });
  }

  async #record(id: string): Promise<Operation> {
    return ((await this.store.archive.find(id)) ?? this.#missing(id)).record;
  }

  #missing(id: string): never {
    throw new Refusal(
      "LIVEOPS_NO_SUCH_OPERATION",
      `there is no operation ${id}; liveops ls lists them`,
    );
  }
}

function judgedSubmit(submitted: Submitted): Judged {
  return { decision: { kind: "submitted", ...submitted }, version: null };
}

const CANCELLED: Outcome = { state: "cancelled", result: null, error: null, next: null };

function isCancelRecorded({ record, run }: Entry): boolean {
  return record.cancelRequested || run?.stopReason === "cancel";
}

export function isPausedNow({ pause }: Operation): boolean {
  return pause !== null && pause.since !== null;
}

/** Whether a stop request adds to what is recorded of a running operation. */
function isNews({ record, run }: Entry, reason: StopReason): boolean {
  if (!run) return false;
  return run.stopReason === null || (reason === "cancel" && !record.cancelRequested);
}

/** The decision that ends a queued operation. */
function finishQueued(entry: Entry, outcome: Outcome, at: string): Decision {
  const { id, seq } = entry.record;
  const marked =
    outcome.state === "cancelled" ? { ...entry.record, cancelRequested: true } : entry.record;
  const event = finishedEvent(entry.record, seq + 1, outcome, null, at);
  return { kind: "finished", id, event, runState: runStateOf(marked), successor: null };
}

type FinishedEvent = Extract<DaemonEvent, { type: "operation:finished" }>;

function finishedEvent(
  record: Operation,
  seq: number,
  outcome: Outcome & Pick<FinishedEvent, "odd"> & { resources?: Resources | null },
  next: string | null,
  at: string,
): FinishedEvent {
  const { resources, odd = [] } = outcome;
  return {
    type: "operation:finished",
    seq,
    at,
    attempt: record.attempt,
    ...pick(outcome, ["state", ...END_VALUES]),
    ...(odd.length > 0 && { odd }),
    next,
    ...(resources && { resources }),
  };
}

/**
 * The stage, and the step, that a retry names. A stage that the last attempt took from an earlier
 * one has no steps in the record, and one of many steps lists some.
 *
 * @throws Refusal where there is no such stage, or the record lists all steps of the stage, or
 *   none, without this one
 */
export function placeIn(
  name: string,
  { op, steps, stepCounts, stageStates, stageTimes }: Operation,
  stages: readonly string[],
): NonNullable<ReturnType<typeof stageAndStep>> {
  const place = stageAndStep(name, stages);
  const refuse = ({ message, nearest }: ReturnType<typeof unknownStage>) =>
    new Refusal("LIVEOPS_BAD_REQUEST", message, { nearest });
  if (place === null) throw refuse(unknownStage(name, op, stages));
  const { stage, step } = place;
  const names = (getOwn(steps ?? {}, stage) ?? []).map(({ name }) => name);
  const { total = 0 } = getOwn(stepCounts ?? {}, stage) ?? {};
  const isKnown =
    total > 0 || (getOwn(stageStates, stage) === "done" && !getOwn(stageTimes, stage)?.resumed);
  if (step !== null && isKnown && names.length >= total && !names.includes(step))
    throw refuse(unknownStep(step, `the stage ${JSON.stringify(stage)}`, names));
  return place;
}
