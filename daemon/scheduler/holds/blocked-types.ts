/**
 * Operation types that do not load now. Their operations wait.
 *
 * One timer asks the loader about all blocked types. An operation fails when its type did not load for a day.
 */

import type { Outcome } from "../../../protocol/event.js";
import type { Blocked } from "../../../protocol/operation.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import type { Bus } from "../../bus.js";
import type { Lifecycle } from "../../lifecycle.js";
import type { Loader } from "../../loader/loader.js";
import type { Unresolved } from "../../loader/messages.js";
import type { Log } from "../../log/log.js";
import { sharedNow, sharedTime } from "../../os/shared-clock.js";
import type { Entry } from "../../store/decision.js";
import { replaceFileSync } from "../../store/durable-file.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import type { Store } from "../../store/store.js";
import type { Waiting } from "../waiting.js";
import { Hold } from "./hold.js";

/** How often the loader is asked, in ms. A check of unchanged files costs some calls of stat. */
const LOOK_MS = 500;

/** Where the loader can load a type and a worker cannot: the first and the longest delay between two tries, in ms. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;
/** Seconds that an operation waits for its type. */
const DAY = 86_400;

/** A type that loads again is forgotten after this time without a new block, in ms. */
const FORGET_MS = 2 * LONGEST_RETRY_MS;

/** How often the wait times are saved, in ms. */
const SAVE_MS = 60_000;

/** A blocked type without waiting operations is kept for this time, in ms: an operation may be about to return. */
const EMPTY_MS = 5000;

/** Most bytes read from the file, which has some hundred for each type. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Most operations that one check fails. */
const FAILED_A_LOOK = 200;

/** Which process could not load the type. `loading`: it is being loaded, which nobody needs to be told. */
type BlockedBy = "loader" | "worker" | "loading";

interface BlockedTypesOptions {
  bus: Bus;
  store: Pick<Store, "ledger">;
  lifecycle: Pick<Lifecycle, "reject">;
  loader: Pick<Loader, "resolve" | "version">;
  waiting: Pick<Waiting, "again" | "heldBy" | "takeOut">;
  log: Log;
  /** Stores the wait time of each type, across restarts of the daemon. */
  file: string;
  /** Seconds that an operation waits for its type. Default: a day. */
  longest?: number;
  /** Whether another host can run operations of the type: then they do not fail. Default: none can. */
  hasElsewhere?(op: string): boolean;
}

interface BlockedType {
  reason: string;
  since: string;
  by: BlockedBy;
  /** False: the type loads and its operations are in the queue. Kept until a worker has loaded the type. */
  isBlocked: boolean;
  /** Milliseconds for which the type was blocked while a daemon ran, up to `countedAt` of the monotonic clock. */
  waited: number;
  countedAt: number;
  /** How many times in a row a worker could not load the type. */
  failures: number;
  /** The loader's version when the type was blocked. */
  version: number;
}

/** The content of the file, by type. */
type Saved = Record<string, { since: string; waited: number }>;

export class BlockedTypes extends Hold {
  readonly #types = new Map<string, BlockedType>();
  /** Types blocked under an earlier daemon, until one of their operations is tried. */
  readonly #earlier: Map<string, Saved[string]>;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #isStopped = false;
  #savedAt = 0;

  constructor(private readonly options: BlockedTypesOptions) {
    super();
    this.#earlier = new Map(Object.entries(readSaved(options.file)));
  }

  why({ record }: Entry): Blocked | null {
    const type = this.#types.get(record.op);
    return type && isFault(type) ? { reason: type.reason, since: type.since } : null;
  }

  override holds({ record }: Entry): boolean {
    return this.#types.get(record.op)?.isBlocked === true;
  }

