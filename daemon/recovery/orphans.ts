/**
 * Orphans: operations that have run files but, after damage, no record in the store. They are restored from run files.
 *
 * A worker writes the daemon's entry of its operation into the first event of the attempt. So an operation whose record
 * was lost with checkpoint, journal or history is found by its run files: with a live worker it is adopted, with a dead
 * worker it is finished from its files. An operation that may have finished is not rerun automatically.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ID_PATTERN } from "../../protocol/id.js";
import { isLocked } from "../os/kernel-lock.js";
import { isOfOtherHost, readAccepted } from "../run-files/attempt-files.js";
import { attemptsIn } from "../run-files/runs.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Entry } from "../store/decision.js";
import type { EmbeddedStore } from "../store/embedded-store.js";
import { attemptDir, type Layout, runDir } from "../store/layout.js";
import { StoreFullError } from "../store/not-recorded.js";
import { readStopReason } from "../worker/stop-file.js";
import { isWorkerAlive } from "../worker/worker-processes.js";

/**
 * Restores the records of orphans in the store.
 *
 * @returns what was found, in words
 */
export async function adoptOrphans(store: EmbeddedStore, layout: Layout): Promise<string[]> {
  const said: string[] = [];
  const ids = readdirSync(layout.runs).filter((name) => ID_PATTERN.test(name));
  const found = ids.flatMap((id) => orphan(store, layout, id) ?? []);
  found.sort((a, b) => a.order - b.order);
  for (const entry of found) {
    const { id, op, attempt } = entry.record;
    const dir = attemptDir(layout, id, attempt);
    try {
      await store.decide({ kind: "restored", id, entry }, store.ledger.get(id)?.version ?? null);
      said.push(`the record of ${op} ${id} was lost; it was restored from ${dir}`);
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error;
      said.push(
        `the record of ${op} ${id} was lost, and the disk is full; make room, then run: liveopsd restart`,
      );
    }
  }
  return said;
}

/** The entry that the worker accepted, where the store does not know the acceptance. */
function orphan(store: EmbeddedStore, layout: Layout, id: string): Entry | null {
  const known = store.ledger.get(id);
  if (known ? known.record.state !== "queued" : store.knows(id)) return null;
  for (const attempt of readableAttempts(runDir(layout, id)).sort((a, b) => b - a)) {
    if (known && attempt < known.nextAttempt) return null;
    // Another host runs it.
    if (isOfOtherHost(attemptDir(layout, id, attempt))) return null;
    const accepted = readable(() => readAccepted(attemptDir(layout, id, attempt)));
    if (accepted?.run && accepted.record.id === id) return asNow(accepted, layout, known !== undefined);
  }
  return null;
}

function readableAttempts(dir: string): number[] {
  return readable(() => attemptsIn(dir)) ?? [];
}

/** Null where another object is in the place of the run files. */
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
  const stopReason = run.stopReason ?? readStopReason(attemptDir(layout, record.id, record.attempt));
  const isAlive = isWorkerAlive(layout.workers, run.worker);
  // The operation may have finished or been cancelled without a trace in its files, so it is not rerun automatically.
  const policy = isAlive || isLive ? run.policy : { ...run.policy, resumable: false, retry: null };
  return {
    ...entry,
    record: { ...record, cancelRequested: record.cancelRequested || stopReason === "cancel" },
    run: { ...run, policy, stopReason, accepted: true },
  };
}

/** Whether a live worker runs no operation of the store: a reason to look for orphans without other damage. */
export function hasOrphan(store: EmbeddedStore, layout: Layout): boolean {
  const owned = new Set([...store.ledger.entries.values()].map(({ run }) => run?.worker.workerId));
  return readdirSync(layout.workers).some((name) => {
    const [, workerId] = /^(\w+)\.lock$/.exec(name) ?? [];
    return workerId !== undefined && !owned.has(workerId) && isLocked(join(layout.workers, name));
  });
}
