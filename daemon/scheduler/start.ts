/**
 * The start of one queued operation: looks up its type, records the start, and orders the worker to
 * run it.
 */
import { existsSync } from "node:fs";
import type { StepSeconds } from "../../ops/attempt/sink.js";
import { retryOnceMended } from "../../ops/loading/type-names.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Loader } from "../loader/loader.js";
import type { ResolvedType } from "../loader/messages.js";
import type { Log } from "../log/log.js";
import { eventsFile } from "../run-files/attempt-files.js";
import type { EventsPlace } from "../run-files/events-reader.js";
import type { WorkerEvents } from "../run-files/worker-events.js";
import type { Settings } from "../settings.js";
import type { Entry, Submitted } from "../store/decision.js";
import { sourceOf } from "../store/entry-events.js";
import { attemptDir, type Layout, valuesDir } from "../store/layout.js";
import { NotRecordedError } from "../store/not-recorded.js";
import type { Store } from "../store/store.js";
import type { OrderMessage } from "../worker/messages.js";
import type { PooledWorker } from "../worker/pool.js";
import type { Durations } from "./durations.js";
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
  layout: Layout;
  workerEvents: WorkerEvents;
  log: Log;
  settings: Settings;
  durations: Pick<Durations, "ofSteps">;
  /** Whether this host may run the operation. Absent: it may. */
  fits?(entry: Entry): boolean;
}

/** Follows the attempt, and gives the worker its order. */
export type Begin = (entry: Entry, dir: string, order: OrderMessage, worker: PooledWorker) => void;

/** A queued operation that may start: its type as it loads now. */
export interface Candidate {
  entry: Entry;
  /** Version of the entry before the lookup of its type. A change during the lookup raises it. */
  version: number;
  type: ResolvedType;
  /** Null: no earlier run is known. */
  stepSeconds: StepSeconds | null;
}

/**
 * Starts an operation on an idle worker.
 *
 * @param submitted a new operation: the start records its submit too. Null: the operation is
 *   queued
 * @returns whether it started. Otherwise the worker is free, and the operation waits again where
 *   it is still queued
 */
export async function start(
  entry: Entry,
  worker: PooledWorker,
  slot: number,
  parts: StartParts & { begin: Begin },
  submitted: Submitted | null,
): Promise<boolean> {
  const { lifecycle, queues, workerEvents, log } = parts;
  const { id } = entry.record;
  /** Of an attempt whose start is not recorded. */
  let place: EventsPlace | undefined;
  try {
    const candidate = await candidateOf(entry, parts);
    if (candidate === null) return false;
    const { version, type } = candidate;
    // What has changed during the lookup of the type may belong elsewhere now.
    const mayStart = (now: Entry) => now.version === version && queues.isOpen(now.record.queue);
    place = workerEvents.begin(id, entry.nextAttempt, worker.identity.workerId, worker.eventsEnd);
    const started = await lifecycle.start(
      id,
      worker.identity,
      type.policy,
      slot,
      mayStart,
      submitted,
    );
    if (started === null) return false;
    place = undefined;
    order(started, candidate, worker, parts);
    return true;
  } catch (error) {
    if (!(error instanceof NotRecordedError))
      log.error({ err: error, id }, "an operation could not be started");
    return false;
  } finally {
    if (place) workerEvents.drop(place);
  }
}

/**
 * Looks up the type of an operation that is about to start. An operation whose type does not load
 * fails.
 *
 * @returns null: it is not queued any more, it belongs to another host, or the daemon stops
 */
export async function candidateOf(
  entry: Entry,
  {
    loader,
    lifecycle,
    durations,
    fits,
  }: Pick<StartParts, "loader" | "lifecycle" | "durations" | "fits">,
): Promise<Candidate | null> {
  if (entry.record.state !== "queued") return null;
  const { version } = entry;
  const { id, op } = entry.record;
  const type = typeOfSource(entry) ?? (await loader.toStart(op));
  if (type === null) return null;
  if ("reason" in type) {
    if (fits?.(entry) === false) return null;
    const message = retryOnceMended(type.reason, id);
    const error = { code: "LIVEOPS_LOAD_FAILED", message, stack: null };
    await lifecycle.reject(id, { state: "failed", result: null, error, next: null });
    return null;
  }
  // Only the bar needs them: a history that cannot be read delays no start.
  const stepSeconds = await durations.ofSteps(entry.record).catch(() => null);
  return { entry, version, type, stepSeconds };
}

/**
 * The start is durable: the worker gets its order.
 *
 * @param more what the engine adds to the order
 */
export function order(
  entry: Entry,
  { type: { file, policy }, stepSeconds }: Candidate,
  worker: PooledWorker,
  parts: StartParts & { begin: Begin },
  more: Partial<OrderMessage> = {},
): void {
  const { layout, settings, store } = parts;
  const { id, attempt } = entry.record;
  const dir = attemptDir(layout, id, attempt);
  const secrets = store.secrets.get(id);
  const message: OrderMessage = {
    type: "order",
    entry,
    file,
    attemptDir: dir,
    earlier: policy.resumable ? earlierEvents(id, attempt, parts) : [],
    maxLog: settings.maxLog,
    valuesDir: policy.resumable ? valuesDir(layout, id) : null,
    stepSeconds: stepSeconds ?? undefined,
    secrets,
    ...more,
  };
  parts.begin(entry, dir, message, worker);
}

/** Where the events of the earlier attempts are, except those in the entry. */
export function earlierEvents(
  id: string,
  attempt: number,
  { layout, workerEvents }: Pick<StartParts, "layout" | "workerEvents">,
): EventsPlace[] {
  const places: EventsPlace[] = [];
  for (let n = 1; n < attempt; n++) {
    const inDirectory = { id, attempt: n, file: eventsFile(attemptDir(layout, id, n)), from: 0 };
    // A checkpoint copies long events to the directory before it removes the file of the worker.
    const ofWorker = existsSync(inDirectory.file) ? null : workerEvents.get(id, n);
    places.push(ofWorker ?? inDirectory);
  }
  return places;
}

/**
 * The type of a pipeline is in its text, so that it needs no file; null: the type is no pipeline.
 */
function typeOfSource(entry: Entry): ResolvedType | null {
  const source = sourceOf(entry);
  if (source === null) return null;
  const { path, timeout, gracePeriod } = source;
  return { file: path, policy: { resumable: true, timeout, gracePeriod, retry: null } };
}
