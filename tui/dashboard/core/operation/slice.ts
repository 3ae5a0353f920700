import type { Pace } from "../../../../protocol/estimate/pace.js";
import type { Promised } from "../../../../protocol/estimate/promise.js";
import type { HistoryReply } from "../../../../protocol/replies.js";
import type { Why } from "../../../../protocol/why.js";

export interface History extends HistoryReply {
  /**
   * Succeeded operations in the store at that time: with more of them the history is fetched again.
   */
  readonly succeeded: number;
  /** When it was fetched, in ms. */
  readonly at: number;
}

/** What the screen told of the end of a chain. */
export interface Told extends Promised {
  /** The operation of the chain that ran. */
  readonly link: string;
  /** How far the chain was. */
  readonly percent: number;
  /** Seconds of its axis. */
  readonly axis: number;
}

/** What is known of operations beside their records. */
export interface OperationSlice {
  /** When a running operation last moved, by id, in ms: its last event or log line. */
  readonly heard: ReadonlyMap<string, number>;
  /** How the active stage of a running operation has moved, by id. */
  readonly paces: ReadonlyMap<string, Pace>;
  /** What the screen told of the end, by chain. */
  readonly promises: ReadonlyMap<string, Told>;
  /** Cores that all running operations use together. */
  readonly cores: number | null;
  readonly histories: ReadonlyMap<string, History>;
  /** Of the failures that were selected, by id and attempt. */
  readonly whys: ReadonlyMap<string, Why>;
}

export const OPERATION: OperationSlice = {
  heard: new Map(),
  paces: new Map(),
  promises: new Map(),
  cores: null,
  histories: new Map(),
  whys: new Map(),
};
