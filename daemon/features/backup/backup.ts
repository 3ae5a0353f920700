/** Backs up a state directory into a new directory, which appears complete or not at all. */
import { existsSync, lstatSync, readdirSync, realpathSync, rmdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, sep } from "node:path";
import { Refusal } from "../../../protocol/errors.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { VERSION } from "../../../protocol/version.js";
import type { Counts } from "../../../protocol/watch.js";
import { acquireLock } from "../../os/kernel-lock.js";
import { checkStateDir } from "../../store/directories.js";
import { isDiskFull } from "../../store/durable-file.js";
import type { StoreHold } from "../../store/hold.js";
import { type Layout, layoutOf } from "../../store/layout.js";
import { lockOwnerOf } from "../../store/lock-owner.js";
import { asBackupError, BackupError, inUse } from "./backup-error.js";
import { type CopyProgress, copyState, sync } from "./copy-state.js";
import { isUnfinished, type Manifest, measure, writeManifest } from "./manifest.js";

interface BackupOptions {
  /** Absolute path. Must be absent, or an empty directory. */
  dir: string;
  signal: AbortSignal;
  onProgress: (progress: CopyProgress) => void;
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
 * @param hold fixes the moment that is copied; called once the target is known to be usable
 * @throws Refusal LIVEOPS_BACKUP_TARGET, LIVEOPS_BACKUP_FAILED; the signal's reason if it was aborted
 */
export async function backUp(
  layout: Layout,
  { dir, signal, onProgress }: BackupOptions,
  hold: () => Promise<{ hold: StoreHold | null; counts: Counts | null }>,
): Promise<Manifest> {
  const partial = partialOf(dir);
  await rm(partial, { recursive: true, force: true });
  const moment = await hold();
  const started: Manifest = {
    complete: false,
    version: VERSION,
    at: new Date().toISOString(),
    stateDir: layout.root,
    counts: moment.counts,
    files: 0,
    bytes: 0,
  };
  try {
    await mkdir(partial, { mode: 0o700 });
    writeManifest(partial, started);
    await copyState({ layout, target: partial, hold: moment.hold, signal, onProgress });
    const manifest = { ...started, complete: true, ...measure(partial) };
    writeManifest(partial, manifest);
    await putInPlace(partial, dir);
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (signal.aborted) throw signal.reason;
    throw failed(dir, error as Error);
  } finally {
    moment.hold?.release();
  }
}

/**
 * Makes a backup while no daemon runs: the lock of the state directory keeps daemons from starting meanwhile.
 *
 * @throws BackupError; the signal's reason if it was aborted
 */
export async function backUpWithoutDaemon(stateDir: string, options: BackupOptions): Promise<Manifest> {
  try {
    return await backUpLocked(layoutOf(stateDir), options);
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : asBackupError(error);
  }
}

async function backUpLocked(layout: Layout, options: BackupOptions): Promise<Manifest> {
  const stateDir = layout.root;
  if (!existsSync(layout.version))
    throw new BackupError(
      `there is no state in ${stateDir} to back up; liveops start creates the state directory`,
      EXIT.notFound,
    );
  checkStateDir(layout);
  const lock = acquireLock(layout.lock);
  if (!lock) {
    const owner = lockOwnerOf(layout);
    const who = owner ? `pid ${owner.pid}, socket ${owner.socket}` : "its socket is not known";
    throw inUse(
      `a daemon uses the state directory ${stateDir} (${who}) and does not answer here; name its socket with --socket`,
    );
  }
  try {
    checkBackupTarget(options.dir, stateDir);
    return await backUp(layout, options, async () => ({ hold: null, counts: null }));
  } finally {
    lock.release();
  }
}

/** Renames a directory to its final name and makes the name durable. */
export async function putInPlace(from: string, to: string): Promise<void> {
  if (existsSync(to)) rmdirSync(to);
  await rename(from, to);
  await sync(dirname(to));
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
    `nothing was left in ${dir}: ${what}, then run liveops backup again`,
  );
}
