/** Files of workers that are gone, left by a daemon that was killed. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isLocked } from "./lock/kernel-lock.js";
import type { Ledger } from "./store/ledger.js";

/** Removes the files of every worker that is dead and whose operation is settled. */
export function sweepWorkers(dir: string, ledger: Ledger): void {
  const needed = new Set([...ledger.entries.values()].map((entry) => entry.run?.worker.workerId));
  for (const name of readdirSync(dir)) {
    const workerId = name.slice(0, name.indexOf("."));
    if (needed.has(workerId) || isLocked(join(dir, `${workerId}.lock`))) continue;
    rmSync(join(dir, name), { force: true });
  }
}
