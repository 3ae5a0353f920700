/**
 * What all watch streams share: the view of the operations, the numbers of their changes, and the
 * lines that several streams get, which are serialised once.
 */
import type { LogLine, Operation } from "../../protocol/operation.js";
import type { LogReaders } from "../run-files/log-readers.js";
import type { Durations } from "../scheduler/durations.js";
import type { OperationView } from "./operation-view.js";
import type { Scope } from "./scope.js";
import { ChangeVersions } from "./versions.js";

type View = Pick<
  OperationView,
  | "record"
  | "matching"
  | "queued"
  | "firstQueued"
  | "queuedCount"
  | "places"
  | "counts"
  | "linesAfter"
>;

export class StreamLines {
  readonly versions = new ChangeVersions();
  /** Lines just read: streams that are up to date take them from here, others from disk. */
  readonly #fresh = new Map<string, LogLine[]>();
  readonly #serialised = new Map<string, string>();
  /** By queue, as of that change. */
  #places: ReadonlyMap<string, string> = new Map();
  #placesAt = -1;

  constructor(
    readonly view: View,
    readonly logReaders: LogReaders,
    readonly durations: Pick<Durations, "of">,
  ) {}

  matching(scope: Scope): Operation[] {
    if (scope.operation === null) return this.view.matching(scope);
    const record = this.view.record(scope.operation);
    return record ? [record] : [];
  }

  /** Number of all queued operations that fit; 0 on a stream of one operation. */
  queuedCount(scope: Scope): number {
    return scope.operation === null ? this.view.queuedCount(scope) : 0;
  }

  /**
   * A `changed` line: the keys changed since `sent`, or the complete record; empty if the operation
   * is gone.
   */
  changedLine(id: string, sent: number | null): string {
    // Streams that drain or begin also send between two turns: a line made before a change must not
    // be reused.
    const key = `${id} ${sent} ${this.versions.current}`;
    const made = this.#serialised.get(key) ?? this.#keep(key, this.#patch(id, sent));
    return (
      made &&
      `{"type":"changed","cursor":"${this.versions.current}","id":"${id}","patch":${made}}\n`
    );
  }

  #patch(id: string, sent: number | null): string {
    const record = this.view.record(id);
    if (!record) return "";
    const keys = sent === null ? null : this.versions.keysSince(id, sent);
    return JSON.stringify(
      keys
        ? Object.fromEntries(keys.map((name) => [name, record[name as keyof Operation]]))
        : record,
    );
  }

  /**
   * A `moved` line for each queue. Made once for all streams: a client that has the line has its
   * places.
   */
  placeLines(): ReadonlyMap<string, string> {
    if (this.#placesAt === this.versions.current) return this.#places;
    this.#placesAt = this.versions.current;
    const lines = [...this.view.places()].map(
      ([queue, ids]) => [queue, `${JSON.stringify({ type: "moved", queue, ids })}\n`] as const,
    );
    this.#places = new Map(lines);
    return this.#places;
  }

  logLine(id: string, lines: LogLine[]): string {
    const key = `log ${id} ${lines[0]?.n} ${lines.length}`;
    return (
      this.#serialised.get(key) ??
      this.#keep(key, `${JSON.stringify({ type: "log", id, lines })}\n`)
    );
  }

  /** Only for this turn: the lines of a long log that one client reads must not accumulate here. */
  #keep(key: string, text: string): string {
    if (this.#serialised.size === 0) setImmediate(() => this.#serialised.clear());
    this.#serialised.set(key, text);
    return text;
  }

  linesAfter(id: string, after: number, limit: number): LogLine[] {
    const fresh = this.#fresh.get(id);
    const index = fresh === undefined ? -1 : after + 1 - fresh[0]!.n;
    // After a gap of a damaged line, the index in the list does not follow from the number.
    if (fresh?.[index]?.n === after + 1) return fresh.slice(index, index + limit);
    return this.view.linesAfter(id, after, limit);
  }

  addFresh(id: string, lines: readonly LogLine[]): void {
    const fresh = this.#fresh.get(id);
    // Lines that are read anew are told again. Streams that are behind then read from disk.
    if (fresh !== undefined && fresh.at(-1)!.n + 1 === lines[0]!.n) fresh.push(...lines);
    else this.#fresh.set(id, [...lines]);
  }

  /** All streams were given the lines. */
  clearFresh(): void {
    this.#fresh.clear();
  }
}
