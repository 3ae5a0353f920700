/** Where the package of a command or a daemon is installed, and why a service should not run it from there. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** The directory of the package that has this script, such as `dist/bin/liveopsd.cjs`; null if there is none. */
export function packageOf(script: string): string | null {
  try {
    for (let dir = dirname(realpathSync(script)); ; dir = dirname(dir)) {
      if (existsSync(join(dir, "package.json"))) return dir;
      if (dir === dirname(dir)) return null;
    }
  } catch {
    return null;
  }
}

/** The version of a package that is installed in this directory; null if there is none. */
export function versionIn(dir: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}

/** Why a service may lose this package; null if it is installed to stay. */
export function placeWarning(dir: string): string | null {
  if (/[\\/]_npx[\\/]/.test(dir))
    return `the service runs liveops from the cache of npx (${dir}), which npm may clean; install liveops to keep it: npm install -g liveops, then: liveopsd install`;
  if (existsSync(join(dir, ".git")))
    return `the service runs liveops from a checkout (${dir}): each build and each git switch changes the daemon of the next start`;
  return null;
}
