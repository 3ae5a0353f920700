/**
 * The lines of a watch stream, and the pure reducer that keeps a client's view up to date.
 *
 * The stream carries state, not history: applying a line twice does no harm. A client ignores
 * unknown types and keys.
 */
import type * as z from "zod/mini";
import type { Operation } from "./operation.js";
import type { State } from "./state.js";
import type { watchLine } from "./stream-lines.js";

/** Number of operations in each state, over the complete store. */
export type ByState = Record<State, number>;

/** The same, where what waits for a person (`toAnswer`) counts as neither running nor queued. */
export type Counts = ByState & { toAnswer: number };

export type WatchLine = z.infer<typeof watchLine>;

/** A client's view of a watch stream. */
export interface WatchView {
  operations: ReadonlyMap<string, Operation>;
  counts: Counts;
  /** Queued operations that fit and that the view does not have. */
  moreQueued: number;
  /** Id of an operation → id of the next operation of its chain, as seen on this stream. */
  handovers: ReadonlyMap<string, string>;
}

export const NO_STATES: ByState = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
export const NO_COUNTS: Counts = { ...NO_STATES, toAnswer: 0 };

export const EMPTY_VIEW: WatchView = {
  operations: new Map(),
  counts: NO_COUNTS,
  moreQueued: 0,
  handovers: new Map(),
};

/** The view after a line. `log`, `ping`, `end` and unknown types do not change the view. */
export function applyWatchLine(view: WatchView, line: WatchLine): WatchView {
  return applyWatchLines(view, [line]);
}

/** The view after several lines. Copies the map of operations once, not once per line. */
export function applyWatchLines(view: WatchView, lines: readonly WatchLine[]): WatchView {
  let next = view;
  /** A copy that this call may change; null until the first change. */
  let operations: Map<string, Operation> | null = null;
  const owned = () => {
    operations ??= new Map(next.operations);
    return operations;
  };
  for (const line of lines) {
    switch (line.type) {
      case "snapshot":
        operations = new Map(line.operations.map((operation) => [operation.id, operation]));
        next = { ...next, counts: line.counts, moreQueued: line.moreQueued ?? 0 };
        break;
      case "changed": {
        const before = (operations ?? next.operations).get(line.id);
        // A patch without its complete record cannot be shown. The daemon always sends the complete
        // record first.
        if (before !== undefined || line.patch.id !== undefined)
          owned().set(line.id, { ...before, ...line.patch } as Operation);
        break;
      }
      case "chained":
        owned().set(line.to, line.operation);
        next = { ...next, handovers: new Map(next.handovers).set(line.from, line.to) };
        break;
      case "removed":
        owned().delete(line.id);
        break;
      case "moved":
        for (const [i, id] of line.ids.entries()) {
          const before = (operations ?? next.operations).get(id);
          if (before?.state === "queued" && before.queuePosition !== i + 1)
            owned().set(id, { ...before, queuePosition: i + 1 });
        }
        break;
      case "counts":
        next = { ...next, counts: line.counts, moreQueued: line.moreQueued ?? 0 };
        break;
      default:
        break;
    }
  }
  return operations === null ? next : { ...next, operations };
}
