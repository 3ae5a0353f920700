/**
 * Builds dist/ before a test run where a source is newer, because workers, loaders and bins run
 * from dist/.
 *
 * `LIVEOPS_NO_BUILD=1` tests the present dist/. Two runs at once build one after the other. The
 * kernel holds the lock, so a killed run leaves no lock behind.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { acquireLock } from "../../daemon/os/kernel-lock.js";
import { until } from "../../protocol/system/until.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Allows for a queue of builds on a busy machine; one build takes some seconds. */
const OTHERS_MS = 120_000;

export default async function buildWhenStale(): Promise<void> {
  if (process.env.LIVEOPS_NO_BUILD) return;
  const lock = await until(
    () => acquireLock(join(root, "node_modules/.liveops-build.lock")),
    OTHERS_MS,
  );
  if (!lock)
    throw new Error(
      "another build of dist/ still holds the lock; end that build and run the tests again",
    );
  try {
    execFileSync(process.execPath, ["scripts/build.mjs", "--if-stale"], {
      cwd: root,
      stdio: "inherit",
    });
  } finally {
    lock.release();
  }
}
