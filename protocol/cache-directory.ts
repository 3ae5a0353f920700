/** Directories of the cache, this user's alone. What stands in them is run: nobody else may have put it there. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { pathProblem } from "./owned-path.js";

/**
 * Makes the directory, mode 0700, with the two above it where they are missing.
 *
 * @returns false where that cannot be, or where another user could write there: go without a cache
 */
export function makeCacheDirectory(dir: string): boolean {
  try {
    // One after the other: asked for all at once below /proc, Node tries for ever.
    for (const each of [dirname(dirname(dir)), dirname(dir), dir])
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 });
    return pathProblem(dir) === null;
  } catch {
    return false;
  }
}
