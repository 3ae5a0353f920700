/**
 * Before a test run: builds dist/ where a source is newer, since workers, loaders and bins are run from there.
 *
 * `LIVEOPS_NO_BUILD=1` tests the dist/ that is there. Two runs at once build one after the other; the lock is the
 * kernel's, so a killed run leaves none behind.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { acquireLock } from "../../daemon/os/kernel-lock.js";
import { until } from "../../daemon/os/until.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A build takes some seconds; a queue of them, on a busy machine, more. */
const OTHERS_MS = 120_000;

export default async function buildWhenStale(): Promise<void> {
  if (process.env.LIVEOPS_NO_BUILD) return;
  const lock = await until(() => acquireLock(join(root, "node_modules/.liveops-build.lock")), OTHERS_MS);
  if (!lock) throw new Error("another build of dist/ does not end");
  try {
    execFileSync(process.execPath, ["scripts/build.mjs", "--if-stale"], { cwd: root, stdio: "inherit" });
  } finally {
    lock.release();
  }
}
