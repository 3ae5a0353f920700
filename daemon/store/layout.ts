/** The names inside the state dir. */
import { join } from "node:path";
import { lockOwnerFile } from "../../protocol/command/silent-daemon.js";

/** The format this version writes; a newer one is refused untouched. */
export const STATE_FORMAT = 1;

export interface Layout {
  root: string;
  /** `{"format": 1}` */
  version: string;
  lock: string;
  /** Who has it. */
  lockOwner: string;
  log: string;
  /** The JSON store that a person can open. */
  document: string;
  audit: string;
  /** The audit log before the last rotation. */
  olderAudit: string;
  /** The last reading of the clocks that was trusted. */
  clock: string;
  checkpoint: string;
  /** The checkpoint before. */
  previousCheckpoint: string;
  journal: string;
  history: string;
  runs: string;
  workers: string;
  /** Large parameters and results. */
  payloads: string;
  /** How long operations have waited for types that do not load. */
  blockedTypes: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    version: join(root, "version.json"),
    lock: join(root, "liveopsd.lock"),
    lockOwner: lockOwnerFile(root),
    log: join(root, "liveopsd.log"),
    clock: join(root, "clock.json"),
    audit: join(root, "audit.ndjson"),
    olderAudit: join(root, "audit.1.ndjson"),
    document: join(root, "state.json"),
    checkpoint: join(root, "checkpoint.ndjson"),
    previousCheckpoint: join(root, "checkpoint.previous.ndjson"),
    journal: join(root, "journal"),
    history: join(root, "history"),
    runs: join(root, "runs"),
    workers: join(root, "workers"),
    payloads: join(root, "payloads"),
    blockedTypes: join(root, "blocked-types.json"),
  };
}

/** What all attempts of an operation said. */
export function runDir(layout: Layout, id: string): string {
  return join(layout.runs, id);
}

/** What one attempt said: `events.ndjson`, `log.ndjson`, and `cancel` once it is to stop. */
export function attemptDir(layout: Layout, id: string, attempt: number): string {
  return join(layout.runs, id, String(attempt));
}

/** Stored stage values of an operation, over its attempts. */
export function valuesDir(layout: Layout, id: string): string {
  return join(layout.runs, id, "values");
}
