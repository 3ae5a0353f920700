/** Why a backup or a restore failed, with the exit code that tells it. */
import { exitCodeOfStatus, Refusal } from "../../protocol/errors.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import { PlaceError } from "../store/directories.js";
import { isDiskFull } from "../store/durable-file.js";

export class BackupError extends Error {
  override name = "BackupError";
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}

/** A place that cannot be used for it. */
export function unusable(message: string): BackupError {
  return new BackupError(message, EXIT.usage);
}

/** The state directory is in use. */
export function inUse(message: string): BackupError {
  return new BackupError(message, EXIT.refused);
}

/** The backup is not whole, or holds damage. */
export function damaged(message: string): BackupError {
  return new BackupError(message, EXIT.failed);
}

/** Errors of the file system and refusals as what they mean for the command; others as they are. */
export function asBackupError(error: unknown): unknown {
  if (error instanceof Refusal)
    return new BackupError(`${error.summary}: ${error.message}`, exitCodeOfStatus(error.status));
  if (error instanceof PlaceError) return unusable(error.message);
  if (isDiskFull(error)) return new BackupError("the disk is full; make room and try again", EXIT.refused);
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return code !== undefined && syscall !== undefined ? unusable(message) : error;
}
