/**
 * Which files of an operations directory hold operation types, and whether a file is as it was when it was loaded. A
 * name decides what a type file is, so that no file is run to find out.
 */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** Top-level `.ts .mts .js .mjs`, but not `*.d.ts`, `*.test.*`, `_*`: absolute paths, sorted; none without the dir. */
export function listTypeFiles(dir: string): string[] {
  let entries: ReturnType<typeof read>;
  try {
    entries = read(dir);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
  return entries
    .filter((entry) => isTypeFile(entry.name))
    .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && !isOther(join(dir, entry.name))))
    .map((entry) => join(resolve(dir), entry.name))
    .sort();
}

/** A file of the author's as it was when it was loaded. */
export interface LoadedFile {
  file: string;
  /** 0, as `size`: the file was not there. */
  ctimeMs: number;
  size: number;
}

export function loadedFile(file: string): LoadedFile {
  const { ctimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return { file, ctimeMs, size };
}

export function isUnchanged({ file, ctimeMs, size }: LoadedFile): boolean {
  const now = loadedFile(file);
  return now.ctimeMs === ctimeMs && now.size === size;
}

/** To import a pipe would wait for ever. A link to nothing stays: that it does not load is said. */
function isOther(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

function read(dir: string) {
  return readdirSync(dir, { withFileTypes: true });
}

function isTypeFile(name: string): boolean {
  if (!/\.m?[tj]s$/.test(name) || /^[_.]/.test(name)) return false;
  return !/\.d\.m?ts$/.test(name) && !/\.test\.m?[tj]s$/.test(name);
}
