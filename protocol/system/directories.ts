/**
 * Creates directories. Cache directories must belong to this user, because their files are
 * executed.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { pathProblem } from "./owned-path.js";

/**
 * Creates the directory and its missing parents. Node's recursive mkdir never returns below a
 * directory that accepts no entries (/proc).
 *
 * @param mode mode of the created directories
 * @throws the system error; EEXIST if the path exists and is not a directory
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
    // Without permission to stat the path, mkdir reports the error.
    return false;
  }
}

/**
 * Creates the directory with mode 0700, and its parent and grandparent if they are missing.
 *
 * @returns false if that fails or another user could write to the directory; use no cache then
 */
export function makeCacheDirectory(dir: string): boolean {
  try {
    // One at a time, because a recursive mkdir below /proc never returns.
    for (const each of [dirname(dirname(dir)), dirname(dir), dir])
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 });
    return pathProblem(dir) === null;
  } catch {
    return false;
  }
}
