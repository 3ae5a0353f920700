/** Makes a backup while no daemon runs: the state directory's lock keeps daemons from starting meanwhile. */
import { existsSync } from "node:fs";
import { EXIT } from "../../protocol/exit-codes.js";
import { acquireLock } from "../os/kernel-lock.js";
import { checkStateDir } from "../store/directories.js";
import { layoutOf } from "../store/layout.js";
import { lockOwnerOf } from "../store/lock-owner.js";
import { type BackupOptions, backUp, checkBackupTarget } from "./backup.js";
import { asBackupError, BackupError, inUse } from "./backup-error.js";
import { momentOf } from "./copy-state.js";
import type { Manifest } from "./manifest.js";

/** @throws BackupError; the signal's reason if it was aborted */
export async function backUpWithoutDaemon(
  stateDir: string,
  options: Omit<BackupOptions, "moment">,
): Promise<Manifest> {
  try {
    return await backUpLocked(stateDir, options);
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : asBackupError(error);
  }
}

async function backUpLocked(stateDir: string, options: Omit<BackupOptions, "moment">): Promise<Manifest> {
  const layout = layoutOf(stateDir);
  if (!existsSync(layout.version))
    throw new BackupError(
      `there is no state in ${stateDir} to back up; liveopsd start creates the state directory`,
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
    return await backUp({
      ...options,
      moment: async () => ({ moment: momentOf(layout, null, []), counts: null }),
    });
  } finally {
    lock.release();
  }
}