  /** The blocked types, for `liveopsd status`. */
  list(): Array<Blocked & { op: string; operations: number }> {
    const held = this.#heldByType();
    return [...this.#types]
      .filter(([, type]) => isFault(type))
      .map(([op, { reason, since }]) => ({ op, reason, since, operations: held.get(op)?.length ?? 0 }));
  }

  /** Blocks a type that does not load, and takes its operations out of the queue. */
  block(op: string, reason: string, by: BlockedBy): void {
    if (this.#isStopped) return;
    const known = this.#types.get(op);
    const version = this.options.loader.version;
    const failures = (known?.failures ?? 0) + (by === "worker" ? 1 : 0);
    const now = performance.now();
    // A type that is loaded again waits for the reason of before.
    if (known?.isBlocked && by === "loading") return;
    if (known && isFault(known)) {
      const changed = known.reason !== reason;
      Object.assign(known, { reason, by, version, failures });
      if (changed) this.#tell(op);
      return;
    }
    const { since, waited } = known ?? this.#earlier.get(op) ?? { since: sharedTime(), waited: 0 };
    this.#earlier.delete(op);
    this.#types.set(op, {
      reason,
      since,
      by,
      isBlocked: true,
      waited,
      countedAt: now,
      failures,
      version,
    });
    this.options.waiting.takeOut(({ record }) => record.op === op);
    if (by !== "loading") {
      const count = this.#heldByType().get(op)?.length ?? 0;
      this.options.log.warn({ op, reason, count }, "the operation type does not load; its operations wait");
      this.#tell(op);
      this.#save();
    }
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** Forgets a type that a worker has loaded. */
  loaded(op: string): void {
    if (this.#types.size === 0 && this.#earlier.size === 0) return;
    const type = this.#types.get(op);
    // Another worker failed to load the type in the meantime.
    if (type?.isBlocked || (!type && !this.#earlier.has(op))) return;
    this.#types.delete(op);
    this.#earlier.delete(op);
    this.#save();
  }

  /** Whether the operation has waited for its type as long as one may. */
  isOverdue(entry: Entry): boolean {
    const { longest = DAY } = this.options;
    const type = this.#types.get(entry.record.op);
    if (!type || waitedFor(type) < longest * 1000) return false;
    // A retry starts a new wait.
    const begun = entry.events.findLast(({ type }) => BEGINS.has(type))?.at ?? entry.record.createdAt;
    return sharedNow() - Date.parse(begun) >= longest * 1000;
  }

  override stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#types.size > 0) this.#save();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const held = this.#heldByType();
      await Promise.all([...this.#types].map(([op, type]) => this.#lookAt(op, type, held.has(op))));
      await this.#failOverdue();
      if (this.#types.size > 0 && performance.now() - this.#savedAt >= SAVE_MS) this.#save();
    } catch (error) {
      if (!(error instanceof NotRecordedError))
        this.options.log.error({ err: error }, "blocked operation types could not be checked");
    } finally {
      this.#looking = false;
    }
    if (this.#types.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #lookAt(op: string, type: BlockedType, isAwaited: boolean): Promise<void> {
    if (!type.isBlocked || !isAwaited) {
      if (performance.now() - type.countedAt < (type.isBlocked ? EMPTY_MS : FORGET_MS)) return;
      this.#types.delete(op);
      this.#tell(op);
      this.#save();
      return;
    }
    const { loader } = this.options;
    const unresolved = (error: Error): Unresolved => ({ reason: error.message });
    const found = await loader.resolve(op, LOOK_MS).catch(unresolved);
    if (this.#types.get(op) !== type || !type.isBlocked) return;
    if ("reason" in found) this.block(op, found.reason, found.isLoading ? "loading" : "loader");
    else if (type.by !== "worker" || loader.version !== type.version || isDue(type)) this.#release(op, type);
  }

  #release(op: string, type: BlockedType): void {
    type.waited = waitedFor(type);
    type.countedAt = performance.now();
    type.isBlocked = false;
    this.options.log.info({ op }, "the operation type loads; its operations continue");
    this.#tell(op);
    this.#save();
    const held = this.#heldByType().get(op) ?? [];
    this.options.waiting.again(held.map(({ record }) => record.id));
  }

  async #failOverdue(): Promise<void> {
    const { lifecycle, longest = DAY } = this.options;
    const held = this.#heldByType();
    for (const [op, type] of this.#types) {
      if (!isFault(type) || waitedFor(type) < longest * 1000 || this.options.hasElsewhere?.(op)) continue;
      const overdue = (held.get(op) ?? []).filter((entry) => this.isOverdue(entry)).slice(0, FAILED_A_LOOK);
      await Promise.all(overdue.map(({ record }) => lifecycle.reject(record.id, notLoaded(type.reason))));
    }
  }

  #heldByType(): Map<string, Entry[]> {
    return Map.groupBy(this.options.waiting.heldBy(this), ({ record }) => record.op);
  }

  #tell(op: string): void {
    for (const { record } of this.options.store.ledger.entries.values())
      if (record.state === "queued" && record.op === op) this.options.bus.emit("shown", record, "blocked");
  }

  #save(): void {
    const saved: Saved = Object.fromEntries(this.#earlier);
    for (const [op, type] of this.#types)
      saved[op] = { since: type.since, waited: Math.round(waitedFor(type)) };
    this.#savedAt = performance.now();
    try {
      replaceFileSync(this.options.file, `${JSON.stringify(saved)}\n`);
    } catch (error) {
      // Without the file the next daemon counts from zero.
      this.options.log.warn({ err: error }, "the wait times for operation types could not be saved");
    }
  }
}

const BEGINS = new Set<string>(["operation:submitted", "operation:retried"]);

function waitedFor({ waited, countedAt, isBlocked }: BlockedType): number {
  return isBlocked ? waited + performance.now() - countedAt : waited;
}

/** Whether the type does not load; one that is being loaded may. */
function isFault({ isBlocked, by }: BlockedType): boolean {
  return isBlocked && by !== "loading";
}

/** Whether a worker may try to load the type again. */
function isDue({ countedAt, failures }: BlockedType): boolean {
  const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
  return performance.now() - countedAt >= pause;
}

function notLoaded(reason: string): Outcome {
  const message = `${reason}; its type did not load for a day; liveops retry runs it once its type loads`;
  return {
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_LOAD_FAILED", message, stack: null },
    next: null,
  };
}

/** Invalid wait times count from zero. */
function readSaved(file: string): Saved {
  try {
    const saved = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as Saved;
    const isWhole = ([, it]: [string, Saved[string]]) =>
      typeof it?.since === "string" && Number.isFinite(Date.parse(it.since)) && Number.isFinite(it.waited);
    return Object.fromEntries(Object.entries(saved).filter(isWhole));
  } catch {
    return {};
  }
}
