/** Why a backup or a restore failed, with the exit code of the command. */
import { exitCodeOfStatus, Refusal } from "../../../protocol/errors.js";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.js";
import { PlaceError } from "../../store/directories.js";
import { isDiskFull } from "../../store/durable-file.js";

export class BackupError extends Error {
  override name = "BackupError";
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}

/** A directory that cannot be used. */
export function unusable(message: string): BackupError {
  return new BackupError(message, EXIT.usage);
}

/** The state directory is in use. */
export function inUse(message: string): BackupError {
  return new BackupError(message, EXIT.refused);
}

/** The backup is incomplete or damaged. */
export function damaged(message: string): BackupError {
  return new BackupError(message, EXIT.failed);
}

/** Turns errors of the file system and refusals into errors of the command; returns others unchanged. */
export function asBackupError(error: unknown): unknown {
  if (error instanceof Refusal)
    return new BackupError(`${error.summary}: ${error.message}`, exitCodeOfStatus(error.status));
  if (error instanceof PlaceError) return unusable(error.message);
  if (isDiskFull(error))
    return new BackupError("the disk is full; free some disk space, then try again", EXIT.refused);
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return code !== undefined && syscall !== undefined ? unusable(message) : error;
}
