/**
 * Operation types that do not load now, and the queued operations that wait for them.
 *
 * The operations wait outside the queue: they take no slot, and no other operation waits behind them. One timer asks
 * the loader about all blocked types. An operation fails when its type did not load for `maxWait` seconds.
 */
import type { Logger } from "pino";
import type { Outcome } from "../../protocol/event.js";
import type { Blocked } from "../../protocol/operation.js";
import { readOwnFile } from "../../protocol/own-file.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Loader } from "../loader/loader.js";
import type { Entry } from "../store/decision.js";
import { replaceFileSync } from "../store/durable-file.js";
import { StoreFullError } from "../store/journal.js";
import type { Store } from "../store/store.js";
import type { Queue } from "./queue.js";

/** How often the loader is asked, in ms. A look at unchanged files costs some calls of stat. */
const LOOK_MS = 500;

/** Where the loader can load a type and a worker cannot: the first and the longest time between two attempts, in ms. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;

/** A type that loads again is forgotten when it stays unblocked for so long, in ms. */
const FORGET_MS = 2 * LONGEST_RETRY_MS;

/** How often the time that was waited is written down, in ms. */
const SAVE_MS = 60_000;

/** A blocked type for which nothing waits is kept for so long, in ms: an operation may be on its way back. */
const EMPTY_MS = 5000;

/** Bytes of the file that are read: some hundred for each type. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Operations that fail in one look. */
const FAILED_A_LOOK = 200;

/** Which process could not load the type. */
type BlockedBy = "loader" | "worker";

interface BlockedTypesOptions {
  store: Pick<Store, "ledger">;
  lifecycle: Pick<Lifecycle, "reject">;
  loader: Pick<Loader, "resolve" | "version">;
  queue: Queue;
  log: Logger;
  /** Keeps how long each type was waited for, across daemons. */
  file: string;
  /** Seconds. 0: an operation fails at once. */
  maxWait: number;
  /** `blocked` of a queued operation changed. */
  onChange(entry: Entry): void;
  /** Operations joined the queue again. */
  onReady(): void;
}

interface BlockedType {
  reason: string;
  since: string;
  by: BlockedBy;
  /** False: it loads, and its operations are in the queue. Known until one of them has loaded it in a worker. */
  isBlocked: boolean;
  /** Milliseconds it was blocked while a daemon ran, up to `countedAt` of the monotonic clock. */
  waited: number;
  countedAt: number;
  /** Times in a row that a worker could not load it. */
  failures: number;
  /** The loader's version that it was blocked under. */
  version: number;
  /** The operations that wait: id and place in the queue. */
  waiting: Map<string, number>;
}

/** What the file holds of a type. */
type Saved = Record<string, { since: string; waited: number }>;

export class BlockedTypes {
  readonly #types = new Map<string, BlockedType>();
  /** What an earlier daemon knew of types that no operation was tried of yet. */
  readonly #earlier: Map<string, Saved[string]>;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #isStopped = false;
  #savedAt = 0;

  constructor(private readonly options: BlockedTypesOptions) {
    this.#earlier = new Map(Object.entries(readSaved(options.file)));
  }

  /** Why operations of the type wait; null: they do not. */
  of(op: string): Blocked | null {
    const type = this.#types.get(op);
    return type?.isBlocked ? { reason: type.reason, since: type.since } : null;
  }

