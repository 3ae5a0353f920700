/**
 * All operations the daemon holds in memory: the live ones, and the finished that are not sealed yet.
 *
 * `apply` is the only way a decision changes them; it is used by the running daemon and by recovery alike.
 */
import type { DaemonEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import type { Decision, Entry, Submitted } from "./decision.js";
import { keptBeforeRetry, keptFinish, keptSubmission } from "./entry-events.js";
import { jsonSize } from "./payloads.js";
import { SharedParts } from "./shared-parts.js";

/** What a decision did to one entry. `before` is null for a new one, `after` for a removed one. */
export interface Change {
  id: string;
  before: Operation | null;
  after: Operation | null;
}

export class Ledger {
  readonly entries = new Map<string, Entry>();
  /** By idempotency key, for the operations in memory. */
  readonly keys = new Map<string, Entry>();
  nextOrder = 1;
  /** Called with an entry before a decision changes it in place. */
  beforeChange: (entry: Entry) => void = () => {};
  readonly #shared = new SharedParts();

  get(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  /** Takes in an entry from the checkpoint. */
  add(entry: Entry): void {
    this.#hold(this.#shared.share(entry));
  }

  #hold(entry: Entry): void {
    this.entries.set(entry.record.id, entry);
    if (entry.key) this.keys.set(entry.key.key, entry);
    if (entry.order >= this.nextOrder) this.nextOrder = entry.order + 1;
  }

  /** Forgets an entry that is kept elsewhere now (sealed), or was removed. */
  drop(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    if (entry.key) this.keys.delete(entry.key.key);
  }

  /** Applies decision number `n`. Decisions on operations that are gone change nothing. */
  apply(decision: Decision, n: number): Change[] {
    if (decision.kind === "submitted") return [this.#submit(decision, n)];
    if (decision.kind === "retried") return [this.#retry(decision, n)];
    if (decision.kind === "restored") return [this.#restore(decision.entry)];
    const entry = this.entries.get(decision.id);
    if (!entry) return [];
    this.beforeChange(entry);
    const before = entry.record;
    switch (decision.kind) {
      case "started":
        this.#fold(entry, decision.event);
        entry.run = {
          worker: decision.worker,
          policy: decision.policy,
          stopReason: null,
          stopRequestedAt: null,
          startedAt: decision.event.at,
          startedUptime: decision.uptime,
          accepted: false,
        };
        break;
      case "requeued":
        this.#fold(entry, decision.event);
        // Only the run files say how many lines there are, and a replay does not read them.
        entry.record = {
          ...entry.record,
          logLines: Math.max(entry.record.logLines, decision.logLines),
        };
        entry.run = null;
        entry.nextAttempt = decision.next;
        entry.tries = decision.tries;
        entry.losses = decision.losses;
        entry.queuedAt = n;
        break;
      case "cancelled":
        entry.record = reduceEvent(entry.record, decision.event);
        if (entry.run && entry.run.stopReason === null) {
          entry.run.stopReason = decision.event.reason;
          entry.run.stopRequestedAt = decision.event.at;
        }
        break;
      case "finished": {
        entry.record = { ...before, ...decision.runState };
        this.#finish(entry, decision.event);
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
    const { event, env, key } = this.#shared.shareSubmitted(submitted);
    const record = reduceEvent(null, event);
    const params = event.operation.omitted?.params ?? jsonSize(event.operation.params);
    this.#hold({
      record,
      order: this.nextOrder,
      queuedAt: n,
      env,
      key,
      events: [keptSubmission(event)],
      bytes: params + jsonSize(env),
      nextAttempt: 1,
      tries: 0,
      run: null,
    });
    return { id: record.id, before: null, after: record };
  }

  #succeed(
    successor: NonNullable<Extract<Decision, { kind: "finished" }>["successor"]>,
    n: number,
  ): Change[] {
    const change = this.#submit(successor.submitted, n);
    const entry = this.entries.get(change.id);
    if (!successor.cancelled || !entry) return [change];
    this.#finish(entry, successor.cancelled);
    return [{ ...change, after: entry.record }];
  }

  #retry(decision: Extract<Decision, { kind: "retried" }>, n: number): Change {
    const before = decision.entry.record;
    const entry: Entry = {
      ...decision.entry,
      events: keptBeforeRetry(decision.entry),
      run: null,
      tries: 0,
      losses: undefined,
      queuedAt: n,
    };
    this.#fold(entry, decision.event);
    this.add(entry);
    return { id: decision.id, before, after: entry.record };
  }

  /** In place of one that knew less; one that was not known comes after all that are. */
  #restore(restored: Entry): Change {
    const { id } = restored.record;
    const known = this.entries.get(id);
    const before = known?.record ?? null;
    const entry = { ...restored, order: known?.order ?? this.nextOrder };
    this.add(entry);
    return { id, before, after: entry.record };
  }

  #finish(entry: Entry, event: Extract<DaemonEvent, { type: "operation:finished" }>): void {
    entry.record = reduceEvent(entry.record, event);
    entry.events.push(keptFinish(event, entry.record));
  }

  #fold(
    entry: Entry,
    event: Exclude<DaemonEvent, { type: "operation:submitted" | "operation:finished" }>,
  ): void {
    entry.record = reduceEvent(entry.record, event);
    entry.events.push(event);
  }
}
