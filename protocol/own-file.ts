/** Opening the files that a process of ours writes: never through a symbolic link, and never another user's. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from "node:fs";
import { userName } from "./owned-path.js";

/** `O_NOFOLLOW`, where the system has it: a symbolic link in the file's place is not followed. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Flags of a file that lines are appended to. */
export const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/**
 * Opens a file that belongs to this user; makes it, mode 0600, where `flags` hold `O_CREAT` and it is missing.
 *
 * @param flags of open(2); default: those to append
 * @returns the file descriptor
 * @throws Error with `code` `ELOOP` for a symbolic link, `EPERM` for another user's file, else the system's error
 */
export function openOwnFile(file: string, flags: number = APPEND): number {
  let fd: number;
  try {
    // Emptied only once it is known whose it is.
    fd = openSync(file, (flags & ~constants.O_TRUNC) | NO_FOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    throw pathError("ELOOP", `${file} is a symbolic link, and nothing is written through one; remove it`);
  }
  const { uid } = fstatSync(fd);
  if (process.geteuid === undefined || uid === process.geteuid()) {
    if ((flags & constants.O_TRUNC) !== 0) ftruncateSync(fd);
    return fd;
  }
  closeSync(fd);
  throw pathError("EPERM", `${file} belongs to another user (${userName(uid)}); remove it`);
}

/** An error with a code of the system's, which a command knows for a place that cannot be used. */
export function pathError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
