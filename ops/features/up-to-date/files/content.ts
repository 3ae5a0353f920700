/**
 * What files contain, as a hash of each. A file whose size, times and inode are as they were is not read again.
 *
 * A file that changed shortly before it was looked at may change again within the same tick of the file system's clock.
 * Its times are not kept, so that it is read the next time.
 */
import { createHash, hash } from "node:crypto";
import { createReadStream, readFileSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";

/** `[size, mtime, ctime, inode, hash]`; times of 0 are never those of a file. `+x` follows the hash of an executable. */
export type FileState = readonly [number, number, number, number, string];

/** By path, as the pattern gave it. */
export type Contents = ReadonlyMap<string, FileState>;

export interface LookOptions {
  cwd: string;
  /** What an earlier look found. */
  known?: Contents | undefined;
  signal: AbortSignal;
  /** The error of a file that cannot be read. */
  fail(path: string, why: string): Error;
}

/** ms: the coarsest clock of a file system has a tick of 2 s. */
export const TICK_MS = 2500;

/** What Node shows of a name that is not UTF-8: nothing has this other name. */
export const NO_UTF8 = "\ufffd";
export const WHY_NO_UTF8 =
  "its name is not UTF-8; rename it, or leave it out with a pattern that begins with !";

/** Bytes of a file that is read at once. */
const MOST_AT_ONCE = 1024 * 1024;

/** ms of work after which others have their turn. */
const SLICE_MS = 20;

/** A path without a regular file is left out. @throws the error of a file that cannot be read */
export async function contentsOf(paths: Iterable<string>, options: LookOptions): Promise<Contents> {
  const { cwd, known, signal, fail } = options;
  const contents = new Map<string, FileState>();
  const now = Date.now();
  let slice = performance.now();
  for (const path of paths) {
    if (performance.now() - slice > SLICE_MS) {
      await turn();
      signal.throwIfAborted();
      slice = performance.now();
    }
    const file = resolve(cwd, path);
    try {
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined && path.includes(NO_UTF8) && !known?.has(path)) throw new Error(WHY_NO_UTF8);
      if (!stat?.isFile()) continue;
      const before = known?.get(path);
      const { size, ino } = stat;
      const isKnown = before !== undefined && isSame(before, stat);
      const isSettled = Math.max(stat.mtimeMs, stat.ctimeMs) < now - TICK_MS;
      const [modified, changed] = isSettled ? [stat.mtimeMs, stat.ctimeMs] : [0, 0];
      const sum = isKnown ? before[4] : (await hashOf(file, size, signal)) + (stat.mode & 0o100 ? "+x" : "");
      contents.set(path, [size, modified, changed, ino, sum]);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw fail(path, (error as Error).message);
    }
  }
  return contents;
}

function isSame([size, modified, changed, inode]: FileState, stat: Stats): boolean {
  return size === stat.size && modified === stat.mtimeMs && changed === stat.ctimeMs && inode === stat.ino;
}

async function hashOf(file: string, size: number, signal: AbortSignal): Promise<string> {
  if (size <= MOST_AT_ONCE) return hash("sha256", readFileSync(file), "base64url");
  const sum = createHash("sha256");
  for await (const part of createReadStream(file, { signal, highWaterMark: MOST_AT_ONCE })) sum.update(part);
  return sum.digest("base64url");
}

/** What differs between two looks. */
export interface Differences {
  changed: readonly string[];
  added: readonly string[];
  gone: readonly string[];
}

export function differences(before: Contents, now: Contents): Differences {
  const [changed, added]: [string[], string[]] = [[], []];
  for (const [path, state] of now) {
    const known = before.get(path);
    if (known === undefined) added.push(path);
    else if (known[4] !== state[4]) changed.push(path);
  }
  return { changed, added, gone: [...before.keys()].filter((path) => !now.has(path)) };
}

/** Whether the second look knows more of the times of a file. */
export function isNewer(before: Contents, now: Contents): boolean {
  return [...now].some(([path, state]) => {
    const known = before.get(path);
    return known === undefined || state.some((value, index) => value !== known[index]);
  });
}