  /** Operations that wait outside the queue. */
  get length(): number {
    let length = 0;
    for (const { waiting } of this.#types.values()) length += waiting.size;
    return length;
  }

  /** The blocked types, for `liveopsd status`. */
  list(): Array<Blocked & { op: string; operations: number }> {
    return [...this.#types]
      .filter(([, { isBlocked }]) => isBlocked)
      .map(([op, { reason, since, waiting }]) => ({ op, reason, since, operations: waiting.size }));
  }

  /** The type does not load. Its queued operations leave the queue. */
  block(op: string, reason: string, by: BlockedBy): void {
    if (this.#isStopped) return;
    const known = this.#types.get(op);
    const version = this.options.loader.version;
    const failures = (known?.failures ?? 0) + (by === "worker" ? 1 : 0);
    const now = performance.now();
    if (known?.isBlocked) {
      const changed = known.reason !== reason;
      Object.assign(known, { reason, by, version, failures });
      if (changed) this.#tell(op);
      return;
    }
    const { since, waited } = known ??
      this.#earlier.get(op) ?? { since: new Date().toISOString(), waited: 0 };
    this.#earlier.delete(op);
    const waiting = this.#takeOut(op);
    const type = { reason, since, by, isBlocked: true, waited, countedAt: now, failures, version, waiting };
    this.#types.set(op, type);
    this.options.log.warn(
      { op, reason, operations: waiting.size },
      "the operation type does not load; its operations wait",
    );
    this.#tell(op);
    this.#save();
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref();
    if (this.options.maxWait === 0) void this.#look();
  }

  /** Whether the operation waits here, since its type is blocked. If not, its place is in the queue. */
  hold({ record, queuedAt }: Entry): boolean {
    const type = this.#types.get(record.op);
    if (!type?.isBlocked) return false;
    type.waiting.set(record.id, queuedAt);
    if (this.options.maxWait === 0) queueMicrotask(() => void this.#look());
    return true;
  }

  /** The operation is no longer queued. */
  remove({ id, op }: Entry["record"]): void {
    this.#types.get(op)?.waiting.delete(id);
  }

  /** A worker has loaded the type. */
  loaded(op: string): void {
    if (this.#types.size === 0 && this.#earlier.size === 0) return;
    const type = this.#types.get(op);
    // Another worker could not, meanwhile.
    if (type?.isBlocked || (!type && !this.#earlier.has(op))) return;
    this.#types.delete(op);
    this.#earlier.delete(op);
    this.#save();
  }

  /** Whether the operation has waited for its type as long as it may. */
  isOverdue(entry: Entry): boolean {
    const { maxWait } = this.options;
    if (maxWait === 0) return true;
    const type = this.#types.get(entry.record.op);
    if (!type || waitedFor(type) < maxWait * 1000) return false;
    // A retry begins a wait of its own.
    const begun = entry.events.findLast(({ type }) => BEGINS.has(type))?.at ?? entry.record.createdAt;
    return Date.now() - Date.parse(begun) >= maxWait * 1000;
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#types.size > 0) this.#save();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await Promise.all([...this.#types].map(([op, type]) => this.#lookAt(op, type)));
      await this.#failOverdue();
      if (this.#types.size > 0 && performance.now() - this.#savedAt >= SAVE_MS) this.#save();
    } catch (error) {
      if (!(error instanceof StoreFullError))
        this.options.log.error({ err: error }, "blocked operation types could not be checked");
    } finally {
      this.#looking = false;
    }
    if (this.#types.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #lookAt(op: string, type: BlockedType): Promise<void> {
    if (!type.isBlocked || type.waiting.size === 0) {
      if (performance.now() - type.countedAt < (type.isBlocked ? EMPTY_MS : FORGET_MS)) return;
      this.#types.delete(op);
      this.#tell(op);
      this.#save();
      return;
    }
    const { loader } = this.options;
    const found = await loader.resolve(op).catch((error: Error) => ({ reason: error.message }));
    if (this.#types.get(op) !== type || !type.isBlocked) return;
    if ("reason" in found) this.block(op, found.reason, "loader");
    else if (type.by === "loader" || loader.version !== type.version || isDue(type)) this.#release(op, type);
  }

  #release(op: string, type: BlockedType): void {
    type.waited = waitedFor(type);
    type.countedAt = performance.now();
    type.isBlocked = false;
    this.options.queue.addAll([...type.waiting]);
    type.waiting.clear();
    this.options.log.info({ op }, "the operation type loads; its operations go on");
    this.#tell(op);
    this.#save();
    this.options.onReady();
  }

  async #failOverdue(): Promise<void> {
    const { store, lifecycle, maxWait } = this.options;
    for (const type of this.#types.values()) {
      if (!type.isBlocked || waitedFor(type) < maxWait * 1000) continue;
      const overdue = [...type.waiting.keys()]
        .flatMap((id) => store.ledger.get(id) ?? [])
        .filter((entry) => this.isOverdue(entry))
        .slice(0, maxWait === 0 ? undefined : FAILED_A_LOOK);
      await Promise.all(
        overdue.map(({ record }) => lifecycle.reject(record.id, notLoaded(type.reason, maxWait))),
      );
    }
  }

  /** Takes the type's operations out of the queue. */
  #takeOut(op: string): Map<string, number> {
    const { store, queue } = this.options;
    return new Map(queue.takeWhere((id) => store.ledger.get(id)?.record.op === op));
  }

  #tell(op: string): void {
    for (const entry of this.options.store.ledger.entries.values())
      if (entry.record.state === "queued" && entry.record.op === op) this.options.onChange(entry);
  }

  #save(): void {
    const saved: Saved = Object.fromEntries(this.#earlier);
    for (const [op, type] of this.#types)
      saved[op] = { since: type.since, waited: Math.round(waitedFor(type)) };
    this.#savedAt = performance.now();
    try {
      replaceFileSync(this.options.file, `${JSON.stringify(saved)}\n`);
    } catch (error) {
      // Without it the next daemon counts from zero.
      this.options.log.warn({ err: error }, "the waits for operation types could not be saved");
    }
  }
}

const BEGINS = new Set<string>(["operation:submitted", "operation:retried"]);

function waitedFor({ waited, countedAt, isBlocked }: BlockedType): number {
  return isBlocked ? waited + performance.now() - countedAt : waited;
}

/** Whether a worker may try again. */
function isDue({ countedAt, failures }: BlockedType): boolean {
  const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
  return performance.now() - countedAt >= pause;
}

function notLoaded(reason: string, maxWait: number): Outcome {
  const waited = maxWait === 0 ? "" : `; its type did not load for ${maxWait} s (maxTypeWait)`;
  const message = `${reason}${waited}; liveops retry runs it once its type loads`;
  return {
    state: "failed",
    result: null,
    error: { code: "LIVEOPS_LOAD_FAILED", message, stack: null },
    next: null,
  };
}

/** What is not as it must be counts from zero. */
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
