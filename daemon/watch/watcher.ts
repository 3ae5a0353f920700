/**
 * One watch stream: what this client has been told, and what it has not.
 *
 * There is no queue of what happened: only the ids that changed since the last flush, so a client that stops reading
 * costs memory in proportion to what it watches. Nothing is written while the stream has not drained; what was
 * missed meanwhile is sent as it is then, log lines from disk.
 */
import type { ServerResponse } from "node:http";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { type FinalState, isFinal } from "../../protocol/state.js";
import type { Counts } from "../../protocol/watch.js";
import type { Hub } from "./hub.js";
import { fits, type Scope } from "./scope.js";

/** Log lines sent at a time. */
const LOG_BATCH = 500;

export class Watcher {
  /** All that changed up to this number has been sent. */
  #sent: number;
  /** Operations the client holds. */
  readonly #known = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #removed = new Set<string>();
  /** The last log line sent, of each operation whose log is watched. */
  readonly #lines = new Map<string, number>();
  /** With `operation`: the links in order, the last one being followed. */
  readonly #chain: string[] = [];
  #counts = "";
  #draining = false;
  #ended = false;

  constructor(
    private readonly hub: Hub,
    readonly scope: Scope,
    private readonly response: ServerResponse,
    logAfter: number,
    since: number | null,
  ) {
    this.#sent = since ?? hub.versions.current;
    if (scope.operation !== null) {
      this.#chain.push(scope.operation);
      if (scope.log) this.#lines.set(scope.operation, logAfter);
    }
    response.on("drain", () => {
      this.#draining = false;
      this.flush();
    });
  }

  /** The first line: everything, or only that the cursor still stands. */
  begin(since: number | null): void {
    const operations = this.hub.matching(this.scope);
    for (const operation of operations) this.#known.add(operation.id);
    if (since === null) {
      const counts = this.hub.counts();
      this.#counts = JSON.stringify(counts);
      this.#write({ type: "snapshot", cursor: this.hub.cursor(), operations, counts });
    } else {
      this.#write({ type: "resumed", cursor: this.hub.cursor(since) });
      for (const id of this.hub.versions.removedSince(since)) this.#removed.add(id);
      for (const operation of operations) {
        if (this.hub.versions.changedSince(operation.id, since)) this.#dirty.add(operation.id);
      }
    }
    if (this.scope.log && this.scope.operation === null) {
      for (const operation of operations)
        if (!isFinal(operation.state)) this.#lines.set(operation.id, operation.logLines);
    }
    this.flush();
  }

  /** Something about this operation changed. */
  changed(operation: Operation): void {
    const { id } = operation;
    if (this.#known.has(id) || this.#chain.includes(id)) this.#dirty.add(id);
    else if (this.scope.operation === null && fits(this.scope, operation)) this.#dirty.add(id);
  }

  removed(id: string): void {
    if (!this.#known.has(id)) return;
    this.#dirty.delete(id);
    this.#removed.add(id);
  }

  ping(): void {
    if (!this.#draining) this.#write({ type: "ping" });
  }

  /** Sends what is new, as far as the stream takes it. */
  flush(): void {
    if (this.#draining || this.#ended) return;
    for (const id of this.#removed) {
      this.#known.delete(id);
      this.#lines.delete(id);
      this.#write({ type: "removed", cursor: this.hub.cursor(), id });
    }
    this.#removed.clear();
    // A log line belongs before the news that its operation is over.
    if (this.scope.log && !this.#flushLogs()) return;
    for (const id of this.#dirty) this.#write(this.#news(id));
    this.#dirty.clear();
    this.#sent = this.hub.versions.current;
    this.#followChain();
    this.#sendCounts();
    this.#endIfOver();
  }

  #news(id: string): string {
    const known = this.#known.has(id);
    this.#known.add(id);
    if (!known && this.scope.log && !this.#lines.has(id)) this.#lines.set(id, 0);
    return this.hub.changedLine(id, known ? this.#sent : null);
  }

  #followChain(): void {
    if (this.scope.operation === null) this.#announceHandovers();
    if (this.scope.operation === null || !this.scope.followChain) return;
    for (
      let from = this.#chain.at(-1)!, next = this.hub.next(from);
      next;
      from = next, next = this.hub.next(from)
    ) {
      const operation = this.hub.record(next);
      if (!operation || this.#chain.includes(next)) return;
      this.#chain.push(next);
      this.#known.add(next);
      if (this.scope.log) this.#lines.set(next, 0);
      this.#write({ type: "chained", cursor: this.hub.cursor(), from, to: next, operation });
      if (this.scope.log) this.#flushLogs();
    }
  }

  /** Without `operation`: hand-overs among the operations the client holds. */
  #announceHandovers(): void {
    for (const { from, to } of this.hub.handovers) {
      if (!this.#known.has(from)) continue;
      const operation = this.hub.record(to);
      if (operation) this.#write({ type: "chained", cursor: this.hub.cursor(), from, to, operation });
      this.#known.add(to);
    }
  }

  /** False where the stream is full before all lines are out. */
  #flushLogs(): boolean {
    for (const [id, sent] of this.#lines) {
      const record = this.hub.record(id);
      if (!record) continue;
      let last = sent;
      while (last < record.logLines) {
        const lines: LogLine[] = this.hub.linesAfter(id, last, LOG_BATCH);
        if (lines.length === 0) break;
        last = lines.at(-1)!.n;
        this.#lines.set(id, last);
        this.#write(this.hub.logLine(id, lines));
        if (this.#draining) return false;
      }
      if (isFinal(record.state) && this.scope.operation === null) this.#lines.delete(id);
    }
    return true;
  }

  #sendCounts(): void {
    if (this.scope.operation !== null) return;
    const counts: Counts = this.hub.counts();
    const text = JSON.stringify(counts);
    if (text === this.#counts) return;
    this.#counts = text;
    this.#write({ type: "counts", counts });
  }

  #endIfOver(): void {
    if (this.scope.operation === null || this.#ended || this.#draining) return;
    const id = this.#chain.at(-1)!;
    const record = this.hub.record(id);
    if (record && !isFinal(record.state)) return;
    if (record && this.scope.followChain && record.chain.next !== null) return;
    if (record) this.#write({ type: "end", id, state: record.state as FinalState });
    this.close();
  }

  close(): void {
    this.#ended = true;
    this.hub.detach(this);
    this.response.end();
  }

  #write(line: object | string): void {
    const text = typeof line === "string" ? line : `${JSON.stringify(line)}\n`;
    if (!this.response.write(text)) this.#draining = true;
  }
}
