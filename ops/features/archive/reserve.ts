/**
 * Reserves the names of a new archive and its manifest in the target directory, and renames both when they are
 * complete.
 *
 * The manifest is renamed first, so that an archive with its final name always has a manifest. Until then both are
 * hidden partial files, which `discard` removes.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { archiveFile, manifestFile, partialFile, stampOf } from "./naming.js";

export interface Reserved {
  /** The archive, opened for writing and reading; closed by `commit` and `discard`. */
  handle: FileHandle;
  archive: string;
  manifest: string;
  partialArchive: string;
  partialManifest: string;
}

/** Two backups of one name in the same millisecond get different stamps. */
export async function reserve(directory: string, name: string, now: Date): Promise<Reserved> {
  for (let time = now.getTime(); ; time++) {
    const file = archiveFile(name, stampOf(new Date(time)));
    const partialArchive = join(directory, partialFile(file));
    const handle = await open(partialArchive, "wx+", 0o600).catch((error) => {
      if (error.code === "EEXIST") return null;
      throw error;
    });
    if (!handle) continue;
    const archive = join(directory, file);
    if (!existsSync(archive)) {
      const manifest = manifestFile(archive);
      const partialManifest = join(directory, partialFile(basename(manifest)));
      return { handle, archive, manifest, partialArchive, partialManifest };
    }
    await handle.close();
    rmSync(partialArchive);
  }
}

/** Renames both files, which must be synced. After this they survive a power cut under their final names. */
export async function commit(reserved: Reserved, directory: string): Promise<void> {
  await reserved.handle.close();
  renameSync(reserved.partialManifest, reserved.manifest);
  try {
    renameSync(reserved.partialArchive, reserved.archive);
  } catch (error) {
    rmSync(reserved.manifest, { force: true });
    throw error;
  }
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export async function discard(reserved: Reserved): Promise<void> {
  await reserved.handle.close().catch(() => {});
  for (const file of [reserved.partialArchive, reserved.partialManifest]) rmSync(file, { force: true });
}

/** Existing partial files of this name, from a running or a killed backup. */
export function leftovers(directory: string, name: string): string[] {
  return readdirSync(directory).filter((file) => file.startsWith(`.${name}-`) && file.endsWith(".partial"));
}
