/** Files that are wholly there or not at all, and still there after a power cut. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

export { replaceFileSync, syncDirectory, writeAllSync } from "../../ops/api/replace-file.js";

/** As `replaceFileSync`, off the event loop. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, "w", 0o600);
    await handle.writeFile(text);
    await handle.datasync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle?.close();
  }
  await rename(temporary, file);
  const dir = await open(dirname(file), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** Whether the disk, or its owner's share of it, is full. */
export function isNoSpace(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}
