/**
 * The lines of a watch stream, and the pure reducer a client keeps its view with.
 *
 * It is state, not history: a line may be applied twice without harm, and a client ignores types and keys it does
 * not know.
 */
import type * as z from "zod/mini";
import type { Operation } from "./operation.js";
import type { State } from "./state.js";
import type { watchLine } from "./stream-lines.js";

/** How many operations are in each state, over the whole store. */
export type Counts = Record<State, number>;

export type WatchLine = z.infer<typeof watchLine>;

/** Query of `GET /v1/watch`. */
export interface WatchQuery {
  operation?: string;
  follow?: "chain";
  log?: boolean;
  /** The last log line the client holds, of `operation`. */
  logAfter?: number;
  since?: string;
  state?: State[];
  op?: string;
  limit?: number;
}

/** What a client holds of a watch stream. */
export interface WatchView {
  cursor: string | null;
  operations: ReadonlyMap<string, Operation>;
  counts: Counts;
  /** From an operation to the one it handed over to, as seen on this stream. */
  handovers: ReadonlyMap<string, string>;
}

export const NO_COUNTS: Counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };

export const EMPTY_VIEW: WatchView = {
  cursor: null,
  operations: new Map(),
  counts: NO_COUNTS,
  handovers: new Map(),
};

/** The view after a line. `ping`, `end` and unknown types leave it as it is, and so does a `log` without a cursor. */
export function applyWatchLine(view: WatchView, line: WatchLine): WatchView {
  return applyWatchLines(view, [line]);
}

/** The view after several lines; of ten thousand operations it is copied once, not once a line. */
export function applyWatchLines(view: WatchView, lines: readonly WatchLine[]): WatchView {
  let next = view;
  /** Ours to write to: copied since the view came in. */
  let operations: Map<string, Operation> | null = null;
  const owned = () => {
    operations ??= new Map(next.operations);
    return operations;
  };
  for (const line of lines) {
    switch (line.type) {
      case "snapshot":
        operations = new Map(line.operations.map((operation) => [operation.id, operation]));
        next = { ...next, cursor: line.cursor, counts: line.counts };
        break;
      case "resumed":
        next = { ...next, cursor: line.cursor };
        break;
      case "changed": {
        const before = (operations ?? next.operations).get(line.id);
        next = { ...next, cursor: line.cursor };
        // A patch for an operation we never saw whole can't be shown; the daemon always sends the whole record first.
        if (before !== undefined || line.patch.id !== undefined)
          owned().set(line.id, { ...before, ...line.patch } as Operation);
        break;
      }
      case "chained":
        owned().set(line.to, line.operation);
        next = {
          ...next,
          cursor: line.cursor,
          handovers: new Map(next.handovers).set(line.from, line.to),
        };
        break;
      case "removed":
        owned().delete(line.id);
        next = { ...next, cursor: line.cursor };
        break;
      case "log":
        if (line.cursor !== undefined) next = { ...next, cursor: line.cursor };
        break;
      case "counts":
        next = { ...next, counts: line.counts };
        break;
      default:
        break;
    }
  }
  return operations === null ? next : { ...next, operations };
}
