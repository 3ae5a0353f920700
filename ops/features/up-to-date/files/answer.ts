/**
 * Reads of files that stages name. They wait in threads of the system, because a network file system may never answer:
 * the operation can be stopped meanwhile.
 */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

/** ms in which a file system has to answer. */
const MOST_MS = 60_000;

/** @throws Error where there is no answer in time */
export function answered<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () => reject(new Error(`the file system has not answered for ${MOST_MS / 1000} s`));
  const timer = setTimeout(late, MOST_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Undefined: there is nothing. @throws the error of the system */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await answered(stat(path));
  } catch (error) {
    if (isAbsent(error as NodeJS.ErrnoException)) return undefined;
    throw error;
  }
}

export function isAbsent({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}
