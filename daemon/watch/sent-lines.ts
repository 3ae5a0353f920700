/**
 * How far a watch stream has sent the logs it watches: the last line of each.
 *
 * A stream of one operation sends its log from the line the client asked for; one of many sends what its operations
 * log from when the client came, and where it comes again, from where it left.
 */
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import type { LogPosition } from "./cursor.js";
import type { Scope } from "./scope.js";

export class SentLines {
  readonly #last = new Map<string, number>();
  /** Logs, and not of one operation alone. */
  readonly areMany: boolean;
  readonly #areWatched: boolean;

  constructor({ log, operation }: Scope, logAfter: number) {
    this.#areWatched = log;
    this.areMany = log && operation === null;
    if (operation !== null) this.from(operation, logAfter);
  }

  /** How many logs are watched. */
  get size(): number {
    return this.#last.size;
  }

  /** By operation: the last line sent. */
  get all(): ReadonlyMap<string, number> {
    return this.#last;
  }

  /** Watches a log whose lines up to `last` were sent, or are not wanted. */
  from(id: string, last: number): void {
    if (this.#areWatched) this.#last.set(id, last);
  }

  /**
   * Of many: those that are not over.
   *
   * @param log up to where the client was sent them, by this daemon or one before
   * @param isThere whether the operation still is
   */
  begin(operations: Operation[], log: LogPosition | null, isThere: (id: string) => boolean): void {
    if (!this.areMany) return;
    for (const [id, line] of log?.lines ?? []) if (isThere(id)) this.from(id, line);
    for (const { id, state, logLines, finishedAt } of operations) {
      if (state === "queued" || this.#last.has(id)) continue;
      const isOver = isFinal(state) && (log === null || Date.parse(finishedAt ?? "") < log.at);
      if (!isOver) this.from(id, log === null ? logLines : 0);
    }
  }

  /** Of many: it begins, and of what was logged in earlier attempts the client was told before. */
  begun({ id, state, logLines }: Operation): void {
    if (state === "running" && !this.#last.has(id)) this.from(id, logLines);
  }

  /** The client is told of it for the first time. */
  shown(id: string, state: Operation["state"] | undefined): void {
    if (!this.#last.has(id) && state !== "queued") this.from(id, 0);
  }

  /** It is over, and all of its lines are sent; a stream of one goes on to hold it. */
  over(id: string): void {
    if (this.areMany) this.#last.delete(id);
  }

  forget(id: string): void {
    this.#last.delete(id);
  }
}
