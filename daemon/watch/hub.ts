/**
 * Passes changes to watchers. Changes of one turn of the event loop are sent together, and a line that several watchers
 * get is serialised once.
 */
import type { ServerResponse } from "node:http";
import { newId } from "../../protocol/id.js";
import { WATCH_PING_MS } from "../../protocol/limits.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import type { Counts } from "../../protocol/watch.js";
import type { Bus } from "../bus.js";
import { type Cursor, decodeCursor, encodeCursor, type LogPosition } from "./cursor.js";
import type { OperationView } from "./operation-view.js";
import type { Scope } from "./scope.js";
import { ChangeVersions } from "./versions.js";
import { Watcher, type WatcherSource } from "./watcher.js";

type View = Pick<
  OperationView,
  "record" | "matching" | "queued" | "firstQueued" | "queuedCount" | "counts" | "linesAfter"
>;

export class Hub implements WatcherSource {
  readonly versions = new ChangeVersions();
  /** Identifies the daemon in its cursors. Made with the first cursor: loading the random generator takes 10 ms. */
  #boot: string | null = null;
  readonly #watchers = new Set<Watcher>();
  readonly #freshLines = new Map<string, LogLine[]>();
  readonly #serialised = new Map<string, string>();
  #scheduled = false;
  #pings: NodeJS.Timeout | null = null;

  constructor(
    bus: Bus,
    private readonly view: View,
  ) {
    bus.on("decided", (changes) => {
      for (const { id, before, after } of changes)
        if (after) this.changed(before, after);
        else this.#removed(id, before);
    });
    bus.on("forgotten", (id) => this.#forget(id));
    bus.on("record", ({ record }, before) => this.changed(before, record));
    bus.on("lines", ({ record }, lines) => this.#lines(record.id, lines));
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

  /** Attaches a new stream: it gets a snapshot, or the changes since its cursor. */
  attach(scope: Scope, response: ServerResponse, logAfter: number, since: string | undefined): void {
    const cursor = since === undefined ? null : decodeCursor(since);
    const from = this.#usable(cursor, scope);
    const watcher = new Watcher(this, scope, response, logAfter, from);
    this.#watchers.add(watcher);
    response.on("close", () => this.detach(watcher));
    this.#pings ??= setInterval(() => {
      for (const each of this.#watchers) each.ping();
    }, WATCH_PING_MS);
    watcher.begin(from, cursor?.log ?? null);
  }

  detach(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0 || !this.#pings) return;
    clearInterval(this.#pings);
    this.#pings = null;
  }

  /** An operation is new or changed. */
  changed(before: Operation | null, after: Operation): void {
    if (!this.versions.note(before, after)) return;
    const next = before && before.chain.next === null ? after.chain.next : null;
    for (const watcher of this.#watchers) {
      watcher.changed(before, after);
      if (next !== null) watcher.handedOver(after.id, next);
    }
    this.#schedule();
  }

  #changedKeys(operation: Operation, keys: readonly string[]): void {
    for (const key of keys) this.versions.noteKey(operation.id, key);
    for (const watcher of this.#watchers) watcher.changed(operation, operation);
    this.#schedule();
  }

  /** A finished operation left memory: the streams forget it. */
  #forget(id: string): void {
    this.versions.drop(id);
    for (const watcher of this.#watchers) watcher.forget(id);
  }

  #removed(id: string, before: Operation | null): void {
    this.versions.remove(id);
    for (const watcher of this.#watchers) watcher.removed(id, before);
    this.#schedule();
  }

  /** Lines just read: watchers that are up to date take them from here, others from disk. */
  #lines(id: string, lines: readonly LogLine[]): void {
    if (this.#watchers.size === 0 || lines.length === 0) return;
    const fresh = this.#freshLines.get(id);
    if (fresh) fresh.push(...lines);
    else this.#freshLines.set(id, [...lines]);
    this.#schedule();
  }

  stop(): void {
    for (const watcher of [...this.#watchers]) watcher.close();
  }

  /** @param log the position in the logs, on a stream of many operations with logs */
  cursor(n = this.versions.current, isPartial = false, log: LogPosition | null = null): string {
    this.#boot ??= newId();
    return encodeCursor({ boot: this.#boot, n, isPartial, log });
  }

  record(id: string): Operation | null {
    return this.view.record(id);
  }

  matching(scope: Scope): Operation[] {
    if (scope.operation === null) return this.view.matching(scope);
    const record = this.view.record(scope.operation);
    return record ? [record] : [];
  }

  firstQueued(scope: Scope): Operation[] {
    return this.view.firstQueued(scope);
  }

  queuedCount(scope: Scope): number {
    return scope.operation === null ? this.view.queuedCount(scope) : 0;
  }

  counts(): Counts {
    return this.view.counts();
  }

  changedLine(id: string, sent: number | null, cursor: string): string {
    // Streams that drain or begin also send between two turns: a line made before a change must not be reused.
    const key = `${id} ${sent} ${this.versions.current}`;
    const made = this.#serialised.get(key) ?? this.#keep(key, this.#patch(id, sent));
    return made && `{"type":"changed","cursor":"${cursor}","id":"${id}","patch":${made}}\n`;
  }

  #patch(id: string, sent: number | null): string {
    const record = this.view.record(id);
    if (!record) return "";
    const keys = sent === null ? null : this.versions.keysSince(id, sent);
    return JSON.stringify(
      keys ? Object.fromEntries(keys.map((name) => [name, record[name as keyof Operation]])) : record,
    );
  }

  logLine(id: string, lines: LogLine[]): string {
    const key = `log ${id} ${lines[0]?.n} ${lines.length}`;
    return this.#serialised.get(key) ?? this.#keep(key, `${JSON.stringify({ type: "log", id, lines })}\n`);
  }

  /** Only for this turn: the lines of a long log that one client reads must not accumulate here. */
  #keep(key: string, text: string): string {
    if (this.#serialised.size === 0) setImmediate(() => this.#serialised.clear());
    this.#serialised.set(key, text);
    return text;
  }

  linesAfter(id: string, after: number, limit: number): LogLine[] {
    const fresh = this.#freshLines.get(id);
    const index = fresh === undefined ? -1 : after + 1 - fresh[0]!.n;
    // After a gap of a damaged line, the index in the list does not follow from the number.
    if (fresh?.[index]?.n === after + 1) return fresh.slice(index, index + limit);
    return this.view.linesAfter(id, after, limit);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    for (const watcher of [...this.#watchers]) watcher.flush();
    this.#freshLines.clear();
  }

  /**
   * The number in a cursor of this daemon that is not too old; else null. A client that does not hold all queued
   * operations gets a snapshot: nobody remembers which ones it holds.
   */
  #usable(cursor: Cursor | null, scope: Scope): number | null {
    if (cursor === null || cursor.boot !== this.#boot) return null;
    if (cursor.isPartial || this.queuedCount(scope) > scope.queued) return null;
    const { n } = cursor;
    return n < this.versions.floor || n > this.versions.current ? null : n;
  }
}
