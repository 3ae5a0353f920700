/**
 * Which version of liveops runs what: the daemon, the package on the disk, and the workers of
 * running operations.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DaemonReply } from "../../protocol/replies.js";
import { packageOf, versionIn } from "../../protocol/system/package-place.js";
import { VERSION } from "../../protocol/version.js";
import type { Run } from "../store/decision.js";

/** Found when the daemon starts: the package may be removed later. */
const OWN_PACKAGE = packageOf(fileURLToPath(import.meta.url)) ?? "";

/** What the manifest was when it was read last, and the version that it had. */
let known: { identity: string; version: string | null } | null = null;

function installedVersion(): string | null {
  const stat = statSync(join(OWN_PACKAGE, "package.json"), { throwIfNoEntry: false });
  const identity = stat === undefined ? "" : `${stat.dev}:${stat.ino}:${stat.mtimeMs}`;
  if (known?.identity !== identity) known = { identity, version: versionIn(OWN_PACKAGE) };
  return known.version;
}

/**
 * Why this daemon may start no more operations; null if it may. A worker loads files of the package
 * when they are needed, and those of another version are not the ones that it knows.
 */
export function whyPackageHolds(): string | null {
  const version = installedVersion();
  if (OWN_PACKAGE === "" || version === VERSION) return null;
  const what =
    version === null
      ? `the package ${OWN_PACKAGE} was removed`
      : `liveops ${version} took the place of ${VERSION} in ${OWN_PACKAGE}`;
  return `${what}; run: liveops restart`;
}

/** The package of this daemon, and the version that is installed in its place now. */
export function ownPackage(): DaemonReply["package"] {
  return { dir: OWN_PACKAGE, installed: installedVersion() };
}

/** The versions of the workers that run operations, each with the number of these. */
export function workerVersions(
  runs: Iterable<Pick<Run, "worker">>,
): DaemonReply["workers"]["versions"] {
  const counts = new Map<string, number>();
  for (const { worker } of runs) {
    if (worker.version !== undefined)
      counts.set(worker.version, (counts.get(worker.version) ?? 0) + 1);
  }
  return [...counts].map(([version, operations]) => ({ version, operations }));
}
