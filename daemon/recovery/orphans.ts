/**
 * Orphans: operations that have events but, after damage, no record in the store. They are restored
 * from the events.
 *
 * A worker writes the daemon's entry of its operation into the first event of the attempt. So an
 * operation whose record was lost with document or journal is found by its events: with a live
 * worker it is adopted, with a dead worker it is finished from its files. An operation that may
 * have finished is not rerun automatically.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isLocked } from "../os/kernel-lock.js";
import { readAccepted } from "../run-files/attempt-files.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { WorkerEvents } from "../run-files/worker-events.js";
import type { Entry } from "../store/decision.js";
import type { EmbeddedStore } from "../store/embedded-store.js";
import { attemptDir, type Layout, runDir } from "../store/layout.js";
import { StoreFullError } from "../store/not-recorded.js";
import { readStopReason } from "../worker/stop-file.js";
import { isWorkerAlive } from "../worker/worker-processes.js";

/**
 * Restores orphans where the store has found damage, or a live worker may run one. Then forgets the
 * events of all operations that are not in memory: they are sealed or removed, and a crash came
 * before their files went. So are the run files of those that were removed since the last
 * checkpoint.
 */
export async function recoverEvents(
  store: EmbeddedStore,
  layout: Layout,
  workerEvents: WorkerEvents,
): Promise<void> {
  const orphans = (ids: Iterable<string>) => findOrphans(store, layout, workerEvents, ids);
  const isDamaged =
    store.problems.length > 0 || orphans(ofLiveWorkers(layout, workerEvents)).length > 0;
  const found = isDamaged ? orphans(workerEvents.ids()) : [];
  if (found.length > 0) store.problems.push(...(await restore(found, store, workerEvents)));
  workerEvents.keepOnly((id) => store.ledger.get(id) !== undefined);
  for (const id of store.removed) clearAway(runDir(layout, id), store);
}

function clearAway(dir: string, store: EmbeddedStore): void {
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch (error) {
    store.addProblem(
      `${dir} of a removed operation could not be removed: ${(error as Error).message}`,
    );
  }
}

/** In the order of their submits. */
function findOrphans(
  store: EmbeddedStore,
  layout: Layout,
  workerEvents: WorkerEvents,
  ids: Iterable<string>,
): Entry[] {
  const found = [...ids].flatMap((id) => orphan(store, layout, workerEvents, id) ?? []);
  // The events of a removed operation stay in the file of its worker as long as the file does.
  const removed = found.length > 0 ? store.removedIds() : new Set<string>();
  return found.filter(({ record }) => !removed.has(record.id)).sort((a, b) => a.order - b.order);
}

/**
 * Restores the records of orphans in the store.
 *
 * @returns what was found, in words
 */
async function restore(
  found: readonly Entry[],
  store: EmbeddedStore,
  workerEvents: WorkerEvents,
): Promise<string[]> {
  const said: string[] = [];
  for (const entry of found) {
    const { id, op, attempt } = entry.record;
    const file = workerEvents.get(id, attempt)?.file;
    try {
      await store.decide({ kind: "restored", id, entry }, store.ledger.get(id)?.version ?? null);
      said.push(`the record of ${op} ${id} was lost; it was restored from ${file}`);
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error;
      said.push(
        `the record of ${op} ${id} was lost, and the disk is full; make room, then run: liveops restart`,
      );
    }
  }
  return said;
}

/** The entry that the worker accepted, where the store does not know the acceptance. */
function orphan(
  store: EmbeddedStore,
  layout: Layout,
  workerEvents: WorkerEvents,
  id: string,
): Entry | null {
  const known = store.ledger.get(id);
  if (known ? known.record.state !== "queued" : store.knows(id)) return null;
  for (const place of workerEvents.of(id).toReversed()) {
    if (known && place.attempt < known.nextAttempt) return null;
    const accepted = readable(() => readAccepted(place));
    if (accepted?.run && accepted.record.id === id)
      return asNow(accepted, layout, known !== undefined);
  }
  return null;
}

/** Null where the file cannot be read. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
}

/** Adds to the entry what other files show: a stop request, and whether the worker is alive. */
function asNow(entry: Entry, layout: Layout, isLive: boolean): Entry {
  const { record } = entry;
  const run = entry.run!;
  const stopReason =
    run.stopReason ?? readStopReason(attemptDir(layout, record.id, record.attempt));
  const isAlive = isWorkerAlive(layout.workers, run.worker);
  // The operation may have finished or been cancelled without a trace in its files, so it is not
  // rerun automatically.
  const policy = isAlive || isLive ? run.policy : { ...run.policy, resumable: false, retry: null };
  return {
    ...entry,
    record: { ...record, cancelRequested: record.cancelRequested || stopReason === "cancel" },
    run: { ...run, policy, stopReason, accepted: true },
  };
}

/**
 * The last operations of the live workers. A worker may run another one than an older document
 * says.
 */
function ofLiveWorkers(layout: Layout, workerEvents: WorkerEvents): string[] {
  return readdirSync(layout.workers).flatMap((name) => {
    const [, workerId] = /^(\w+)\.lock$/.exec(name) ?? [];
    if (workerId === undefined || !isLocked(join(layout.workers, name))) return [];
    return workerEvents.lastOf(workerId)?.id ?? [];
  });
}
