/** Operations that change, and a hub over them, without a store. */

import { Bus } from "../../../daemon/bus.js";
import { LogReaders } from "../../../daemon/run-files/log-readers.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import { Hub } from "../../../daemon/watch/hub.js";
import { fits, type Scope } from "../../../daemon/watch/scope.js";
import type { OperationEvent } from "../../../protocol/event.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { reduceEvent, reduceLogLine } from "../../../protocol/reduce.js";
import { type FinalState, isFinal } from "../../../protocol/state.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { AT, submission } from "../../harness/records.js";

type Body = OperationEvent extends infer F
  ? F extends unknown
    ? Omit<F, "seq" | "at" | "attempt">
    : never
  : never;

export const ALL: Scope = {
  operation: null,
  followChain: false,
  state: null,
  op: null,
  parent: null,
  limit: 200,
  queued: 500,
  log: false,
  histories: false,
};

export class WatchedWorld {
  readonly operations = new Map<string, Operation>();
  readonly logs = new Map<string, LogLine[]>();
  /** How often lines were read back from disk. */
  reads = 0;
  readonly bus = new Bus();
  readonly #view: ConstructorParameters<typeof Hub>[1] = {
    record: (id) => this.shown(id),
    matching: (scope) => this.matching(scope).map(({ id }) => this.shown(id)!),
    queued: () => [],
    firstQueued: (scope) => this.firstQueued(scope),
    queuedCount: (scope) => this.queued(scope).length,
    places: () => this.places(),
    counts: () => {
      const counts = { ...NO_COUNTS };
      for (const { state } of this.operations.values()) counts[state]++;
      return counts;
    },
    linesAfter: (id, after, limit) => {
      this.reads++;
      return (this.logs.get(id) ?? []).slice(after, after + limit);
    },
  };
  /** By type: what a chain usually goes on with. */
  readonly followers = new Map<string, string>();
  readonly hub = new Hub(this.bus, this.#view, new LogReaders(this.bus, false), {
    of: async ({ op }) => {
      const next = this.followers.get(op);
      const followers = next === undefined ? [] : [{ op: next, title: next, runs: 1 }];
      return { op, runs: 1, finished: 1, seconds: null, stages: {}, recent: [], next: followers };
    },
  });

  matching(scope: Scope): Operation[] {
    const all = [...this.operations.values()].filter((record) => fits(scope, record));
    const finished = all.filter(({ state }) => isFinal(state));
    const cut = new Set(finished.slice(0, Math.max(0, finished.length - scope.limit)));
    const first = new Set(this.firstQueued(scope));
    return all.filter(
      (record) => !cut.has(record) && (record.state !== "queued" || first.has(record)),
    );
  }

  /** By queue, in the order of their turns. */
  places(): Map<string, string[]> {
    const queued = this.queued(ALL).sort((a, b) => b.priority - a.priority);
    return new Map(
      [...Map.groupBy(queued, ({ queue }) => queue)].map(([queue, its]) => [
        queue,
        its.map(({ id }) => id),
      ]),
    );
  }

  /** The record with its place. */
  shown(id: string): Operation | null {
    const record = this.operations.get(id);
    if (record === undefined) return null;
    const place = this.places().get(record.queue)?.indexOf(id) ?? -1;
    return place === -1 ? record : { ...record, queuePosition: place + 1 };
  }

  queued(scope: Scope): Operation[] {
    return [...this.operations.values()].filter(
      (record) => record.state === "queued" && fits(scope, record),
    );
  }

  /** By priority, then oldest first. */
  firstQueued(scope: Scope): Operation[] {
    return this.queued(scope)
      .sort((a, b) => b.priority - a.priority)
      .slice(0, scope.queued);
  }

  /** The queued operation gets another priority and label. */
  edit(id: string, priority: number): void {
    this.say(id, {
      type: "operation:edited",
      changes: { priority, label: `priority ${priority}` },
    });
  }

  /** The daemon says so some time after the queues moved. */
  moved(): void {
    this.bus.emit("moved");
  }

  submit(
    id: string,
    op = "a",
    chain = { id, index: 0, previous: null as string | null, next: null },
  ): void {
    const record = reduceEvent(null, {
      type: "operation:submitted",
      seq: 1,
      at: AT,
      attempt: 0,
      operation: submission({ id, op, queue: op, chain }),
    });
    this.operations.set(id, record);
    this.hub.changed(null, record);
  }

  start(id: string): void {
    this.say(id, { type: "attempt:started" });
  }

  progress(id: string, percent: number): void {
    this.say(id, { type: "progress:changed", percent, progress: null });
  }

  finish(id: string, state: FinalState, next: string | null = null): void {
    if (next !== null && !this.operations.has(next)) {
      const { chain } = this.operations.get(id)!;
      const operation = { id: chain.id, index: chain.index + 1, previous: id, next: null };
      this.submit(next, "a", operation);
    }
    this.say(id, { type: "operation:finished", state, result: null, error: null, next });
  }

  remove(id: string): void {
    const before = this.operations.get(id)!;
    this.operations.delete(id);
    const decision: Decision = { kind: "removed", id, key: null, state: "cancelled" };
    this.bus.emit("decided", [{ id, before, after: null }], decision, true);
  }

  /** It leaves the daemon's memory for the history. */
  forget(id: string): void {
    this.bus.emit("forgotten", id);
  }

  /** Logs so many lines, as the tail reads them: told to the hub, then counted in the record. */
  log(id: string, count: number): void {
    const all = this.logs.get(id) ?? [];
    const fresh = Array.from({ length: count }, (_, index): LogLine => {
      const n = all.length + index + 1;
      return {
        n,
        seq: n,
        at: AT,
        attempt: 1,
        stage: null,
        stream: "log",
        text: `line ${n} of ${id}`,
      };
    });
    this.logs.set(id, [...all, ...fresh]);
    const before = this.operations.get(id)!;
    const after = fresh.reduce(reduceLogLine, before);
    this.operations.set(id, after);
    this.bus.emit("lines", { record: before } as Entry, fresh, true);
    this.hub.changed(before, after);
  }

  say(id: string, body: Body): void {
    const before = this.operations.get(id)!;
    const attempt = body.type === "attempt:started" ? before.attempt + 1 : before.attempt;
    const after = reduceEvent(before, {
      ...body,
      seq: before.seq + 1,
      at: AT,
      attempt,
    } as OperationEvent);
    this.operations.set(id, after);
    this.hub.changed(before, after);
  }

  /** The hub sends in the turn of the event loop after this one. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  }
}
