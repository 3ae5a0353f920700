/**
 * Starts queued operations: gives them to idle workers, up to the number of slots, and keeps workers warm.
 */

import { effectiveLimits } from "../../protocol/resource-limits.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Loader } from "../loader/loader.js";
import type { ResolvedType } from "../loader/messages.js";
import type { Log } from "../log/log.js";
import type { Settings } from "../settings.js";
import type { Entry, Policy } from "../store/decision.js";
import { sourceOf } from "../store/entry-events.js";
import { attemptDir, type Layout, valuesDir } from "../store/layout.js";
import { NotRecordedError } from "../store/not-recorded.js";
import { payloadFile } from "../store/payloads.js";
import type { Store } from "../store/store.js";
import type { Containment } from "../worker/containment.js";
import type { OrderMessage } from "../worker/messages.js";
import type { Pool, PooledWorker } from "../worker/pool.js";
import type { Attempt } from "./attempt.js";
import type { BlockedTypes } from "./holds/blocked-types.js";
import type { TypeLimits } from "./holds/type-limits.js";
import type { Queue } from "./queue.js";
import type { Queues } from "./queues.js";
import type { Waiting } from "./waiting.js";

/** What the start of an operation needs. */
export interface StartParts {
  store: Store;
  lifecycle: Lifecycle;
  loader: Loader;
  queue: Queue;
  queues: Queues;
  waiting: Pick<Waiting, "returned">;
  blockedTypes: BlockedTypes;
  typeLimits: TypeLimits;
  containment: Containment;
  layout: Layout;
  log: Log;
  settings: Settings;
  /** Whether the spans of an operation are exported; null: no traces. */
  isTraced(id: string): boolean | null;
}

/** Follows the attempt, and gives the worker its order. */
type Begin = (entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker) => void;

/** A queued operation that may start: its type as it loads now. */
export interface Candidate {
  entry: Entry;
  /** Version of the entry before the lookup of its type. A change during the lookup raises it. */
  version: number;
  type: ResolvedType;
  /** With the effective limits of the operation. */
  policy: Policy;
}

/**
 * Starts a queued operation on an idle worker.
 *
 * @param isOpen whether operations may start now, besides the pause of their queue
 * @returns whether it started. Otherwise the worker is free, and the operation waits again where it is still queued
 */
export async function start(
  id: string,
  worker: PooledWorker,
  slot: number,
  parts: StartParts & { begin: Begin },
  isOpen: () => boolean,
): Promise<boolean> {
  const { lifecycle, queues, typeLimits, layout, log } = parts;
  try {
    const candidate = await candidateOf(id, parts);
    if (candidate === null) return false;
    const { entry, version, policy } = candidate;
    worker.prepare(attemptDir(layout, id, entry.nextAttempt));
    // What has changed during the lookup of the type may belong elsewhere now.
    const mayStart = (now: Entry) => isOpen() && now.version === version && queues.isOpen(now.record.queue);
    const started = await lifecycle.start(id, worker.identity, policy, slot, mayStart);
    if (started === null) return false;
    order(started, candidate, worker, parts);
    return true;
  } catch (error) {
    if (!(error instanceof NotRecordedError))
      log.error({ err: error, id }, "an operation could not be started");
    return false;
  } finally {
    typeLimits.started(id);
  }
}

/**
 * Looks up the type of an operation that is about to start, and counts it for the limit of the type:
 * `typeLimits.started` must follow.
 *
 * @returns null: the operation is not queued any more, or a hold has it now
 */
export async function candidateOf(
  id: string,
  {
    store,
    loader,
    blockedTypes,
    typeLimits,
  }: Pick<StartParts, "store" | "loader" | "blockedTypes" | "typeLimits">,
): Promise<Candidate | null> {
  const entry = store.ledger.get(id);
  if (entry?.record.state !== "queued") return null;
  const { version } = entry;
  const { op } = entry.record;
  const type =
    typeOfSource(entry) ?? (await loader.resolve(op).catch((error: Error) => ({ reason: error.message })));
  if ("reason" in type) {
    blockedTypes.block(op, type.reason, "loader");
    return null;
  }
  const limits = effectiveLimits(type.policy.limits, entry.record.limits);
  const policy = limits ? { ...type.policy, limits } : type.policy;
  return typeLimits.reserve(entry, policy.concurrency ?? null) ? { entry, version, type, policy } : null;
}

/**
 * The start is durable: the worker gets its order.
 *
 * @param ofFleet what the order has only in a fleet
 */
export function order(
  entry: Entry,
  { type: { file }, policy }: Candidate,
  worker: PooledWorker,
  parts: StartParts & { begin: Begin },
  ofFleet: Partial<OrderMessage> = {},
): void {
  const { layout, settings, store, containment } = parts;
  const { id, attempt, omitted } = entry.record;
  const dir = attemptDir(layout, id, attempt);
  const secrets = store.secrets.get(id);
  const isTraced = parts.isTraced(id);
  const message: OrderMessage = {
    type: "order",
    entry,
    paramsFile: omitted?.params === undefined ? null : payloadFile(layout.payloads, id, "params"),
    file,
    attemptDir: dir,
    maxLog: settings.maxLog,
    valuesDir: policy.resumable ? valuesDir(layout, id) : null,
    notice: containment.limit(worker.identity, policy.limits),
    ...(secrets !== undefined && { secrets }),
    ...(isTraced !== null && { isTraced }),
    ...ofFleet,
  };
  parts.begin(entry, dir, message, worker);
}

