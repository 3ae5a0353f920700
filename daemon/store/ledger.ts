/**
 * The ledger: all operations in the daemon's memory, live or finished and not sealed yet.
 *
 * Only `apply` changes them by a decision, in the running daemon and in recovery alike.
 */
import { keptBefore, takenByHand } from "../../ops/attempt/stage-values.js";
import { waitsForApproval, waitsForPerson } from "../../protocol/approval.js";
import type { DaemonEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import { STATES, type State } from "../../protocol/state.js";
import { type ByState, type Counts, NO_STATES } from "../../protocol/watch.js";
import type { Decision, Entry, Submitted } from "./decision.js";
import { keptBeforeEdit, keptBeforeRetry, keptFinish, keptSubmission } from "./entry-events.js";
import type { HistoryQuery } from "./history-query.js";
import { jsonSize } from "./json-size.js";
import { OrderIndex } from "./order-index.js";
import { matchesQuery } from "./recent.js";
import { SharedParts } from "./shared-parts.js";

/**
 * The change of one entry by a decision. `before` is null for a new entry, `after` for a removed
 * one.
 */
export interface Change {
  id: string;
  before: Operation | null;
  after: Operation | null;
  /** Bytes of the entry before; absent: the decision did not change them. */
  bytesBefore?: number;
}

export class Ledger {
  readonly entries = new Map<string, Entry>();
  /** Operations in memory by idempotency key. */
  readonly keys = new Map<string, Entry>();
  nextOrder = 1;
  /** Called with an entry before a decision changes it in place. */
  beforeChange: (entry: Entry) => void = () => {};
  readonly #shared = new SharedParts();
  /** The entries in each state, in the order of their submission. */
  readonly #inState: Readonly<Record<State, OrderIndex>> = {
    queued: new OrderIndex(),
    running: new OrderIndex(),
    succeeded: new OrderIndex(),
    failed: new OrderIndex(),
    cancelled: new OrderIndex(),
  };
  /** Number of the entries in each state, by queue. */
  readonly #inQueue = new Map<string, ByState>();
  /** The queued entries that wait for an approval. */
  readonly questions = new Set<Entry>();

  /**
   * @param orderOf the order of an operation that is new here, by the number of the decision that
   *   submits or restores it. Default: the next one, by count
   */
  constructor(
    private readonly orderOf: (n: number, restored?: Entry) => number = () => this.nextOrder,
  ) {}

  get(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  /** Adds an entry, such as one of the state document. */
  add(entry: Entry): void {
    this.#hold(this.#shared.share(entry));
  }

  /** Oldest first. */
  inState(state: State): Iterable<Entry> {
    return this.#inState[state].oldest();
  }

  countIn(state: State): number {
    return this.#inState[state].size;
  }

  /** The live operations of a queue. */
  liveIn(queue: string): Pick<Counts, "queued" | "running" | "toAnswer"> {
    const { queued, running } = this.#inQueue.get(queue) ?? NO_STATES;
    const live = { queued, running, toAnswer: 0 };
    for (const record of this.#asking()) if (record.queue === queue) moveToAnswer(live, record);
    return live;
  }

  /**
   * What waits for a person becomes a class of its own. @param counts - without those inside of
   * another operation
   */
  withAsking(counts: ByState): Counts {
    const all = { ...counts, toAnswer: 0 };
    for (const record of this.#asking()) {
      if (record.parent === undefined) moveToAnswer(all, record);
      else all.toAnswer++;
    }
    return all;
  }

  *#asking(): Iterable<Operation> {
    for (const { record } of this.questions) yield record;
    for (const { record } of this.inState("running")) if (waitsForPerson(record)) yield record;
  }

  /** A page: the first entries that match the query, in its order. */
  list(query: HistoryQuery, limit: number): Entry[] {
    const isOldest = query.order === "oldest";
    const page: Entry[] = [];
    for (const state of statesOf(query)) {
      const index = this.#inState[state];
      let left = limit;
      for (const entry of isOldest ? index.oldest(query.before) : index.newest(query.before)) {
        if (left === 0) break;
        if (!matchesQuery(entry, query)) continue;
        page.push(entry);
        left--;
      }
    }
    return page.sort((a, b) => (isOldest ? a.order - b.order : b.order - a.order)).slice(0, limit);
  }

  /** Entries that match the query, on all pages. */
  count(query: HistoryQuery): number {
    const { state: _, order: __, before: ___, ...conditions } = query;
    const isByState = Object.values(conditions).every((each) => each === undefined);
    let n = 0;
    for (const state of statesOf(query)) {
      if (isByState) n += this.#inState[state].size;
      else for (const entry of this.inState(state)) if (matchesQuery(entry, conditions)) n++;
    }
    return n;
  }

  #hold(entry: Entry): void {
    const before = this.entries.get(entry.record.id);
    if (before) this.#unindex(before);
    this.#index(entry);
    this.entries.set(entry.record.id, entry);
    if (entry.key) this.keys.set(entry.key.key, entry);
    if (entry.order >= this.nextOrder) this.nextOrder = entry.order + 1;
  }

  /** Drops an entry that was sealed or removed. */
  drop(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    this.#unindex(entry);
    if (entry.key) this.keys.delete(entry.key.key);
  }

  /** Applies decision number `n`. Decisions on unknown operations change nothing. */
  apply(decision: Decision, n: number): Change[] {
    if (decision.kind === "submitted") return [this.#submit(decision, n)];
    if (decision.kind === "retried") return [this.#retry(decision, n)];
    if (decision.kind === "restored") return [this.#restore(decision.entry, n)];
    const entry = this.entries.get(decision.id);
    if (!entry) return [];
    this.beforeChange(entry);
    entry.version = n;
    const before = entry.record;
    switch (decision.kind) {
      case "started":
        this.#reduce(entry, decision.event);
        entry.run = {
          worker: decision.worker,
          policy: decision.policy,
          stopReason: null,
          stopRequestedAt: null,
          startedAt: decision.event.at,
          startedUptime: decision.uptime,
          accepted: false,
          ...decision.run,
        };
        break;
      case "edited": {
        const bytesBefore = entry.bytes;
        this.#edit(entry, decision);
        return [{ id: decision.id, before, after: entry.record, bytesBefore }];
      }
      case "requeued":
        if (decision.runState) entry.record = { ...before, ...decision.runState };
        this.#reduce(entry, decision.event);
        // A replay does not read the run files, so the decision carries the number of lines.
        entry.record = {
          ...entry.record,
          logLines: Math.max(entry.record.logLines, decision.logLines),
        };
        entry.run = null;
        entry.nextAttempt = decision.next;
        entry.tries = decision.tries;
        entry.losses = decision.losses;
        // An attempt that no worker accepted runs again under its number: it keeps its place in the
        // queue.
        if (decision.next > before.attempt) entry.queuedAt = n;
        break;
      case "cancelled":
        entry.record = reduceEvent(entry.record, decision.event);
        if (entry.run && entry.run.stopReason === null) {
          entry.run.stopReason = decision.event.reason;
          entry.run.stopRequestedAt = decision.event.at;
        }
        break;
      case "paused":
        entry.record = reduceEvent(entry.record, decision.event);
        if (entry.run && decision.event.type === "attempt:paused")
          entry.run.pausedUptime = decision.uptime;
        else delete entry.run?.pausedUptime;
        break;
      case "waits":
        if (entry.run && before.attempt === decision.attempt) entry.run.waitsFor = decision.ids;
        break;
      case "finished": {
        entry.record = { ...before, ...decision.runState };
        this.#finish(entry, decision.event, n);
        entry.run = null;
        entry.nextAttempt = entry.record.attempt + 1;
        const changes: Change[] = [{ id: decision.id, before, after: entry.record }];
        if (decision.successor) changes.push(...this.#succeed(decision.successor, n));
        return changes;
      }
      case "removed":
        this.drop(decision.id);
        return [{ id: decision.id, before, after: null }];
    }
    return [{ id: decision.id, before, after: entry.record }];
  }

  #submit(submitted: Submitted, n: number): Change {
    const entry = entryOf(this.#shared.shareSubmitted(submitted), n, this.orderOf(n));
    this.#hold(entry);
    return { id: entry.record.id, before: null, after: entry.record };
  }

  #succeed(
    successor: NonNullable<Extract<Decision, { kind: "finished" }>["successor"]>,
    n: number,
  ): Change[] {
    const change = this.#submit(successor.submitted, n);
    const entry = this.entries.get(change.id);
    if (!successor.cancelled || !entry) return [change];
    this.#finish(entry, successor.cancelled, n);
    return [{ ...change, after: entry.record }];
  }

  #edit(entry: Entry, { event }: Extract<Decision, { kind: "edited" }>): void {
    if (event.type === "operation:edited" && event.changes.params)
      entry.events = keptBeforeEdit(entry);
    this.#reduce(entry, event);
    entry.bytes = sizeOf(entry.record, entry.env);
  }

  #retry(decision: Extract<Decision, { kind: "retried" }>, n: number): Change {
    const before = decision.entry.record;
    const { from, attempt } = decision.event;
    const { forgotten = [], byHand = [] } = decision.entry;
    const kept = from === null ? null : keptBefore(from, before.stages);
    const taken = takenByHand(byHand, decision.event, kept);
    const entry: Entry = {
      ...decision.entry,
      ...(kept !== null && { forgotten: [...forgotten, { attempt, ...kept }] }),
      ...((taken.length > 0 || byHand.length > 0) && { byHand: taken }),
      events: keptBeforeRetry(decision.entry),
      run: null,
      tries: 0,
      losses: undefined,
      version: n,
      queuedAt: n,
      finishedBy: 0,
    };
    this.#reduce(entry, decision.event);
    this.add(entry);
    return { id: decision.id, before, after: entry.record };
  }

  /**
   * Replaces an older entry. Unless `orderOf` knows better, an unknown operation gets the last
   * place in the order.
   */
  #restore(restored: Entry, n: number): Change {
    const { id } = restored.record;
    const known = this.entries.get(id);
    const before = known?.record ?? null;
    const entry = { ...restored, order: known?.order ?? this.orderOf(n, restored), version: n };
    this.add(entry);
    return { id, before, after: entry.record };
  }

  #finish(
    entry: Entry,
    event: Extract<DaemonEvent, { type: "operation:finished" }>,
    n: number,
  ): void {
    entry.finishedBy = n;
    this.#update(entry, reduceEvent(entry.record, event));
    entry.events.push(keptFinish(event, entry.record));
  }

  #reduce(
    entry: Entry,
    event: Exclude<DaemonEvent, { type: "operation:submitted" | "operation:finished" }>,
  ): void {
    this.#update(entry, reduceEvent(entry.record, event));
    entry.events.push(event);
  }

  #update(entry: Entry, record: Operation): void {
    const { state, queue } = entry.record;
    const isMoved =
      record.state !== state ||
      record.queue !== queue ||
      record.approvals !== entry.record.approvals;
    const isIndexed = isMoved && this.entries.get(record.id) === entry;
    if (isIndexed) this.#unindex(entry);
    entry.record = record;
    if (isIndexed) this.#index(entry);
  }

  #index(entry: Entry): void {
    const { state, queue } = entry.record;
    this.#inState[state].add(entry);
    if (waitsForApproval(entry.record) !== null) this.questions.add(entry);
    const counts = this.#inQueue.get(queue);
    if (counts) counts[state]++;
    else this.#inQueue.set(queue, { ...NO_STATES, [state]: 1 });
  }

  #unindex(entry: Entry): void {
    const { state, queue } = entry.record;
    this.#inState[state].remove(entry);
    this.questions.delete(entry);
    this.#inQueue.get(queue)![state]--;
  }
}

function moveToAnswer(
  counts: Pick<Counts, "queued" | "running" | "toAnswer">,
  { state }: Operation,
): void {
  counts[state === "running" ? "running" : "queued"]--;
  counts.toAnswer++;
}

const statesOf = ({ state }: HistoryQuery): State[] =>
  STATES.filter((each) => state?.includes(each) ?? true);

/** The entry of a new operation. @param n number of the decision. Default: it has none yet */
export function entryOf({ event, env, key }: Submitted, n = 0, order = 0): Entry {
  const record = reduceEvent(null, event);
  return {
    record,
    order,
    version: n,
    queuedAt: n,
    finishedBy: 0,
    env,
    key,
    events: [keptSubmission(event)],
    bytes: sizeOf(record, env),
    nextAttempt: 1,
    tries: 0,
    run: null,
  };
}

/** Approximate bytes of an operation in the queue. */
function sizeOf({ params }: Pick<Operation, "params">, env: Entry["env"]): number {
  return jsonSize(params) + jsonSize(env);
}
