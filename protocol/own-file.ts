/**
 * Opening files that processes of ours write and read. Each must be a regular file of this user: a symbolic link would
 * lead somewhere else, a named pipe would keep the reader waiting, a directory or a socket holds no records.
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

/** Flags of a file that is read. */
export const READ = constants.O_RDONLY;

/** Flags of a file that lines are appended to. */
export const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** Flags of a file that is made: with anything else in its place, `open` fails with `EEXIST`. */
export const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Where the system has them: a symbolic link in the file's place is not followed, and a named pipe not waited for. */
export const SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Something else than a regular file of this user stands in the place of one. */
export class IrregularFileError extends Error {
  override name = "IrregularFileError";
  readonly code = "LIVEOPS_IRREGULAR_FILE";
}

/**
 * Opens a regular file of this user; makes it where `flags` hold `O_CREAT` and it is missing. A file that this user has
 * no right to open is given mode 0600 first.
 *
 * @param flags of open(2); default: those to read
 * @param mode of a file that is made; default: 0600
 * @returns the file descriptor
 * @throws IrregularFileError where something else stands there; else the error of the system call (ENOENT, EIO, …)
 */
export function openOwnFile(file: string, flags: number = READ, mode = 0o600): number {
  const fd = openSafely(file, flags, mode);
  try {
    const why = whyIrregular(fstatSync(fd));
    if (why !== null) throw new IrregularFileError(`${file} ${why}`);
    // Emptied only once it is known whose it is.
    if ((flags & constants.O_TRUNC) !== 0) ftruncateSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * The whole file.
 *
 * @param most bytes; a longer file is refused. Default: no bound
 * @throws as `openOwnFile`; IrregularFileError where the file is longer than `most`
 */
export function readOwnFile(file: string, most = Number.POSITIVE_INFINITY): Buffer {
  const fd = openOwnFile(file);
  try {
    const { size } = fstatSync(fd);
    if (size > most) throw new IrregularFileError(`${file} has ${size} bytes, more than ${most}`);
    return readAt(fd, 0, size);
  } finally {
    closeSync(fd);
  }
}

/** Bytes of the file from `start` to `end`; fewer where the file ends before. */
export function readAt(fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, Math.min(bytes.length - length, 2 ** 30), start + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Why an object is no regular file of this user, as the end of a sentence; null where it is one. */
export function whyIrregular(stats: Stats): string | null {
  return stats.isFile() ? whyForeign(stats) : `is ${kindOf(stats)}, not a regular file`;
}

/** Why an object is not this user's, as the end of a sentence; null where it is. */
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

/** What `open` refuses some objects with itself. */
const REFUSALS = new Set<unknown>(["ELOOP", "EMLINK", "ENXIO", "EISDIR", "EOPNOTSUPP", "EACCES"]);

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}
