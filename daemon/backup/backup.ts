/** Backs up a state directory into a new directory, which appears complete or not at all. */
import { existsSync, lstatSync, readdirSync, realpathSync, rmdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, sep } from "node:path";
import { Refusal } from "../../protocol/errors.js";
import { makeDirectory } from "../../protocol/system/directories.js";
import { VERSION } from "../../protocol/version.js";
import type { Counts } from "../../protocol/watch.js";
import { isDiskFull } from "../store/durable-file.js";
import { BackupWriter, type CopyProgress } from "./backup-writer.js";
import { closeMoment, copyState, type StateMoment } from "./copy-state.js";
import { isUnfinished, type Manifest, writeManifest } from "./manifest.js";

export interface BackupOptions {
  /** Absolute path. Must be absent, or an empty directory. */
  dir: string;
  signal: AbortSignal;
  onProgress: (progress: CopyProgress) => void;
  /** Fixes the moment that is copied; called once the target is known to be usable. */
  moment: () => Promise<{ moment: StateMoment; counts: Counts | null }>;
}

/**
 * Checks that a backup can be written to the directory, and makes its parent.
 *
 * @throws Refusal LIVEOPS_BACKUP_TARGET if the directory cannot take a backup
 */
export function checkBackupTarget(dir: string, stateDir: string): void {
  const refuse = (why: string): never => {
    throw new Refusal("LIVEOPS_BACKUP_TARGET", `${dir} ${why}; name a new directory`);
  };
  if (!isAbsolute(dir) || dir.includes("\0")) refuse("is not an absolute path");
  try {
    if (lstatSync(dir, { throwIfNoEntry: false })?.isSymbolicLink()) refuse("is a symbolic link");
    if (existsSync(dir) && readdirSync(dir).length > 0) refuse("is not empty");
    makeDirectory(dirname(dir), 0o700);
    const parent = realpathSync(dirname(dir));
    if (`${join(parent, basename(dir))}${sep}`.startsWith(`${realpathSync(stateDir)}${sep}`))
      refuse("is inside the state directory");
    const partial = partialOf(dir);
    if (!isUnfinished(partial))
      refuse(`cannot be written: ${partial} exists and is not an unfinished backup`);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    refuse(`cannot be used: ${(error as Error).message}`);
  }
}

/**
 * @throws Refusal LIVEOPS_BACKUP_TARGET, LIVEOPS_BACKUP_FAILED; the signal's reason if it was aborted
 */
export async function backUp(options: BackupOptions): Promise<Manifest> {
  const { dir, signal, onProgress } = options;
  const partial = partialOf(dir);
  await rm(partial, { recursive: true, force: true });
  const { moment, counts } = await options.moment();
  const stateDir = moment.layout.root;
  const at = new Date().toISOString();
  try {
    const writer = new BackupWriter(partial, signal, onProgress);
    await writer.makeDirectory("");
    const started: Manifest = { complete: false, version: VERSION, at, stateDir, counts, files: 0, bytes: 0 };
    writeManifest(partial, started);
    await copyState(moment, writer);
    await writer.syncDirectories();
    const manifest = { ...started, complete: true, ...writer.progress };
    writeManifest(partial, manifest);
    await putInPlace(partial, dir);
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (signal.aborted) throw signal.reason;
    throw failed(dir, error as Error);
  } finally {
    closeMoment(moment);
    moment.hold?.release();
  }
}

/** Renames a directory to its final name and makes the name durable. */
export async function putInPlace(from: string, to: string): Promise<void> {
  if (existsSync(to)) rmdirSync(to);
  await rename(from, to);
  const parent = await open(dirname(to), "r");
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** Where a backup is written before it is renamed. */
function partialOf(dir: string): string {
  return `${dir}.partial`;
}

function failed(dir: string, error: Error): Refusal {
  if (error instanceof Refusal) return error;
  const what = isDiskFull(error)
    ? "its disk is full; free some space there"
    : `${error.message}; resolve this`;
  return new Refusal(
    "LIVEOPS_BACKUP_FAILED",
    `nothing was left in ${dir}: ${what}, then run liveopsd backup again`,
  );
}
