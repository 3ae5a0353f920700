/** Opens the files to copy: only regular files, through no symbolic link, and a log before or after a rotation. */
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { FILLER } from "../../protocol/system/append-file.js";
import { READ, SAFE } from "../../protocol/system/own-file.js";

export interface OpenSource {
  name: string;
  fd: number;
  /** Bytes that are copied. */
  length: number;
}

/** Bytes read at a time to find the end of the text. */
const LOOK = 4096;

/** How often files are opened again that were renamed while they were opened. */
const TRIES = 5;

/** The open file, with the present length of its text; null if it is missing or not a regular file. */
export function openSource(path: string, name: string): OpenSource | null {
  let fd: number;
  try {
    // A fifo would wait for its writer.
    fd = openSync(path, READ | SAFE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENXIO") return null;
    throw error;
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return { name, fd, length: endOfText(fd, stat.size) };
  closeSync(fd);
  return null;
}

/** Where the space reserved for later records begins: later writes do not count. */
function endOfText(fd: number, size: number): number {
  const piece = Buffer.alloc(LOOK);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - LOOK);
    const length = readSync(fd, piece, 0, end - start, start);
    for (let at = length - 1; at >= 0; at--) if (piece[at] !== FILLER) return start + at + 1;
    end = start;
  }
  return 0;
}

/** Opens all files of an attempt's directory as they are at one moment, without temporary files. */
export function openAttempt(dir: string): OpenSource[] {
  for (let left = TRIES; ; left--) {
    const opened = entriesIn(dir).flatMap((name) => openSource(join(dir, name), name) ?? []);
    if (left === 0 || opened.every(({ name, fd }) => isStill(join(dir, name), fd))) return opened;
    closeAll(opened);
  }
}

export function closeAll(opened: readonly OpenSource[]): void {
  for (const { fd } of opened) closeSync(fd);
}

/** Names in a directory, sorted; none if there is no directory. */
export function entriesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => !name.endsWith(".tmp"))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

function isStill(path: string, fd: number): boolean {
  const { ino, dev } = fstatSync(fd);
  const now = lstatSync(path, { throwIfNoEntry: false });
  return now?.ino === ino && now.dev === dev;
}
