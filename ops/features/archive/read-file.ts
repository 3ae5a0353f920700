/**
 * Reads one file for `backup`: never follows a link or a pipe that replaced the file, and never reads more than the
 * announced size.
 *
 * Small files are read synchronously, because a thread-pool round trip costs more than the read. Large files are read
 * in pieces, so that memory use stays constant.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Maximum size of a small file in bytes. */
export const SMALL = 128 * 1024;
const PIECE = 256 * 1024;

/** The path is not a regular file any more. */
export class NoFile extends Error {}

/** Reads a complete small file, whose size may differ from an earlier stat. Null if the file is not small. */
export function readSmall(path: string): { stat: Stats; bytes: Buffer; changed: boolean } | null {
  const fd = openSync(path, FLAGS);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new NoFile(path);
    if (stat.size > SMALL) return null;
    const buffer = Buffer.allocUnsafe(stat.size);
    let length = 0;
    while (length < stat.size) {
      const read = readSync(fd, buffer, length, stat.size - length, null);
      if (read === 0) break;
      length += read;
    }
    return { stat, bytes: buffer.subarray(0, length), changed: differs(stat, fstatSync(fd)) };
  } finally {
    closeSync(fd);
  }
}

/** Opens a large file. The caller closes it. */
export async function openLarge(path: string): Promise<{ handle: FileHandle; stat: Stats }> {
  const handle = await open(path, FLAGS);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new NoFile(path);
    return { handle, stat };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens and closes the file; throws if it cannot be read. A check of the permissions would not be enough. */
export function tryToOpen(path: string): void {
  closeSync(openSync(path, FLAGS));
}

/**
 * Reads exactly `size` bytes from the start of a file. A file that has shrunk is filled with zeros.
 *
 * @param onError - called once at a read error; zeros follow then. Default: the error is thrown
 */
export async function* readPieces(
  handle: Pick<FileHandle, "read">,
  size: number,
  onError?: (error: NodeJS.ErrnoException, at: number) => void,
): AsyncGenerator<Buffer> {
  let failed = false;
  for (let at = 0; at < size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, size - at));
    let bytesRead = 0;
    try {
      // Not read again after the first error, because a disk takes seconds for each error.
      if (!failed) ({ bytesRead } = await handle.read(buffer, 0, buffer.length, at));
    } catch (error) {
      if (!onError) throw error;
      failed = true;
      onError(error as NodeJS.ErrnoException, at);
    }
    const piece = bytesRead === 0 ? buffer.fill(0) : buffer.subarray(0, bytesRead);
    yield piece;
    at += piece.length;
  }
}

export function differs(before: Stats, after: Stats): boolean {
  return before.size !== after.size || before.mtimeMs !== after.mtimeMs;
}
