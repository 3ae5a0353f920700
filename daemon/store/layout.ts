/** The file names in the state directory. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { lockOwnerFile } from "../../protocol/system/lock-owner.js";
import { stampsIn } from "../../protocol/system/places.js";

/** The format that this version writes; a newer format is refused and left unchanged. */
export const STATE_FORMAT = 1;

export interface Layout {
  root: string;
  /** `{"format": 1}` */
  version: string;
  lock: string;
  /** The daemon that holds the lock. */
  lockOwner: string;
  /** The directory itself: a copy is recognised by this file. */
  directory: string;
  log: string;
  /** The state document, and the one before it. */
  document: string;
  previousDocument: string;
  journal: string;
  history: string;
  runs: string;
  workers: string;
  /** What commands have set of the queues. */
  queues: string;
  schedules: string;
  /** Which actions have run. */
  actions: string;
  /** What stages of pipelines needed and made. */
  stamps: string;
  /** Versions and texts of types of the last days, to compare failures with. */
  why: string;
  /** What an engine keeps here whose operations are elsewhere. */
  engine: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    version: join(root, "version.json"),
    lock: join(root, "liveopsd.lock"),
    lockOwner: lockOwnerFile(root),
    directory: join(root, "directory.json"),
    log: join(root, "liveopsd.log"),
    document: join(root, "state.json"),
    previousDocument: join(root, "state.previous.json"),
    journal: join(root, "journal"),
    history: join(root, "history"),
    runs: join(root, "runs"),
    workers: join(root, "workers"),
    queues: join(root, "queues.json"),
    schedules: join(root, "schedules.json"),
    actions: join(root, "actions.json"),
    stamps: stampsIn(root),
    why: join(root, "why"),
    engine: join(root, "engine"),
  };
}

/** Whether the operations of the directory are in another engine, and only their files are here. */
export function isElsewhere({ engine }: Layout): boolean {
  return existsSync(engine);
}

/** The run files of all attempts of an operation. */
export function runDir(layout: Layout, id: string): string {
  return join(layout.runs, id);
}

/**
 * The run files of one attempt: its log, long events once they are sealed, and `cancel` once it
 * must stop.
 */
export function attemptDir(layout: Layout, id: string, attempt: number): string {
  return join(layout.runs, id, String(attempt));
}

/** The stored stage values of an operation, shared by its attempts. */
export function valuesDir(layout: Layout, id: string): string {
  return join(layout.runs, id, "values");
}

/** The files of a worker, by its id; an adopted worker has them too. */
export function workerFiles(dir: string, workerId: string) {
  return {
    lockFile: join(dir, `${workerId}.lock`),
    stdoutFile: join(dir, `${workerId}.stdout`),
    stderrFile: join(dir, `${workerId}.stderr`),
    /** The events of its attempts, one attempt after the other. */
    eventsFile: join(dir, `${workerId}.events.ndjson`),
  };
}