/** The type of a pipeline is in its text, so that it needs no file; null: the type is no pipeline. */
function typeOfSource(entry: Entry): ResolvedType | null {
  const source = sourceOf(entry);
  if (source === null) return null;
  const { path, timeout, gracePeriod } = source;
  return { file: path, policy: { resumable: true, timeout, gracePeriod, retry: null } };
}

/** Starts operations while it is not paused. */
export interface OperationStarter {
  /** No more operations are started. */
  isPaused: boolean;
  /** As `isPaused`, by a person's wish. */
  isDraining: boolean;
  /** Starts as many operations as possible. Called when the queue, the slots or the workers may have changed. */
  kick(): void;
}

export interface StarterOptions extends StartParts {
  pool: Pool;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  begin: Begin;
  /** An operation started, or could not start. */
  onChange(): void;
}

export class Starter implements OperationStarter {
  /** No more operations are started. */
  isPaused = false;
  /** As `isPaused`, by a person's wish. */
  isDraining = false;
  /** Operations that are about to start: the slot of each. */
  readonly #starting = new Map<string, Slot>();
  #warming: NodeJS.Immediate | null = null;

  constructor(private readonly options: StarterOptions) {}

  /** Starts as many queued operations as there are slots and idle workers. */
  kick(): void {
    if (this.isPaused || this.isDraining) return;
    const { queue, queues, store, pool, typeLimits, layout } = this.options;
    typeLimits.release();
    while (queue.length > 0 && !store.isFull) {
      const slots = this.#slots();
      const isFree = (name: string) => queues.isOpen(name) && slots.busy(name) < queues.concurrency(name);
      const [id] = queue.first(1, isFree);
      if (id === undefined) break;
      const entry = store.ledger.get(id);
      // An edit or a retry queued the operation again while it is about to start. It waits again if that fails.
      if (!entry || this.#starting.has(id)) {
        queue.take(isFree);
        continue;
      }
      const worker = pool.take(attemptDir(layout, id, entry.nextAttempt));
      if (!worker) break;
      queue.take(isFree);
      const name = entry.record.queue;
      void this.#start(id, worker, { queue: name, slot: slots.lowest(name) });
    }
    this.#warmSoon();
  }

  /** Directories of the next attempts of the first operations of the queues. */
  #next(count: number, isOpen: (queue: string) => boolean): string[] {
    const { queue, store, layout } = this.options;
    return queue.first(count, isOpen).flatMap((id) => {
      const entry = store.ledger.get(id);
      return entry ? attemptDir(layout, id, entry.nextAttempt) : [];
    });
  }

  async #start(id: string, worker: PooledWorker, slot: Slot): Promise<void> {
    const { pool, store, waiting, onChange } = this.options;
    this.#starting.set(id, slot);
    const hasStarted = await start(id, worker, slot.slot, this.options, () => !this.isDraining);
    if (!hasStarted) pool.release(worker);
    this.#starting.delete(id);
    const entry = hasStarted ? undefined : store.ledger.get(id);
    if (entry?.record.state === "queued") waiting.returned(entry);
    this.kick();
    onChange();
  }

  /** Warms workers once in a turn of the event loop. A fork takes milliseconds, so pending answers are sent first. */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      if (this.isPaused) return;
      const { queue, queues, pool } = this.options;
      const isOpen = (name: string) => queues.isOpen(name);
      if (queue.length > 0) pool.prepare(this.#next(pool.spare, isOpen));
      pool.warm(this.#wanted());
    });
  }

  /** How many idle workers the operations in the queues can use, and the spare ones. */
  #wanted(): number {
    const { queue, queues, pool } = this.options;
    const slots = this.#slots();
    let startable = 0;
    let waiting = 0;
    for (const name of queues.names()) {
      if (!queues.isOpen(name)) continue;
      const length = queue.lengthOf(name);
      waiting += length;
      startable += Math.min(length, Math.max(0, queues.concurrency(name) - slots.busy(name)));
    }
    return Math.min(waiting, startable + pool.spare);
  }

  /**
   * Slots in use. An outcome that was read mostly frees the slot: the finish is written before the next start, in the
   * same batch where possible.
   */
  #slots(): UsedSlots {
    const used = new UsedSlots();
    for (const { queue, slot } of this.#starting.values()) used.add(queue, slot);
    for (const { holdsSlot, entry } of this.options.attempts.values())
      if (holdsSlot) used.add(entry.record.queue, entry.record.slot ?? 0);
    return used;
  }
}

/** A numbered place of a queue in which one operation runs. */
interface Slot {
  queue: string;
  /** From 1. */
  slot: number;
}

class UsedSlots {
  readonly #used = new Map<string, number[]>();

  add(queue: string, slot: number): void {
    const used = this.#used.get(queue);
    if (used) used.push(slot);
    else this.#used.set(queue, [slot]);
  }

  busy(queue: string): number {
    return this.#used.get(queue)?.length ?? 0;
  }

  /** The lowest free number of the queue. */
  lowest(queue: string): number {
    const used = new Set(this.#used.get(queue));
    let slot = 1;
    while (used.has(slot)) slot++;
    return slot;
  }
}
