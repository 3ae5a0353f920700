/** Where an export goes: stdout, or a file that is complete or not there. */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../../protocol/failures.js";
import { newId } from "../../../protocol/id.js";

/** Writes the pieces to stdout, as fast as its reader takes them. */
export async function toStdout(pieces: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
  const { stdout } = process;
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (!stdout.write(piece))
      await new Promise<void>((resolve) => {
        const done = () => {
          stdout.off("drain", done).off("close", done);
          resolve();
        };
        stdout.on("drain", done).on("close", done);
      });
  }
}

/**
 * Writes the pieces to a file, which only this user can read: a temporary file beside it is synced
 * and renamed, so that a crash leaves the old file or the new one.
 *
 * @returns bytes of the file
 * @throws UsageError if the file cannot be written
 */
export async function toFile(
  file: string,
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<number> {
  const target = targetOf(file);
  const temporary = join(dirname(target), `.${basename(target)}.${newId()}.tmp`);
  const fd = attempt(file, () => openSync(temporary, "wx", 0o600));
  const remove = () => rmSync(temporary, { force: true });
  process.once("exit", remove);
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      const buffer = Buffer.from(piece);
      attempt(file, () => writeAll(fd, buffer));
      bytes += buffer.length;
    }
    attempt(file, () => {
      fdatasyncSync(fd);
      renameSync(temporary, target);
      syncDirectory(dirname(target));
    });
  } finally {
    closeSync(fd);
    remove();
    process.off("exit", remove);
  }
  return bytes;
}

/** A write to a disk that is almost full may be short. */
function writeAll(fd: number, buffer: Buffer): void {
  for (let at = 0; at < buffer.length; ) at += writeSync(fd, buffer, at);
}

/**
 * The file behind a symbolic link. A device or a pipe is refused: the rename would replace it by a
 * file.
 */
function targetOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return file;
  if (stat.isDirectory())
    throw new UsageError(
      `${file} is a directory; give the name of a file: -o ${join(file, "run.json")}`,
    );
  if (!stat.isFile())
    throw new UsageError(`${file} is not a regular file; leave out -o to write to stdout`);
  return realpathSync(file);
}

function syncDirectory(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${(error as Error).message}`);
  }
}
