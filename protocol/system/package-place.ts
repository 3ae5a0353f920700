/** Where the package of a command or a daemon is installed. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * The directory of the package that has this script, such as `dist/bin/liveopsd.cjs`; null if there
 * is none.
 */
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
    const { version } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as {
      version?: unknown;
    };
    return typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}

/**
 * The script of `liveopsd` beside the script of a command. A link is kept: an upgrade changes where
 * it leads.
 */
export function daemonScript(script: string): string {
  const path = resolve(script);
  const beside = join(dirname(path), basename(path).replace(/^liveops(?=$|\.)/, "liveopsd"));
  return existsSync(beside) ? beside : join(dirname(realpathSync(script)), "liveopsd.cjs");
}
