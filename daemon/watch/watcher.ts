/**
 * One watch stream: what was sent to this client, and what is still to be sent.
 *
 * The watcher keeps no queue of changes, only the ids that changed since the last flush. So a
 * client that stops reading costs memory in proportion to what it watches. Nothing is written while
 * the stream has not drained. After that, the client gets the present state of what it missed, and
 * log lines from disk.
 */
import type { ServerResponse } from "node:http";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { type FinalState, isFinal } from "../../protocol/state.js";
import type { Counts } from "../../protocol/watch.js";
import { fits, isUnfiltered, type Scope } from "./scope.js";
import { SentHistories } from "./sent-histories.js";
import { SentLines } from "./sent-lines.js";
import type { StreamLines } from "./stream-lines.js";

/** Log lines sent at a time. */
const LOG_BATCH = 500;

/**
 * Running operations whose histories follow a snapshot; of more, the client asks for those that it
 * shows.
 */
const FIRST_HISTORIES = 50;

export class Watcher {
  /** All changes up to this number have been sent. */
  #sent: number;
  /** Operations the client holds. */
  readonly #known = new Set<string>();
  /** The client may hold operations that are not in `#known`. */
  #holdsOthers = false;
  readonly #dirty = new Set<string>();
  readonly #removed = new Set<string>();
  /** Without `operation`: hand-overs of operations the client holds, not announced yet. */
  readonly #handovers = new Map<string, string>();
  readonly #lines: SentLines;
  readonly #queue: HeldQueue;
  readonly #histories: SentHistories;
  /** With `operation`: the ids of its chain so far, in order. The last one is followed. */
  readonly #chain: string[] = [];
  #counts = "";
  /** The queues moved since the last complete flush. */
  #isMoved = false;
  /** The last line of each queue, and with `operation` the last place. */
  readonly #places = new Map<string, string>();
  #place: number | null = null;
  #draining = false;
  #ended = false;
  /**
   * With `operation`: the final state of the followed operation, once known. It stays after a
   * removal.
   */
  #outcome: FinalState | null = null;

