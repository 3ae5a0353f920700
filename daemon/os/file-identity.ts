/**
 * Which file or directory has a name now: device and inode. A name whose file was removed and made again, by a cleaner
 * or by another daemon, has another one.
 */
import { statSync } from "node:fs";

export interface FileIdentity {
  dev: number;
  ino: number;
}

/** Null where nothing has the name, or it cannot be looked at. */
export function identityOf(path: string): FileIdentity | null {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? { dev: stat.dev, ino: stat.ino } : null;
  } catch {
    return null;
  }
}

/** Whether the name is still that of this file or directory. */
export function isFile(path: string, { dev, ino }: FileIdentity): boolean {
  const now = identityOf(path);
  return now !== null && now.dev === dev && now.ino === ino;
}
