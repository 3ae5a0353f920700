/** The directories that were read to find files: as long as they are as they were, the same patterns match the same files. */
import { statSync } from "node:fs";
import { TICK_MS } from "./content.js";

/** `[path, mtime, ctime, inode]` of each directory. */
export type Walk = ReadonlyArray<DirectoryState>;
type DirectoryState = readonly [string, number, number, number];

/** Null: it is gone, or changed so lately that a change in the same tick of the clock would not show. */
export function directoryState(path: string): DirectoryState | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory() || Math.max(stat.mtimeMs, stat.ctimeMs) >= Date.now() - TICK_MS) return null;
  return [path, stat.mtimeMs, stat.ctimeMs, stat.ino];
}

export function isAsWalked(walk: Walk): boolean {
  return walk.every(([path, modified, changed, inode]) => {
    try {
      const stat = statSync(path);
      return stat.mtimeMs === modified && stat.ctimeMs === changed && stat.ino === inode;
    } catch {
      return false;
    }
  });
}