  constructor(
    private readonly shared: StreamLines,
    readonly scope: Scope,
    private readonly response: ServerResponse,
    logAfter: number,
  ) {
    this.#sent = shared.versions.current;
    this.#lines = new SentLines(scope, logAfter, shared.logReaders);
    this.#queue = new HeldQueue(scope, shared.queuedCount(scope));
    this.#histories = new SentHistories(shared.durations, (line) => {
      const takes = !this.#draining && !this.#ended;
      if (takes) this.#write(line);
      return takes;
    });
    if (scope.operation !== null) this.#chain.push(scope.operation);
    response.on("drain", () => {
      this.#draining = false;
      this.flush();
    });
  }

  /** Sends the first line, a snapshot. */
  begin(): void {
    const operations = this.shared.matching(this.scope);
    for (const operation of operations) {
      this.#known.add(operation.id);
      this.#queue.hold(operation);
    }
    this.#lines.begin(operations, (id) => this.shared.view.record(id));
    const counts = this.#countsNow();
    this.#counts = JSON.stringify(counts);
    this.#write({ type: "snapshot", cursor: this.#cursor, operations, ...counts });
    for (const [queue, line] of this.shared.placeLines()) this.#places.set(queue, line);
    for (const operation of operations
      .filter(({ state }) => state === "running")
      .slice(0, FIRST_HISTORIES))
      this.#bringHistory(operation);
    this.flush();
  }

  #bringHistory(operation: Operation): void {
    if (this.scope.histories && operation.state === "running")
      void this.#histories.bring(operation);
  }

  get #cursor(): string {
    return String(this.shared.versions.current);
  }

  /**
   * The operation is new or changed; the same record twice: what is computed when it is shown has
   * changed.
   */
  changed(before: Operation | null, operation: Operation): void {
    const { id, state } = operation;
    this.#queue.note(before, operation);
    if (id === this.#chain.at(-1)) this.#outcome = isFinal(state) ? state : null;
    if (this.#lines.areMany && this.#mayHold(id)) this.#lines.begun(operation);
    const isHeld = this.#known.has(id) || this.#dirty.has(id) || this.#chain.includes(id);
    const isNew = !isHeld && this.scope.operation === null && fits(this.scope, operation);
    if (isHeld || (isNew && this.#queue.takes(operation))) this.#send(operation);
  }

  #send(operation: Operation): void {
    this.#dirty.add(operation.id);
    // The client gets a place that may have changed back since the last line of its queue.
    if (operation.state === "queued") this.#places.clear();
    this.#queue.hold(operation);
    this.#bringHistory(operation);
  }

  /**
   * The queues moved: the client gets the operations that came among the first, and the new places.
   */
  queuesMoved(): void {
    this.#isMoved = true;
  }

  #bringFirst(): void {
    if (this.scope.operation !== null) this.#notePlace(this.#chain.at(-1)!);
    if (this.#queue.leftOut === 0) return;
    for (const operation of this.shared.view.firstQueued(this.scope))
      if (!this.#known.has(operation.id)) this.#send(operation);
  }

  /** A stream of one operation has no use for the order of a queue: it gets the place alone. */
  #notePlace(id: string): void {
    const place = this.shared.view.record(id)?.queuePosition ?? null;
    if (place === this.#place) return;
    this.#place = place;
    this.shared.versions.noteKey(id, "queuePosition");
    this.#dirty.add(id);
  }

  /**
   * The order of each queue that moved. The client knows the places of all others. False if the
   * stream is full.
   */
  #sendPlaces(): boolean {
    if (!this.#isMoved || this.scope.operation !== null) return true;
    const lines = this.shared.placeLines();
    for (const queue of this.#places.keys()) if (!lines.has(queue)) this.#places.delete(queue);
    for (const [queue, line] of lines) {
      if (this.#places.get(queue) === line) continue;
      this.#places.set(queue, line);
      this.#write(line);
      if (this.#draining) return false;
    }
    return true;
  }

  /** An operation handed over to the next operation of its chain. */
  handedOver(from: string, to: string): void {
    const holds = this.#mayHold(from) || this.#dirty.has(from);
    if (this.scope.operation === null && holds) this.#handovers.set(from, to);
  }

  removed(id: string, before: Operation | null): void {
    // A client reads the operations that the stream leaves out by pages.
    const mayHold = this.#mayHold(id) || this.#queue.leftOut > 0;
    this.#queue.note(before, null);
    this.#handovers.delete(id);
    this.#dirty.delete(id);
    if (mayHold) this.#removed.add(id);
  }

  #mayHold(id: string): boolean {
    return this.#holdsOthers || this.#known.has(id);
  }

  /**
   * A finished operation left the daemon's memory. The stream forgets it too, or it would grow with
   * every operation. If the operation changes again, the client gets its complete record. A stream
   * with a filter keeps the operation: the client must be notified when an operation no longer
   * fits, and of links that a chain brought in.
   */
  forget(id: string): void {
    if (isUnfiltered(this.scope) && this.#known.delete(id)) this.#holdsOthers = true;
  }

  ping(): void {
    if (!this.#draining && !this.#ended) this.#write({ type: "ping" });
  }

  /** Sends changes until the stream is full; the rest is sent when the stream has drained. */
  flush(): void {
    if (this.#draining || this.#ended) return;
    if (this.#isMoved) this.#bringFirst();
    // Log lines are sent before the change that says that their operation is finished.
    if (this.scope.log && !this.#flushLogs()) return;
    const logs = this.#lines.size;
    if (!this.#flushNews()) return;
    if (this.#lines.size > logs && !this.#flushLogs()) return;
    if (!this.#announceHandovers() || !this.#followChain() || !this.#sendPlaces()) return;
    this.#isMoved = false;
    this.#sendCounts();
    this.#endIfOver();
  }

  /** Sends one line for each changed operation. False if the stream is full. */
  #flushNews(): boolean {
    for (const id of this.#removed) {
      if (this.#draining) return false;
      this.#removed.delete(id);
      this.#known.delete(id);
      this.#lines.forget(id);
      this.#write({ type: "removed", cursor: this.#cursor, id });
    }
    for (const id of this.#dirty) {
      if (this.#draining) return false;
      this.#dirty.delete(id);
      this.#write(this.#news(id));
    }
    this.#sent = this.shared.versions.current;
    return !this.#draining;
  }

  #news(id: string): string {
    const known = this.#known.has(id);
    this.#known.add(id);
    // The operation left memory while the stream was full.
    if (!this.shared.versions.has(id)) this.forget(id);
    if (!known) this.#lines.shown(id, this.shared.view.record(id)?.state);
    return this.shared.changedLine(id, known ? this.#sent : null);
  }

  /** The next operation of the chain; null if there is none, or it was removed. */
  #next(id: string): Operation | null {
    const next = this.shared.view.record(id)?.chain.next ?? null;
    return next === null || this.#chain.includes(next) ? null : this.shared.view.record(next);
  }

  /** False if the stream is full. */
  #followChain(): boolean {
    if (this.scope.operation === null || !this.scope.followChain) return true;
    for (
      let from = this.#chain.at(-1)!, next = this.#next(from);
      next;
      from = next.id, next = this.#next(from)
    ) {
      const to = next.id;
      this.#chain.push(to);
      this.#outcome = null;
      this.#known.add(to);
      this.#lines.from(to, 0);
      this.#write({ type: "chained", cursor: this.#cursor, from, to, operation: next });
      if (this.#draining || (this.scope.log && !this.#flushLogs())) return false;
    }
    return true;
  }

  /**
   * Without `operation`: hand-overs among the operations the client holds. False if the stream is
   * full.
   */
  #announceHandovers(): boolean {
    for (const [from, to] of this.#handovers) {
      this.#handovers.delete(from);
      const operation = this.#mayHold(from) ? this.shared.view.record(to) : null;
      if (!operation) continue;
      this.#known.add(to);
      this.#queue.hold(operation);
      this.#write({ type: "chained", cursor: this.#cursor, from, to, operation });
      if (this.#draining) return false;
    }
    return true;
  }

  /** False if the stream is full before all lines are sent. */
  #flushLogs(): boolean {
    for (const [id, sent] of this.#lines.all) {
      const record = this.shared.view.record(id);
      if (!record) continue;
      let last = sent;
      while (last < record.logLines) {
        const lines: LogLine[] = this.shared.linesAfter(id, last, LOG_BATCH);
        if (lines.length === 0) break;
        last = lines.at(-1)!.n;
        this.#lines.from(id, last);
        this.#write(this.shared.logLine(id, lines));
        if (this.#draining) return false;
      }
      if (isFinal(record.state)) this.#lines.over(id);
    }
    return true;
  }

  #sendCounts(): void {
    if (this.scope.operation !== null) return;
    const counts = this.#countsNow();
    const text = JSON.stringify(counts);
    if (text === this.#counts) return;
    this.#counts = text;
    this.#write({ type: "counts", ...counts });
  }

  #countsNow(): { counts: Counts; moreQueued?: number } {
    const { leftOut } = this.#queue;
    return { counts: this.shared.view.counts(), ...(leftOut > 0 && { moreQueued: leftOut }) };
  }

  #endIfOver(): void {
    if (this.scope.operation === null || this.#ended || this.#draining) return;
    const id = this.#chain.at(-1)!;
    const record = this.shared.view.record(id);
    if (record && !isFinal(record.state)) return;
    if (record && this.scope.followChain && this.#next(id)) return;
    const state = record ? (record.state as FinalState) : this.#outcome;
    if (state !== null) this.#write({ type: "end", id, state });
    this.close();
  }

  /** The stream is closed. */
  left(): void {
    this.#lines.close();
  }

  close(): void {
    this.#ended = true;
    this.response.end();
  }

  #write(line: object | string): void {
    const text = typeof line === "string" ? line : `${JSON.stringify(line)}\n`;
    if (!this.response.write(text)) this.#draining = true;
  }
}

/**
 * Which queued operations the client of a stream holds. While they are few it holds all of them. Of
 * a long queue it holds the first ones; a later one is sent when it comes among these, or when it
 * starts.
 */
class HeldQueue {
  /** Queued operations that the client holds, or that are about to be sent. */
  readonly #held = new Set<string>();

  /** @param fitting - number of all queued operations that fit */
  constructor(
    private readonly scope: Scope,
    private fitting: number,
  ) {}

  /** Number of queued operations that fit and that the client does not hold. */
  get leftOut(): number {
    return this.fitting - this.#held.size;
  }

  /** The client gets the operation, or has it. */
  hold(operation: Operation): void {
    if (this.#counts(operation)) this.#held.add(operation.id);
  }

  /** The operation is new, changed or removed. */
  note(before: Operation | null, after: Operation | null): void {
    if (this.#counts(after)) this.fitting++;
    if (this.#counts(before)) this.fitting--;
    if (before !== null && !this.#counts(after)) this.#held.delete(before.id);
  }

  /**
   * Whether the client gets an operation that it does not hold: of the queued ones, while it holds
   * all others.
   */
  takes(operation: Operation): boolean {
    return !this.#counts(operation) || (this.leftOut <= 1 && this.#held.size < this.scope.queued);
  }

  #counts(operation: Operation | null): boolean {
    return (
      operation?.state === "queued" && this.scope.operation === null && fits(this.scope, operation)
    );
  }
}
