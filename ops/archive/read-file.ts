/**
 * Reads one file for `backup`, as it is at that moment: never a pipe or a link that took its place, never more bytes
 * than were announced.
 *
 * Small files are read at once and synchronously (a thread-pool round trip costs more than the read), large ones in
 * pieces, so that memory stays flat.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Up to this many bytes a file is small. */
export const SMALL = 128 * 1024;
const PIECE = 256 * 1024;

/** The file was replaced by something that is no file. */
export class NoFile extends Error {}

/** A small file whole: as many bytes as there are, which may differ from any earlier size. */
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

/** A large file, opened; close it. */
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

/** Opens and closes it: whether it can be read, as no look at its permissions can tell. */
export function tryToOpen(path: string): void {
  closeSync(openSync(path, FLAGS));
}

/**
 * Exactly `size` bytes of a file from its beginning: one that has shrunk is filled up with zeros.
 *
 * @param onError - told once where the disk fails to read the file; the rest is zeros then. Default: the error is thrown
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
      // A disk takes seconds over each error: after the first it is not asked again.
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
