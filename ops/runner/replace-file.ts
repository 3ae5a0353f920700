/** Files that are wholly there or not at all, and still there after a power cut. Used by the daemon's store as well. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { CREATE, openOwnFile } from "../../protocol/own-file.js";

/** Makes the names in a directory durable. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces a file: temp file, fdatasync, rename, directory fsync. On any error the old file stands. */
export function replaceFileSync(file: string, content: string | Buffer): void {
  const temporary = `${file}.tmp`;
  const fd = openNewSync(temporary);
  try {
    writeAllSync(fd, typeof content === "string" ? Buffer.from(content) : content);
    fdatasyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  syncDirectory(dirname(file));
}

/**
 * Makes the temporary file of a replacement. What a crash left in its place is removed; nothing that stands there is
 * written through.
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
 * Writes it all: one write may be short, then throw.
 *
 * @param position - byte of the file; without it, where the last write ended
 */
export function writeAllSync(fd: number, bytes: Buffer, position?: number): void {
  for (let written = 0; written < bytes.length; ) {
    const at = position === undefined ? null : position + written;
    written += writeSync(fd, bytes, written, bytes.length - written, at);
  }
}

const DISK_FULL = new Set<unknown>(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether a write found no room: the disk is full, the user's quota is, or a file may not grow any more. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has((error as NodeJS.ErrnoException | undefined)?.code);
}
