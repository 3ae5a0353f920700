/**
 * Operations that run files tell of and the store does not, after damage: taken up again.
 *
 * A worker writes what the daemon knew of its operation into the first event of the attempt. So an operation whose
 * record was lost with checkpoint, journal or history is found by what it left: with a living worker it is adopted,
 * with a dead one it is finished as its files tell. Nothing is run again by itself that may have been over.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ID_PATTERN } from "../../protocol/id.js";
import { isLocked } from "../os/kernel-lock.js";
import { readAccepted } from "../run-files/attempt-files.js";
import { attemptsIn } from "../run-files/log-slices.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Entry } from "../store/decision.js";
import { StoreFullError } from "../store/journal.js";
import { attemptDir, type Layout, runDir } from "../store/layout.js";
import type { Store } from "../store/store.js";
import { readStopReason } from "../worker/stop-file.js";
import { isWorkerAlive } from "../worker/worker-processes.js";

/**
 * Takes up what the store should know and does not.
 *
 * @returns what was found, in words
 */
export async function adoptOrphans(store: Store, layout: Layout): Promise<string[]> {
  const said: string[] = [];
  const ids = readdirSync(layout.runs).filter((name) => ID_PATTERN.test(name));
  const found = ids.flatMap((id) => unowned(store, layout, id) ?? []);
  found.sort((a, b) => a.order - b.order);
  for (const entry of found) {
    const { id, op, attempt } = entry.record;
    const dir = attemptDir(layout, id, attempt);
    try {
      await store.decide({ kind: "restored", id, entry });
      said.push(`the record of ${op} ${id} was lost; it was taken up again from ${dir}`);
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error;
      said.push(`the record of ${op} ${id} was lost, and the disk is full: make room, then liveopsd restart`);
    }
  }
  return said;
}

/** The entry as it was when its worker accepted, where the store does not know that it did. */
function unowned(store: Store, layout: Layout, id: string): Entry | null {
  const known = store.ledger.get(id);
  if (known ? known.record.state !== "queued" : store.knows(id)) return null;
  for (const attempt of readableAttempts(runDir(layout, id)).sort((a, b) => b - a)) {
    if (known && attempt < known.nextAttempt) return null;
    const accepted = readable(() => readAccepted(attemptDir(layout, id, attempt)));
    if (accepted?.run && accepted.record.id === id) return asNow(accepted, layout, known !== undefined);
  }
  return null;
}

function readableAttempts(dir: string): number[] {
  return readable(() => attemptsIn(dir)) ?? [];
}

/** Null where something else stands in the place of the run files. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return null;
  }
}

/** What came after the start and is told by other files: a stop, and whether its worker still lives. */
function asNow(entry: Entry, layout: Layout, isLive: boolean): Entry {
  const { record } = entry;
  const run = entry.run!;
  const stopReason = run.stopReason ?? readStopReason(attemptDir(layout, record.id, record.attempt));
  const isAlive = isWorkerAlive(layout.workers, run.worker);
  // It may have been over, or cancelled, without a trace in its files: then it is not for us to run it again.
  const policy = isAlive || isLive ? run.policy : { ...run.policy, resumable: false, retry: null };
  return {
    ...entry,
    record: { ...record, cancelRequested: record.cancelRequested || stopReason === "cancel" },
    run: { ...run, policy, stopReason, accepted: true },
  };
}

/** Whether a worker lives that works for no operation of the store: a reason to look, where nothing else is damaged. */
export function hasOrphan(store: Store, layout: Layout): boolean {
  const owned = new Set([...store.ledger.entries.values()].map(({ run }) => run?.worker.workerId));
  return readdirSync(layout.workers).some((name) => {
    const [, workerId] = /^(\w+)\.lock$/.exec(name) ?? [];
    return workerId !== undefined && !owned.has(workerId) && isLocked(join(layout.workers, name));
  });
}
