/** Atomic and durable file replacement: after a power cut a file is complete or unchanged. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isDiskFull } from "../../protocol/system/replace-file.js";

export {
  isDiskFull,
  replaceFileSync,
  syncDirectory,
  writeAllSync,
} from "../../protocol/system/replace-file.js";

/**
 * As `replaceFileSync`, off the event loop: `write` fills the new file in any number of writes.
 *
 * @param then - called when the new file is durable, before it takes the place of the old one.
 *   Default: nothing
 */
export async function replaceFile(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
  then: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    await fill(await openNew(temporary), write);
    await then();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncNames(dirname(file));
}

async function fill(
  handle: FileHandle,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await write(handle);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** As `makeDurableDirectory` of `replace-file.ts`, off the event loop. */
export async function makeDurableDirectory(dir: string): Promise<void> {
  if ((await mkdir(dir, { recursive: true, mode: 0o700 })) === undefined) return;
  const parent = dirname(dir);
  for (const changed of [parent, dirname(parent)]) await syncNames(changed);
}

/** As `syncDirectory`, off the event loop. */
async function syncNames(path: string): Promise<void> {
  const dir = await open(path, "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/**
 * Replaces a file that may be lost or empty after a power cut. A link in the place of either name
 * is not followed.
 */
export function replaceFileUnsynced(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
  renameSync(temporary, file);
}

/** For files that do no harm where they stay: their directory may be gone, or read-only. */
export function removeIfPossible(...files: string[]): void {
  for (const file of files) {
    try {
      rmSync(file, { force: true });
    } catch {
      // It stays.
    }
  }
}

/**
 * Creates the temporary file of a replacement. A leftover of a crash is removed; an existing link
 * is never written through.
 */
async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  await rm(file);
  return open(file, "wx", 0o600);
}

/**
 * Whether the process or the machine has no free descriptor or memory: that says nothing about the
 * file.
 */
export function isShortage(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOMEM"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/**
 * Whether the disk failed, or no descriptor or memory is free, wherever the call was made: it is no
 * bug.
 */
export function isOfSystem(error: unknown): boolean {
  return (
    isShortage(error) || ["EIO", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")
  );
}

/**
 * Whether the file system failed. A temporary shortage (room on the disk, descriptors, memory) is
 * no failure: the file is unchanged, and the same call may succeed later.
 */
export function isIoError(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall !== undefined && !isDiskFull(error) && !isShortage(error);
}
