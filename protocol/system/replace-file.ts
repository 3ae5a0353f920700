/** Replaces files atomically and durably. Also used by the daemon's store. */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { CREATE, openOwnFile } from "./own-file.js";

/** Makes the entries of a directory durable. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Creates a directory, and its parent if it is missing; makes both names durable. */
export function makeDurableDirectory(dir: string): void {
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) === undefined) return;
  const parent = dirname(dir);
  for (const changed of [parent, dirname(parent)]) syncDirectory(changed);
}

/**
 * Replaces a file: temporary file, fdatasync, rename, fsync of the directory. After an error, the
 * old file remains.
 */
export function replaceFileSync(file: string, content: string | Buffer): void {
  const temporary = `${file}.tmp`;
  try {
    fillSync(openNewSync(temporary), content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}

function fillSync(fd: number, content: string | Buffer): void {
  try {
    writeAllSync(fd, typeof content === "string" ? Buffer.from(content) : content);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Creates the temporary file of a replacement. Removes an existing file, which a crash left, and
 * never writes into it.
 */
function openNewSync(file: string): number {
  try {
    return openOwnFile(file, CREATE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  rmSync(file);
  return openOwnFile(file, CREATE);
}

/**
 * Writes all bytes; repeats short writes.
 *
 * @param position - offset in the file. Default: the end of the last write
 */
export function writeAllSync(fd: number, bytes: Buffer, position?: number): void {
  for (let written = 0; written < bytes.length; ) {
    const at = position === undefined ? null : position + written;
    written += writeSync(fd, bytes, written, bytes.length - written, at);
  }
}

const { ENOSPC, EDQUOT, EFBIG } = constants.errno;
// Node has no name for EDQUOT: the code of such an error is "Unknown system error -122".
const DISK_FULL = new Set<unknown>([-ENOSPC, -EDQUOT, -EFBIG]);

/**
 * Whether a write failed for lack of space: a full disk, a full quota, or the maximum file size.
 */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has((error as NodeJS.ErrnoException | undefined)?.errno);
}
