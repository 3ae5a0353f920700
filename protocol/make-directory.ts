/** `mkdir -p`. Node's own, asked for a directory below one that takes none (/proc), tries for ever. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes the directory, and its parents where they are missing.
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
