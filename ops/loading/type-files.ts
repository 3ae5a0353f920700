/**
 * Lists the files of an operations directory that may define operation types, and detects changed
 * files. The file name decides, so that no file is executed to find out.
 */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Absolute paths, sorted, of the top-level `.ts .mts .js .mjs .yaml .yml` files, without `*.d.ts`,
 * `*.test.*`, `_*` and hidden files. Empty if the directory is missing. For the path of a file:
 * this file.
 *
 * @throws Error if the path is that of another file
 */
export function listTypeFiles(dir: string): string[] {
  if (statSync(dir, { throwIfNoEntry: false })?.isFile()) {
    if (LOADABLE.test(dir)) return [resolve(dir)];
    throw new Error("it is not a directory, and not a .ts .mts .js .mjs .yaml .yml file");
  }
  let entries: ReturnType<typeof read>;
  try {
    entries = read(dir);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
  return entries
    .filter((entry) => isTypeFile(entry.name))
    .filter(
      (entry) => entry.isFile() || (entry.isSymbolicLink() && !isOther(join(dir, entry.name))),
    )
    .map((entry) => join(resolve(dir), entry.name))
    .sort();
}

/** Longest time for the top level of an operation file, in seconds. */
export const LOAD_SECONDS = 10;

/** The load error of a file whose top level takes longer. */
export function loadsTooLong(seconds = LOAD_SECONDS): string {
  return `its top level did not finish within ${seconds} s`;
}

/** Configuration files of other tools, which may be in any directory. */
export const OF_TOOLS = /\.config\.\w+$/;

const LOADABLE = /\.(?:m?[tj]s|ya?ml)$/;

/** The files of a directory that liveops does not load, although they look like operation files. */
export function unusableFiles(dir: string): Array<{ file: string; message: string }> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(dir)
    .sort()
    .flatMap((name) => {
      const message = whyUnusable(name);
      return message === null ? [] : [{ file: join(resolve(dir), name), message }];
    });
}

function whyUnusable(name: string): string | null {
  const [, ending] = /\.(cjs|cts|jsx|tsx)$/.exec(name) ?? [];
  if (ending === undefined || /^[_.]|\.test\.\w+$|\.d\.cts$/.test(name) || OF_TOOLS.test(name))
    return null;
  const is = `a .${ending} file is not loaded`;
  if (ending === "cjs") return `${is}; rename it to .mjs, and use import and export`;
  if (ending === "cts") return `${is}; rename it to .ts, and use import and export`;
  return `${is}; rename it to .${ending === "tsx" ? "ts" : "mjs"}, without JSX`;
}

/** An author's file at the time it was loaded. */
export interface LoadedFile {
  file: string;
  /** 0, like `size`, if the file was missing. */
  ctimeMs: number;
  size: number;
}

export function loadedFile(file: string): LoadedFile {
  const { ctimeMs = 0, size = 0 } = statOf(file) ?? {};
  return { file, ctimeMs, size };
}

export function isUnchanged({ file, ctimeMs, size }: LoadedFile): boolean {
  const now = loadedFile(file);
  return now.ctimeMs === ctimeMs && now.size === size;
}

/**
 * Excludes pipes, because an import of a pipe never ends. A broken link stays, so that its load
 * error is reported.
 */
function isOther(path: string): boolean {
  return statOf(path)?.isFile() === false;
}

/** Undefined: there is nothing, or it cannot be looked at, as a link that leads to itself. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function read(dir: string) {
  return readdirSync(dir, { withFileTypes: true });
}

function isTypeFile(name: string): boolean {
  if (!LOADABLE.test(name) || /^[_.]/.test(name)) return false;
  return !/\.d\.m?ts$/.test(name) && !/\.test\.\w+$/.test(name);
}
