/** Passes changes to watchers. Changes of one turn of the event loop are sent together. */
import type { ServerResponse } from "node:http";
import { WATCH_PING_MS } from "../../protocol/limits.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import type { Bus } from "../bus.js";
import type { LogReaders } from "../run-files/log-readers.js";
import type { Scope } from "./scope.js";
import { StreamLines } from "./stream-lines.js";
import { Watcher } from "./watcher.js";

export class Hub {
  readonly shared: StreamLines;
  readonly #watchers = new Set<Watcher>();
  #scheduled = false;
  #pings: NodeJS.Timeout | null = null;

  constructor(
    bus: Bus,
    view: StreamLines["view"],
    readonly logReaders: LogReaders,
    durations: StreamLines["durations"],
  ) {
    this.shared = new StreamLines(view, logReaders, durations);
    bus.on("decided", (changes) => {
      for (const { id, before, after } of changes)
        if (after) this.changed(before, after);
        else this.#removed(id, before);
    });
    bus.on("forgotten", (id) => this.#forget(id));
    bus.on("record", ({ record }, before) => this.changed(before, record));
    bus.on("lines", ({ record }, lines) => this.#addLines(record.id, lines));
    bus.on("shown", (record, ...keys) => this.#changedKeys(record, keys));
    bus.on("blocked", (queue) => {
      for (const record of view.queued(queue)) this.#changedKeys(record, ["blocked"]);
    });
    bus.on("moved", () => {
      for (const watcher of this.#watchers) watcher.queuesMoved();
      this.#schedule();
    });
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Attaches a new stream: it gets a snapshot, then changes. */
  attach(scope: Scope, response: ServerResponse, logAfter: number): void {
    const watcher = new Watcher(this.shared, scope, response, logAfter);
    this.#watchers.add(watcher);
    response.on("close", () => this.#detach(watcher));
    this.#pings ??= setInterval(() => {
      for (const each of this.#watchers) each.ping();
    }, WATCH_PING_MS);
    watcher.begin();
  }

  #detach(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    watcher.left();
    if (this.#watchers.size > 0 || !this.#pings) return;
    clearInterval(this.#pings);
    this.#pings = null;
  }

  /** An operation is new or changed. */
  changed(before: Operation | null, after: Operation): void {
    if (!this.shared.versions.note(before, after)) return;
    const next = before && before.chain.next === null ? after.chain.next : null;
    for (const watcher of this.#watchers) {
      watcher.changed(before, after);
      if (next !== null) watcher.handedOver(after.id, next);
    }
    this.#schedule();
  }

  #changedKeys(operation: Operation, keys: readonly string[]): void {
    for (const key of keys) this.shared.versions.noteKey(operation.id, key);
    for (const watcher of this.#watchers) watcher.changed(operation, operation);
    this.#schedule();
  }

  /** A finished operation left memory: the streams forget it. */
  #forget(id: string): void {
    this.shared.versions.drop(id);
    for (const watcher of this.#watchers) watcher.forget(id);
  }

  #removed(id: string, before: Operation | null): void {
    this.shared.versions.remove(id);
    for (const watcher of this.#watchers) watcher.removed(id, before);
    this.#schedule();
  }

  #addLines(id: string, lines: readonly LogLine[]): void {
    if (this.#watchers.size === 0 || lines.length === 0) return;
    this.shared.addFresh(id, lines);
    this.#schedule();
  }

  stop(): void {
    for (const watcher of [...this.#watchers]) watcher.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // The journal writes first what was decided in this turn: its sync runs beside the flush.
    setImmediate(() => setImmediate(() => this.#flush()));
  }

  #flush(): void {
    this.#scheduled = false;
    for (const watcher of [...this.#watchers]) watcher.flush();
    this.shared.clearFresh();
  }
}
