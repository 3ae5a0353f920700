/**
 * The last line that a watch stream has sent of each log.
 *
 * A stream of one operation sends the log from the line the client asked for. A stream of many
 * operations sends the lines logged since the client connected.
 */
import type { Operation } from "../../protocol/operation.js";
import type { LogReaders } from "../run-files/log-readers.js";
import type { Scope } from "./scope.js";

export class SentLines {
  readonly #last = new Map<string, number>();
  /** The stream sends the logs of many operations. */
  readonly areMany: boolean;
  readonly #areWatched: boolean;

  constructor(
    { log, operation }: Scope,
    logAfter: number,
    private readonly readers: Pick<LogReaders, "add" | "remove">,
  ) {
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
    if (!this.#areWatched) return;
    if (!this.#last.has(id)) this.readers.add(id);
    this.#last.set(id, last);
  }

  /**
   * On a stream of many: watches the operations that are not finished.
   *
   * @param find the record of an operation; null: it does not exist any more
   */
  begin(operations: Operation[], find: (id: string) => Operation | null): void {
    if (!this.areMany) return;
    for (const { id, state } of operations) {
      if (state !== "running") continue;
      this.from(id, 0);
      // The number of lines is exact now that the log has a reader.
      this.from(id, find(id)?.logLines ?? 0);
    }
  }

  /**
   * On a stream of many: an attempt starts. The client already has the lines of earlier attempts.
   */
  begun({ id, state, logLines }: Operation): void {
    if (state === "running" && !this.#last.has(id)) this.from(id, logLines);
  }

  /** The client gets the operation for the first time. */
  shown(id: string, state: Operation["state"] | undefined): void {
    if (!this.#last.has(id) && state !== "queued") this.from(id, 0);
  }

  /**
   * The operation is finished and all its lines are sent. A stream of one operation keeps the
   * entry.
   */
  over(id: string): void {
    if (this.areMany) this.forget(id);
  }

  forget(id: string): void {
    if (this.#last.delete(id)) this.readers.remove(id);
  }

  /** Nothing is watched any more. */
  close(): void {
    for (const id of [...this.#last.keys()]) this.forget(id);
  }
}
