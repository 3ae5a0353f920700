/** Makes directories: any, and those of the cache, which must belong to this user since their files are executed. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { pathProblem } from "./owned-path.js";

/**
 * Makes the directory, and its parents where they are missing. Node's own recursive mkdir never returns below a
 * directory that takes none (/proc).
 *
 * @param mode of those that are made
 * @throws the error of the system call; EEXIST where something else stands in its place
 */
export function makeDirectory(dir: string, mode = 0o777): void {
  if (isDirectory(dir)) return;
  if (dirname(dir) !== dir) makeDirectory(dirname(dir), mode);
  try {
    mkdirSync(dir, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isDirectory(dir)) throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // Whoever may not look is told so by the attempt to make it.
    return false;
  }
}

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
