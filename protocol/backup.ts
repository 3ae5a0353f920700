/** Lines of `POST /v1/daemon/backup`: progress, then `done` or `failed` as the last one. */
import type { Problem } from "./errors.js";

export interface BackupProgress {
  type: "progress";
  files: number;
  bytes: number;
}

export interface BackupDone {
  type: "done";
  dir: string;
  /** The moment whose state the backup holds; ISO 8601. */
  at: string;
  files: number;
  bytes: number;
}

export type BackupLine = BackupProgress | BackupDone | { type: "failed"; problem: Problem };
