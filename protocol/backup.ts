/** Lines of `POST /v1/daemon/backup`: progress; the last line is `done` or `failed`. */
import type { Problem } from "./errors.js";

export interface BackupProgress {
  type: "progress";
  files: number;
  bytes: number;
}

export interface BackupDone {
  type: "done";
  dir: string;
  /** Time of the state in the backup; ISO 8601. */
  at: string;
  files: number;
  bytes: number;
}

export type BackupLine = BackupProgress | BackupDone | { type: "failed"; problem: Problem };
