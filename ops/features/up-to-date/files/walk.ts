/**
 * The directories that were read to find files: as long as they are as they were, the same patterns
 * match the same files.
 */

import { TICK_MS } from "./content.js";
import { statOf } from "./stat.js";

/** `[path, mtime, ctime, inode]` of each directory. */
export type Walk = ReadonlyArray<DirectoryState>;
type DirectoryState = readonly [string, number, number, number];

/**
 * Null: it is gone, or changed so lately that a change in the same tick of the clock would not
 * show.
 */
export async function directoryState(path: string): Promise<DirectoryState | null> {
  const stat = await statOf(path);
  if (!stat?.isDirectory() || Math.max(stat.mtimeMs, stat.ctimeMs) >= Date.now() - TICK_MS)
    return null;
  return [path, stat.mtimeMs, stat.ctimeMs, stat.ino];
}

export async function isAsWalked(walk: Walk): Promise<boolean> {
  const same = walk.map(async ([path, modified, changed, inode]) => {
    const stat = await statOf(path).catch(() => undefined);
    return stat?.mtimeMs === modified && stat.ctimeMs === changed && stat.ino === inode;
  });
  return (await Promise.all(same)).every(Boolean);
}
