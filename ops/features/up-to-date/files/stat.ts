/**
 * Where a file is. It waits in a thread of the system, because a network file system may never
 * answer: the operation can be stopped meanwhile.
 */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

/** Undefined: there is nothing. @throws the error of the system */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsent(error as NodeJS.ErrnoException)) return undefined;
    throw error;
  }
}

export function isAbsent({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}
