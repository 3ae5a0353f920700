/**
 * What a watcher watches: one operation (and the rest of its chain), or all operations that fit a
 * filter.
 */
import type { Operation } from "../../protocol/operation.js";
import { isFinal, type State } from "../../protocol/state.js";

export interface Scope {
  /** Null: all operations that fit. */
  operation: string | null;
  followChain: boolean;
  state: readonly State[] | null;
  op: string | null;
  /** `none`: finished operations inside of another one are left out. */
  parent: "none" | null;
  /** Newest finished operations in the snapshot. */
  limit: number;
  /** First queued operations that the stream sends. */
  queued: number;
  log: boolean;
  /** Whether the stream sends the histories of what runs. */
  histories: boolean;
}

/** Whether the watch covers all operations. */
export function isUnfiltered({ operation, state, op }: Scope): boolean {
  return operation === null && state === null && op === null;
}

export function fits(scope: Scope, record: Operation): boolean {
  return (
    (scope.state === null || scope.state.includes(record.state)) &&
    (scope.op === null || scope.op === record.op) &&
    (scope.parent === null || record.parent === undefined || !isFinal(record.state))
  );
}
