/**
 * What goes to the engine and comes from it. Numbers of decisions, sessions and fences are below
 * 2^53.
 */

import type { FinalState, State } from "../../../../protocol/state.js";
import type { Decision } from "../../../store/decision.js";
import type { HistoryQuery } from "../../../store/history-query.js";
import type { SealedCounts } from "../../../store/recent.js";
import type { KeptDecision } from "./host-claim.js";
import type { OperationIndex } from "./indexed.js";

/** The complete row of an offered operation. */
export interface OfferedIndex extends OperationIndex {
  state: State;
  ord: number;
  attempt: number;
  /**
   * What ends a running operation whose host is cut off: `end`, its host does; `finish`: nothing.
   */
  partition: "end" | "finish";
  retryAt: string | null;
  finishedAt?: string | null;
  finishedN?: number;
  host: string | null;
  session: number | null;
  fence: number | null;
}

/** The values of the index that a decision changes. */
interface ChangedIndex extends Partial<OperationIndex> {
  retryAt?: string | null;
  /** Set by a decision that finishes the operation. */
  state?: FinalState;
  finishedAt?: string;
}

/** One decision to record. */
export interface AppendItem {
  decision: Decision;
  /**
   * The version that the decision was judged by; null: the operation is new. Later items of a group
   * on the same operation are not checked.
   */
  expect: number | null;
  /** Complete for a new operation. */
  index?: ChangedIndex;
  /** Required to finish or requeue a running operation, except for a takeover. */
  fence?: number | null;
  /** The operation's host is lost, or began another session: a peer ends what the host ran. */
  takeover?: boolean;
  /**
   * The last lines of the attempt that the decision ends. The decision is recorded with them, or
   * not at all.
   */
  pieces?: readonly FencedPiece[];
}

/**
 * Decisions of one caller: all are recorded, or none. The same token again gives the answer of the
 * first time.
 */
export interface AppendGroup {
  items: readonly AppendItem[];
  /** A UUID. */
  token: string;
}

/**
 * `n`: number of the group's last decision. `error`: OvertakenError, KeyTakenError, FencedError,
 * BehindError or RoleError.
 */
export type Verdict = { n: number; error?: undefined } | { n?: undefined; error: Error };

/** A recorded decision. */
export interface DecisionRow {
  n: number;
  id: string;
  decision: KeptDecision;
  /** It repeats the part of a `finished` that creates its successor. */
  derived: boolean;
  /** Host, or database user. */
  origin: string;
}

/**
 * `head`: number of the last decision. `settings`, `types`: grow with each change of a setting, of
 * a published type.
 */
export interface Head {
  head: number;
  epoch: number;
  settings: number;
  types: number;
}

/** What a host has to say in one call. */
export interface Exchange {
  groups: readonly AppendGroup[];
  /** Null: nothing is claimed. */
  claim: ClaimRequest | null;
  /** Number of the last decision that the host has applied: the answer has those after it. */
  after: number;
}

/** Verdicts in the order of the groups. */
export type Exchanged = News & { verdicts: Verdict[]; claims: Claimed[] };

/** Decisions in order: there may be more up to the head. */
export type News = Head & { rows: DecisionRow[] };

export interface Candidate {
  id: string;
  expect: number;
  /** Number of the attempt. */
  attempt: number;
  /** What a partition does to the operation. Default: `end`. */
  partition?: "end" | "finish";
  /** Running operations that wait for it: they lend it their slot. Default: none. */
  waiters?: readonly string[];
  /** The decision without `worker`, which the engine adds with `host`, `session` and `fence`. */
  decision: Omit<Extract<Decision, { kind: "started" }>, "worker">;
}

export interface ClaimRequest {
  candidates: readonly Candidate[];
  /** Identities of free workers: at most as many operations are claimed. */
  workers: readonly object[];
  /** Most running operations by queue, over all hosts. A name that is not there has no limit. */
  queueLimits?: Record<string, number>;
  /** A UUID. */
  token: string;
}

export interface Claimed {
  id: string;
  n: number;
  fence: number;
  attempt: number;
  /** Index in `workers`. */
  worker: number;
}

/** A running operation that its host does not run any more. */
export interface Abandoned {
  id: string;
  fence: number;
}

export interface JoinOptions {
  name: string;
  /** Names the state directory: two daemons must not share a host name. */
  owner: string;
  tags: string[];
  slots: number;
  version: string;
  /** Seconds. */
  lostAfter: number;
  status?: Record<string, unknown>;
}

/** `now`: milliseconds since 1970 by the engine's clock. `held`: offer before anything else. */
export interface Joined {
  session: number;
  n: number;
  epoch: number;
  held: boolean;
  draining: boolean;
  now: number;
}

export interface Renewed {
  renewals: number;
  draining: boolean;
  epoch: number;
  held: boolean;
  now: number;
}

export interface HostRow {
  name: string;
  session: number;
  renewals: number;
  state: "up" | "lost" | "left";
  tags: string[];
  slots: number;
  draining: boolean;
  version: string;
  typesHash: string;
  status: Record<string, unknown>;
  /** Milliseconds since 1970, by the engine's clock. */
  joinedAt: number;
  renewedAt: number;
  /** Seconds since the last renewal, by the engine's clock. */
  silent: number;
  lostAfter: number;
  known: number;
  /** Running operations. */
  running: number;
}

/**
 * An operation that this host knows in a later version than the engine: its complete entry, or its
 * removal.
 */
export interface OfferItem {
  id: string;
  version: number;
  decision: Extract<Decision, { kind: "restored" | "removed" }>;
  /** Null for a removal. */
  index: OfferedIndex | null;
}

/** `settled`: the engine takes calls again; load a new snapshot. */
export interface Settled {
  settled: boolean;
  n: number;
  epoch: number;
}

export type RunFile = "events" | "log";

/** Whole lines of a run file. The pieces of a file are contiguous. */
export interface Piece {
  id: string;
  attempt: number;
  file: RunFile;
  /** `last` of the piece before it, plus 1; 1 if there is none. */
  first: number;
  /** `seq` of its last line. */
  last: number;
  /** Compressed by the host; the engine does not look inside. */
  body: Buffer;
}

/**
 * A piece on its way to the engine, with the fence of the attempt. One without lines (`last` is
 * `first` - 1) is not stored: it asks whether the engine still has everything before it.
 */
export type FencedPiece = Piece & { fence: number };

/** Number of the last line of each file that is shipped, or held; 0: none. */
export type Cursor = Record<RunFile, number>;

/** Lines that the host has removed from the log of its attempt. */
export interface LogCut {
  id: string;
  attempt: number;
  fence: number;
  /** `seq` of the last of them. */
  to: number;
}

export interface Shipped {
  /** Ids whose attempt is not this host's any more. */
  fenced: string[];
  /** The engine holds lines up to `last`, and not all before the piece: send the lines after it. */
  behind: Array<{ id: string; attempt: number; file: RunFile; last: number }>;
}

/** How far a reader is in an attempt. */
export type PieceCursor = Cursor & { id: string; attempt: number };

export interface KeyRow {
  key: string;
  hash: string;
  id: string;
  isRemoved: boolean;
}

export interface SettingRow {
  name: string;
  body: string;
  version: number;
}

export interface TypeRow {
  host: string;
  op: string;
  body: string;
  hash: string;
}

export type Snapshot = Head & { rows: DecisionRow[]; counts: SealedCounts };

export type FleetQuery = HistoryQuery & {
  /** Only operations that the host runs or ran last. */
  host?: string | undefined;
};
