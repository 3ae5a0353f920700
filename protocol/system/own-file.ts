/**
 * Opens and reads the files that liveops processes write. Each must be a regular file of this user:
 * a symbolic link leads somewhere else, a named pipe blocks the reader, and a directory or a socket
 * holds no records.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import { userName } from "./owned-path.js";

/** Flags to read a file. */
const READ = constants.O_RDONLY;

/** Flags to append lines to a file. */
export const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** Flags to create a file: `open` fails with `EEXIST` if the path exists. */
export const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Flags added where the system has them: do not follow a symbolic link, do not wait for a named
 * pipe.
 */
export const SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The path is not a regular file of this user. */
export class IrregularFileError extends Error {
  override name = "IrregularFileError";
  readonly code = "LIVEOPS_IRREGULAR_FILE";
}

/**
 * Opens a regular file of this user. Creates a missing file if `flags` hold `O_CREAT`. If the mode
 * of the file denies access, sets the mode to 0600 first.
 *
 * @param flags flags of open(2); default: `READ`
 * @param mode mode of a created file; default: 0600
 * @returns the file descriptor
 * @throws IrregularFileError if the path is not a regular file of this user; else the system
 *   error (ENOENT, EIO, …)
 */
export function openOwnFile(file: string, flags: number = READ, mode = 0o600): number {
  const fd = openSafely(file, flags, mode);
  try {
    const why = whyIrregular(fstatSync(fd));
    if (why !== null) throw new IrregularFileError(`${file} ${why}`);
    // Truncated only after the owner is checked.
    if ((flags & constants.O_TRUNC) !== 0) ftruncateSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Reads a complete file.
 *
 * @param most maximum size in bytes; default: no limit
 * @throws as `openOwnFile`; IrregularFileError if the file is larger than `most`
 */
export function readOwnFile(file: string, most = Number.POSITIVE_INFINITY): Buffer {
  return readAndClose(openOwnFile(file), file, most);
}

/**
 * As `readOwnFile`, of any user, also through a symbolic link.
 *
 * @throws IrregularFileError if the path is not a regular file, or is larger than `most`; else
 *   the system error
 */
export function readRegularFile(file: string, most: number): Buffer {
  return readAndClose(openSync(file, READ | (constants.O_NONBLOCK ?? 0)), file, most);
}

function readAndClose(fd: number, file: string, most: number): Buffer {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new IrregularFileError(`${file} ${noFile(stats)}`);
    if (stats.size > most)
      throw new IrregularFileError(`${file} has ${stats.size} bytes, more than ${most}`);
    return readAt(fd, 0, stats.size);
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    // An error of `read` names no file.
    if (failed.syscall !== undefined && failed.path === undefined) failed.message += ` '${file}'`;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Reads the bytes from `start` to `end`; returns fewer if the file ends first. */
export function readAt(fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(
      fd,
      bytes,
      length,
      Math.min(bytes.length - length, 2 ** 30),
      start + length,
    );
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Why a file is not a regular file of this user, as the end of a sentence; null if it is. */
export function whyIrregular(stats: Stats): string | null {
  return stats.isFile() ? whyForeign(stats) : noFile(stats);
}

const noFile = (stats: Stats) => `is ${kindOf(stats)}, not a regular file`;

/** Why a file does not belong to this user, as the end of a sentence; null if it does. */
export function whyForeign({ uid }: Stats): string | null {
  const own = process.geteuid?.();
  return own === undefined || uid === own ? null : `belongs to another user (${userName(uid)})`;
}

function openSafely(file: string, flags: number, mode: number): number {
  const open = () => openSync(file, (flags & ~constants.O_TRUNC) | SAFE, mode);
  try {
    return open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!REFUSALS.has(code)) throw error;
    const stats = lstatSync(file, { throwIfNoEntry: false });
    const why = stats === undefined ? null : whyIrregular(stats);
    if (why !== null) throw new IrregularFileError(`${file} ${why}`);
    if (code !== "EACCES" || stats === undefined) throw error;
    chmodSync(file, 0o600);
    return open();
  }
}

/** Errors of `open` that may mean that the path is not a regular file. */
const REFUSALS = new Set<unknown>(["ELOOP", "EMLINK", "ENXIO", "EISDIR", "EOPNOTSUPP", "EACCES"]);

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}
