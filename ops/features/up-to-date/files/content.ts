/**
 * What files contain, as a hash of each. A file whose size, times and inode are as they were is not
 * read again.
 *
 * A file that changed shortly before it was looked at may change again within the same tick of the
 * file system's clock. Its times are not kept, so that it is read the next time.
 */
import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { NO_UTF8 } from "../../../pipeline/limits.js";
import { statOf } from "./stat.js";

/**
 * `[size, mtime, ctime, inode, hash]`; times of 0 are never those of a file. `+x` follows the hash
 * of an executable.
 */
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

export const WHY_NO_UTF8 =
  "its name is not UTF-8; rename it, or leave it out with a pattern that begins with !";

/** Bytes that are read at once, and files that are looked at at once. */
const PART = 64 * 1024;
const AT_ONCE = 256;

/** A path without a regular file is left out. @throws the error of a file that cannot be read */
export async function contentsOf(paths: Iterable<string>, options: LookOptions): Promise<Contents> {
  const contents = new Map<string, FileState>();
  const all = [...paths];
  const now = Date.now();
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const some = all.slice(at, at + AT_ONCE);
    const states = await Promise.all(some.map((path) => stateOf(path, now, options)));
    options.signal.throwIfAborted();
    for (const [index, state] of states.entries())
      if (state !== null) contents.set(some[index]!, state);
  }
  return contents;
}

async function stateOf(
  path: string,
  now: number,
  { cwd, known, signal, fail }: LookOptions,
): Promise<FileState | null> {
  const file = resolve(cwd, path);
  try {
    const stat = await statOf(file);
    if (stat === undefined && path.includes(NO_UTF8) && !known?.has(path))
      throw new Error(WHY_NO_UTF8);
    if (!stat?.isFile()) return null;
    const before = known?.get(path);
    const { size, ino } = stat;
    const isKnown = before !== undefined && isSame(before, stat);
    const isSettled = Math.max(stat.mtimeMs, stat.ctimeMs) < now - TICK_MS;
    const [modified, changed] = isSettled ? [stat.mtimeMs, stat.ctimeMs] : [0, 0];
    const sum = isKnown
      ? before[4]
      : (await hashOf(file, size, signal)) + (stat.mode & 0o100 ? "+x" : "");
    return [size, modified, changed, ino, sum];
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fail(path, (error as Error).message);
  }
}

function isSame([size, modified, changed, inode]: FileState, stat: Stats): boolean {
  return (
    size === stat.size &&
    modified === stat.mtimeMs &&
    changed === stat.ctimeMs &&
    inode === stat.ino
  );
}

async function hashOf(file: string, size: number, signal: AbortSignal): Promise<string> {
  // A file such as /proc/kmsg would wait for its next bytes.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const sum = createHash("sha256");
    const bytes = Buffer.allocUnsafe(Math.min(size + 1, PART));
    for (;;) {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, null);
      if (bytesRead === 0) return sum.digest("base64url");
      sum.update(bytes.subarray(0, bytesRead));
      signal.throwIfAborted();
    }
  } finally {
    handle.close().catch(() => {});
  }
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
