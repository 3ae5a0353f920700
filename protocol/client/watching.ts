/**
 * Streams of state: the record of one operation and its chain, or all operations that fit a filter.
 */
import type { Operation } from "../operation.js";
import type { State } from "../state.js";
import { applyWatchLine, EMPTY_VIEW, type WatchView } from "../watch.js";
import type { Client } from "./client.js";
import { type Reconnect, reconnecting } from "./reconnect.js";

/** Which operations to watch. */
export interface WatchFilter {
  /** Default: all states. */
  state?: State[];
  /** Name of an operation type. Default: all types. */
  op?: string;
  /** Number of the newest finished operations at the start, at most 1000. Default: 200. */
  limit?: number;
}

/** The watched operations after a change. */
export interface WatchState {
  /** By id: what runs, the newest finished operations and the first 500 queued ones that fit. */
  readonly operations: ReadonlyMap<string, Operation>;
  /** Number of operations in each state, over the complete store. */
  readonly counts: Readonly<Record<State, number>>;
  /**
   * Queued operations that fit and that are not in `operations`; `list({ state: ["queued"] })`
   * reads them.
   */
  readonly moreQueued: number;
  /** The record that changed; null if several may have changed, or one was removed. */
  readonly changed: Operation | null;
}

/** Yields the state at the start and after each change. */
export async function* watchStates(
  client: Client,
  filter: WatchFilter,
  options: Reconnect,
): AsyncGenerator<WatchState> {
  let view: WatchView = EMPTY_VIEW;
  for await (const line of reconnecting(() => client.watch(filter, options.signal), options)) {
    const before = view;
    view = applyWatchLine(view, line);
    if (
      line.type !== "snapshot" &&
      view.operations === before.operations &&
      view.counts === before.counts
    )
      continue;
    let changed: Operation | undefined;
    if (line.type === "changed") changed = view.operations.get(line.id);
    if (line.type === "chained") changed = view.operations.get(line.to);
    const { operations, counts, moreQueued } = view;
    yield { operations, counts, moreQueued, changed: changed ?? null };
  }
}

/**
 * Yields the record at the start and after each change, until the operation, or its chain, is
 * finished.
 */
export async function* watchOperation(
  client: Client,
  id: string,
  chain: boolean,
  options: Reconnect,
): AsyncGenerator<Operation> {
  let view: WatchView = EMPTY_VIEW;
  let current = (await client.show(id, options.signal)).id;
  const follow = chain ? ({ follow: "chain" } as const) : {};
  let sent: Operation | undefined;
  for await (const line of reconnecting(
    () => client.watch({ operation: current, ...follow }, options.signal),
    options,
  )) {
    view = applyWatchLine(view, line);
    if (line.type === "chained") current = line.to;
    const record = view.operations.get(current);
    if (record === undefined || record === sent) continue;
    sent = record;
    yield record;
  }
}
