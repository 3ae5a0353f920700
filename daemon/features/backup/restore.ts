/** Replaces a state directory with a backup, after every record in the backup was read and checked. */
import { existsSync, lstatSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { acquireLock, isLocked, type KernelLock } from "../../os/kernel-lock.js";
import { markAsCopy } from "../../recovery/copied-state.js";
import { examine } from "../../recovery/doctor.js";
import { type Finding, scan } from "../../recovery/state-scan.js";
import { type Layout, layoutOf } from "../../store/layout.js";
import { lockOwnerOf } from "../../store/lock-owner.js";
import { putInPlace } from "./backup.js";
import { asBackupError, damaged, inUse, unusable } from "./backup-error.js";
import { type CopyProgress, copyState } from "./copy-state.js";
import { isUnfinished, MANIFEST, type Manifest, measure, readManifest, writeManifest } from "./manifest.js";

interface RestoreOptions {
  /** The backup. */
  from: string;
  /** Must be absent or empty, or with `force` not in use. */
  stateDir: string;
  /** Moves an existing state directory aside. */
  force: boolean;
  /** Restores the intact parts of a damaged backup. */
  acceptDamage: boolean;
  signal: AbortSignal;
  onProgress: (progress: CopyProgress) => void;
}

interface Restored {
  manifest: Manifest;
  /** What the check found. */
  findings: Finding[];
  /** The new path of the previous state directory. */
  replaced: string | null;
  /** The state directory that was backed up, where it is in use: the restored one then counts as its copy. */
  original: string | null;
}

/** @throws BackupError; the signal's reason if it was aborted */
export async function restore(options: RestoreOptions): Promise<Restored> {
  try {
    return await putBack(options);
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : asBackupError(error);
  }
}

async function putBack(options: RestoreOptions): Promise<Restored> {
  const { from, force, signal, onProgress } = options;
  // A state directory behind a symbolic link is replaced at its real path.
  const stateDir = existsSync(options.stateDir) ? realpathSync(options.stateDir) : options.stateDir;
  const manifest = checkBackup(from, options.acceptDamage);
  makeDirectory(dirname(stateDir), 0o700);
  checkApart(from, stateDir);
  const copy = `${stateDir}.restoring`;
  const lock = lockState(stateDir, force);
  try {
    if (!isUnfinished(copy))
      throw unusable(`${copy} exists and is not an unfinished restore; move it away first`);
    await rm(copy, { recursive: true, force: true });
    try {
      await mkdir(copy, { mode: 0o700 });
      writeManifest(copy, { ...manifest, complete: false });
      await copyState({ layout: layoutOf(from), target: copy, hold: null, signal, onProgress });
      // Before `examine`, which repairs what a start would: a backup that loses a record by a repair is damaged.
      if (!options.acceptDamage) refuseDamage(from, scan(layoutOf(copy)));
      const { findings } = await examine(copy);
      if (!options.acceptDamage) refuseDamage(from, findings);
      const original = originalInUse(manifest, stateDir);
      if (original !== null) markAsCopy(layoutOf(copy), original);
      const replaced = moveAside(stateDir);
      await putInPlace(copy, stateDir);
      rmSync(join(stateDir, MANIFEST), { force: true });
      return { manifest, findings, replaced, original: original?.root ?? null };
    } catch (error) {
      await rm(copy, { recursive: true, force: true });
      throw error;
    }
  } finally {
    lock?.release();
  }
}

function checkBackup(dir: string, acceptDamage: boolean): Manifest {
  const stat = lstatSync(dir, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) throw unusable(`${dir} is not a directory; name a backup's directory`);
  // Its queued operations will run as this user.
  if (process.getuid && stat.uid !== process.getuid())
    throw unusable(`${dir} belongs to another user (uid ${stat.uid}); copy it as yourself first`);
  if ((stat.mode & 0o022) !== 0)
    throw unusable(`${dir} may be written by others; check its content, then run: chmod 700 ${dir}`);
  const manifest = readManifest(dir);
  if (!manifest)
    throw unusable(`${dir} is not a backup: it has no readable backup.json; liveops backup makes one`);
  if (!manifest.complete) throw unusable(`${dir} is an unfinished backup; name a finished one`);
  const { files, bytes } = measure(dir);
  if (!acceptDamage && (files !== manifest.files || bytes !== manifest.bytes))
    throw damaged(
      `${dir} was changed after it was written: it has ${files} files of ${bytes} bytes in all, and had ${manifest.files} ` +
        `of ${manifest.bytes} bytes; restore another backup, or its intact parts with --accept-damage`,
    );
  return manifest;
}

function checkApart(from: string, stateDir: string): void {
  const source = `${realpathSync(from)}${sep}`;
  const target = `${join(realpathSync(dirname(stateDir)), basename(stateDir))}${sep}`;
  if (source.startsWith(target) || target.startsWith(source))
    throw unusable(
      `the backup ${from} and the state directory ${stateDir} overlap: one contains the other; move the backup, or choose another --state-dir`,
    );
}

/** The lock of the existing state directory; null if there is none, or it is empty. */
function lockState(stateDir: string, force: boolean): KernelLock | null {
  if (!existsSync(stateDir)) return null;
  if (!statSync(stateDir).isDirectory()) throw unusable(`${stateDir} is not a directory`);
  if (readdirSync(stateDir).length === 0) return null;
  const layout = layoutOf(stateDir);
  // Checked first: without --force nothing in the directory is touched.
  if (isLocked(layout.lock)) throw inUse(usedBy(layout));
  if (!force)
    throw unusable(`the state directory ${stateDir} is not empty; liveops restore --force moves it aside`);
  const lock = acquireLock(layout.lock);
  if (!lock) throw inUse(usedBy(layout));
  const live = liveWorkers(layout);
  if (live === 0) return lock;
  lock.release();
  throw inUse(
    `${live} running ${live === 1 ? "operation belongs" : "operations belong"} to the state directory ${stateDir}; ` +
      "to end them, run liveops start, then liveops stop --now",
  );
}

/** The state directory that was backed up, if a daemon or running operations use it and it is not replaced. */
function originalInUse({ stateDir }: Manifest, target: string): Layout | null {
  const layout = layoutOf(stateDir);
  const isReplaced = existsSync(stateDir) && existsSync(target) && realpathSync(stateDir) === target;
  if (isReplaced || !(isLocked(layout.lock) || liveWorkers(layout) > 0)) return null;
  return layout;
}

function usedBy(layout: Layout): string {
  const owner = lockOwnerOf(layout);
  const pid = owner ? ` (pid ${owner.pid})` : "";
  return `a daemon${pid} uses the state directory ${layout.root}; run liveops stop first`;
}

function liveWorkers({ workers }: Layout): number {
  if (!existsSync(workers)) return 0;
  return readdirSync(workers).filter((name) => name.endsWith(".lock") && isLocked(join(workers, name)))
    .length;
}

function refuseDamage(from: string, findings: Finding[]): void {
  const found = findings.filter(({ state }) => state === "damaged");
  if (found.length === 0) return;
  throw damaged(
    `${from} is damaged, nothing was restored: ${found.map(({ what }) => what).join("; ")}; ` +
      "--accept-damage restores the intact parts",
  );
}

/** Returns the new path; null if the directory was missing or empty. */
function moveAside(stateDir: string): string | null {
  if (!existsSync(stateDir) || readdirSync(stateDir).length === 0) return null;
  for (let n = 1; ; n++) {
    const aside = `${stateDir}.replaced-${n}`;
    if (existsSync(aside)) continue;
    renameSync(stateDir, aside);
    return aside;
  }
}
