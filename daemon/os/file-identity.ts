/**
 * Identifies the file or directory that has a name now, by device and inode. The identity changes
 * when the file is removed and made again, by a cleaner or by another daemon.
 */
import { statSync } from "node:fs";

export interface FileIdentity {
  dev: number;
  ino: number;
}

/** Null if nothing has the name, or it cannot be read. */
export function identityOf(path: string): FileIdentity | null {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? { dev: stat.dev, ino: stat.ino } : null;
  } catch {
    return null;
  }
}

/** Whether the name still belongs to this file or directory. */
export function isFile(path: string, { dev, ino }: FileIdentity): boolean {
  const now = identityOf(path);
  return now !== null && now.dev === dev && now.ino === ino;
}
