/**
 * Loads the author's files into this process, one after another, and finds their operation types.
 *
 * A file that does not load is an entry in `errors` and does not affect other files, unless it never yields.
 */
import { basename } from "node:path";
import { setTimeout as after, setImmediate as turn } from "node:timers/promises";
import type { TypesReply } from "../../protocol/replies.js";
import { pathProblem } from "../../protocol/system/owned-path.js";
import { isOperationType, type OperationCtor } from "../types/read-type.js";
import { LOAD_SECONDS, loadsTooLong } from "./load-limit.js";
import { listTypeFiles } from "./type-files.js";
import { importUserFile, isShippedFile } from "./user-code.js";
import { whyNoType } from "./without-type.js";

/**
 * Keeps this process alive while it loads the author's files: `process.exit` and uncaught errors become load errors of
 * the file that caused them.
 */
class LoadGuard {
  /** The file that was started last. It gets the errors whose stack names no file. */
  loading = "";
  readonly faults: TypesReply["errors"] = [];
  readonly #exit = process.exit;
  readonly #onFault = (thrown: unknown) => {
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const named = /^\s+at .*?(?:file:\/\/|[ (])(\/[^():]+\.m?[tj]s):/m.exec(stack)?.[1];
    const file = named ?? this.loading;
    this.faults.push({ file, message: this.describe(thrown, file) });
  };

  /** @param mayExit whether the running code is not that of a file being loaded, so that it may exit. Default: never */
  constructor(mayExit: () => boolean = () => false) {
    process.exit = ((code?: number) => {
      if (mayExit()) this.#exit.call(process, code);
      throw new Error(`it called process.exit(${code ?? ""}) while it was loaded`);
    }) as typeof process.exit;
    process.on("uncaughtException", this.#onFault);
    process.on("unhandledRejection", this.#onFault);
  }

  release(): void {
    process.exit = this.#exit;
    process.off("uncaughtException", this.#onFault);
    process.off("unhandledRejection", this.#onFault);
  }

  /** The error message, with the line if it is known. */
  describe(thrown: unknown, file: string): string {
    if (!(thrown instanceof Error)) return `it threw ${String(thrown)}`;
    const { message, stack = "" } = thrown;
    const [, path, place, syntax] = TRANSFORM.exec(message) ?? [];
    if (syntax !== undefined) return `${syntax} (${path === file ? "line " : `${path}:`}${place})`;
    const where = stack.split("\n").find((line) => line.includes(file) && /:\d+/.test(line));
    const position = /:(\d+(?::\d+)?)\)?\s*$/.exec(where ?? "")?.[1];
    const named =
      thrown.name === "Error" || message.startsWith(thrown.name) ? message : `${thrown.name}: ${message}`;
    return position === undefined || message.includes(`:${position}`) ? named : `${named} (line ${position})`;
  }
}

/** The first syntax error that esbuild found. */
const TRANSFORM = /^Transform failed with \d+ errors?:\s*(\S.*?):(\d+:\d+): ERROR: (.*)/;

export type LoadErrors = TypesReply["errors"];

export interface LoadedFileTypes {
  file: string;
  found: OperationCtor[];
  /** Why a file that loads has no operation type; null for other files. */
  noType: string | null;
  /** Why the file does not load; null: it loads. */
  failed: string | null;
}

interface LoadFilesOptions {
  /** Longest time for the top level of a file, in seconds. Default: 10. */
  limit?: number | undefined;
  /** Called before each file, so that the parent process knows which file never yields. */
  onFile?: ((file: string) => void) | undefined;
  /** Called after each file, in the order of completion, with its types and its errors. */
  onLoaded?: ((loaded: LoadedFileTypes, errors: LoadErrors, isLate: boolean) => void) | undefined;
  /** Whether the code that calls `process.exit` is not that of a file, so that it may exit. Default: never. */
  mayExit?: (() => boolean) | undefined;
  /** Files to skip. */
  skip?: readonly string[] | undefined;
  /** After a file for which this returns true, no other file is started. */
  isEnough?: (loaded: LoadedFileTypes) => boolean;
}

/** Longest delay of the next file by a slow file, in ms. */
const HEAD_START = 200;

/**
 * Loads the files. `loaded` has the order of the files; `late` lists files whose top level did not finish in time.
 * `errors` lists these files too.
 */
export async function loadFiles(
  files: Iterable<string>,
  { limit = LOAD_SECONDS, onFile, onLoaded, mayExit, skip = [], isEnough = () => false }: LoadFilesOptions,
): Promise<{ loaded: LoadedFileTypes[]; errors: LoadErrors; late: string[] }> {
  const errors: LoadErrors = [];
  const late: string[] = [];
  const guard = new LoadGuard(mayExit);
  const loading: Array<Promise<LoadedFileTypes>> = [];
  let enough = false;
  try {
    for (const file of new Set(files)) {
      if (skip.includes(file)) continue;
      onFile?.(file);
      const one = loadFile(file, limit, guard, errors, () => late.push(file)).then((loaded) => {
        enough ||= isEnough(loaded);
        const wrong = errors.filter((error) => error.file === file);
        onLoaded?.(loaded, wrong, late.includes(file));
        return loaded;
      });
      loading.push(one);
      await Promise.race([one, after(HEAD_START, undefined, { ref: false })]);
      if (enough) break;
    }
    const loaded = await Promise.all(loading);
    // Node reports an unhandled rejection only after the microtasks of this turn.
    await turn();
    errors.push(...guard.faults);
    return { loaded, errors, late };
  } finally {
    guard.release();
  }
}

/**
 * Lists the files of the directories, in their order. A directory that cannot be read, or that another user could
 * change, adds an error and no files.
 */
export function filesOf(dirs: readonly string[], errors: LoadErrors): string[] {
  return dirs.flatMap((dir) => {
    const problem = isShippedFile(dir) ? null : pathProblem(dir);
    if (problem !== null) {
      errors.push({ file: dir, message: `not loaded: ${problem}` });
      return [];
    }
    try {
      return listTypeFiles(dir);
    } catch (error) {
      errors.push({ file: dir, message: `${basename(dir)} cannot be read: ${(error as Error).message}` });
      return [];
    }
  });
}

/** The operation types of a module, each once. A CommonJS module may have them only in `module.exports`. */
export function typesIn(exports: Record<string, unknown>): OperationCtor[] {
  const { default: whole } = exports;
  const more = typeof whole === "object" && whole !== null ? Object.values(whole) : [];
  return [...new Set([...Object.values(exports), ...more])].filter(isOperationType);
}

async function loadFile(
  file: string,
  limit: number,
  guard: LoadGuard,
  errors: LoadErrors,
  onLate: () => void,
): Promise<LoadedFileTypes> {
  const done = new AbortController();
  const late = after(limit * 1000, null, { signal: done.signal }).then(
    () => {
      onLate();
      return Promise.reject(new Error(loadsTooLong(limit)));
    },
    () => new Promise<never>(() => {}),
  );
  try {
    guard.loading = file;
    const exports = await Promise.race([importUserFile(file), late]);
    const found = typesIn(exports);
    const isUnknown = found.length === 0 && !isShippedFile(file);
    return { file, found, noType: isUnknown ? whyNoType(file, exports) : null, failed: null };
  } catch (thrown) {
    const failed = guard.describe(thrown, file);
    errors.push({ file, message: failed });
    return { file, found: [], noType: null, failed };
  } finally {
    done.abort();
  }
}
