/**
 * What the daemon asks of its store, whatever keeps it: files of this machine
 * (`embedded-store.ts`), or what the engine of a feature uses.
 *
 * A store is a journal of decisions, numbered in the order of their commits, and an archive of all
 * operations. The live operations are in memory, in the ledger.
 */
import type { ByState } from "../../protocol/watch.js";
import type { Decision, Entry, IdempotencyKey } from "./decision.js";
import type { HistoryQuery } from "./history-query.js";
import type { Ledger } from "./ledger.js";
import type { Recent } from "./recent.js";
import type { SubmittedSecrets } from "./submitted-secrets.js";

/**
 * Another decision about the operation came first. Nothing was recorded, and the ledger already has
 * the other decision: the caller judges again.
 */
export class VersionConflictError extends Error {
  override name = "VersionConflictError";

  constructor(readonly id: string) {
    super(`another decision about ${id} came first`);
  }
}

/**
 * The idempotency key of a submit was used meanwhile: nothing was recorded, and the archive knows
 * the other use.
 */
export class KeyUsedError extends Error {
  override name = "KeyUsedError";

  constructor(readonly id: string) {
    super(`the idempotency key was used for ${id}`);
  }
}

/** A decision, and the state of its operation by which it was made. */
export interface Judged {
  decision: Decision;
  /** `Entry.version` at that time; null: the operation is new. */
  version: number | null;
}

/** The use of an idempotency key: the operation, or that it was removed. */
export interface KeyUse extends Pick<IdempotencyKey, "hash"> {
  id: string;
  /** Null: the operation was removed. */
  entry: Entry | null;
}

/** A value at once, or a promise of it where another machine has it. */
type Soon<T> = T | Promise<T>;

/** All operations, live and finished. */
export interface Archive {
  find(id: string): Soon<Entry | null>;
  /** Whether the id belongs to an operation, or to one that was removed a short time ago. */
  knows(id: string): Soon<boolean>;
  /** Null: the key was not used, or its operation was removed long ago. */
  byKey(key: string): Soon<KeyUse | null>;
  /**
   * Ids of removed operations, as far as it is known. Absent: what `find` does not know was
   * removed, and is not damaged.
   */
  removedIds?(): ReadonlySet<string>;
  /** Ids that start with the prefix, at most `limit`. */
  idsWithPrefix(prefix: string, limit: number): Soon<string[]>;
  /** Newest first, unless the query has another order. */
  list(query: HistoryQuery, limit: number): Soon<Entry[]>;
  count(query: HistoryQuery): Soon<number>;
  /** Ids of expired finished operations, as by `HistoryIndex.expired`. */
  expired(keep: number, cutoff: number, limit: number): Soon<string[]>;
}

export interface Store {
  readonly ledger: Ledger;
  readonly recent: Recent;
  readonly archive: Archive;
  readonly secrets: SubmittedSecrets;
  /** For `liveopsd status`. */
  readonly problems: string[];
  /** Approximate bytes of parameters and environment of queued operations. */
  readonly queuedBytes: number;
  /** Number of the last durable decision. */
  readonly journalNumber: number;
  /** Whether decisions cannot be recorded now, for lack of room. */
  readonly isFull: boolean;
  /**
   * Milliseconds since the write of the current decisions began; 0 where none are being written.
   */
  readonly waitingMs: number;

  /**
   * Makes a decision durable, applies and announces it.
   *
   * @throws NotRecordedError where it cannot be recorded now
   * @throws VersionConflictError where the operation has changed since the judgement
   */
  decide(decision: Decision, version: number | null): Promise<void>;
  /**
   * As `decide`, for all decisions or none. The versions of later decisions about the same
   * operation do not count.
   */
  decideAll(judged: readonly Judged[]): Promise<void>;
  /** An operation that is in memory, or that can be read at once. */
  find(id: string): Entry | null;
  /** @param parent `none`: only operations inside of no other one */
  counts(parent?: "none"): ByState;
  /** Checks whether decisions can be recorded again. */
  probe(): void;
  /** Free bytes on the disk of the state directory. */
  freeBytes(): number;
  /** Adds a problem to `liveopsd status`, once. */
  addProblem(problem: string): void;
  stop(): Promise<void>;
}
