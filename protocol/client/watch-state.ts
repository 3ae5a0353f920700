/** What a watch of several operations takes and yields. */
import type { Operation } from "../operation.js";
import type { State } from "../state.js";

/** Which operations to watch. */
export interface WatchFilter {
  /** Default: all states. */
  state?: State[];
  /** Name of an operation type. Default: all types. */
  op?: string;
  /** Name of a host: operations that it runs, or ran last. Default: all hosts. */
  host?: string;
  /** Number of the newest finished operations at the start, at most 1000. Default: 200. */
  limit?: number;
}

/** The watched operations after a change. */
export interface WatchState {
  /** By id: the live operations that fit, and the newest finished ones. */
  readonly operations: ReadonlyMap<string, Operation>;
  /** Number of operations in each state, over the complete store. */
  readonly counts: Readonly<Record<State, number>>;
  /** The record that changed; null if several may have changed, or one was removed. */
  readonly changed: Operation | null;
}
