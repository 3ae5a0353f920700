/**
 * Loads the author's files into this process, one after another, and finds the operation types in them.
 *
 * A file that does not load is an entry in `errors` and hides no other, whatever it does short of never yielding.
 */
import { basename } from "node:path";
import { setTimeout as after, setImmediate as turn } from "node:timers/promises";
import { pathProblem } from "../../protocol/owned-path.js";
import type { TypesReply } from "../../protocol/replies.js";
import { isOperationType, type OperationCtor } from "./read-type.js";
import { listTypeFiles } from "./type-files.js";
import { importUserFile, isShippedFile } from "./user-code.js";

/**
 * Keeps this process going while it loads the author's files: `process.exit` and errors nobody can catch become the
 * load error of the file they came from.
 */
class LoadGuard {
  /** The file that was begun last: it gets the blame where a stack names none. */
  loading = "";
  readonly faults: TypesReply["errors"] = [];
  readonly #exit = process.exit;
  readonly #onFault = (thrown: unknown) => {
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const named = /^\s+at .*?(?:file:\/\/|[ (])(\/[^():]+\.m?[tj]s):/m.exec(stack)?.[1];
    const file = named ?? this.loading;
    this.faults.push({ file, message: this.describe(thrown, file) });
  };

  /** @param mayExit whether the code that runs now is not that of a file being loaded. Default: never */
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

  /** What is wrong, and in which line where that is known. */
  describe(thrown: unknown, file: string): string {
    if (!(thrown instanceof Error)) return `it threw ${String(thrown)}`;
    const { message, stack = "" } = thrown;
    const where = stack.split("\n").find((line) => line.includes(file) && /:\d+/.test(line));
    const position = /:(\d+(?::\d+)?)\)?\s*$/.exec(where ?? "")?.[1];
    const named =
      thrown.name === "Error" || message.startsWith(thrown.name) ? message : `${thrown.name}: ${message}`;
    return position === undefined || message.includes(`:${position}`) ? named : `${named} (line ${position})`;
  }
}

export type LoadErrors = TypesReply["errors"];

export interface LoadedFileTypes {
  file: string;
  found: OperationCtor[];
}

interface LoadFilesOptions {
  /** Seconds a file's top level may take. Default: 10. */
  limit?: number | undefined;
  /** Told before each file: should it never yield, the parent process knows which one it was. */
  onFile?: ((file: string) => void) | undefined;
  /** Told after each file, in the order in which they are done: what it holds, and what is wrong with it. */
  onLoaded?: ((loaded: LoadedFileTypes, errors: LoadErrors, isLate: boolean) => void) | undefined;
  /** Whether the code that calls `process.exit` meanwhile is not that of a file. Default: never. */
  mayExit?: (() => boolean) | undefined;
  /** Files that are left out. */
  skip?: readonly string[] | undefined;
  /** After a file for which it answers true no other one is begun. */
  isEnough?: (loaded: LoadedFileTypes) => boolean;
}

/** How long one slow file keeps the next from starting, in ms. */
const HEAD_START = 200;

/** What the files hold, in their order; `late` are those whose top level did not finish in time, `errors` has them too. */
export async function loadFiles(
  files: Iterable<string>,
  { limit = 10, onFile, onLoaded, mayExit, skip = [], isEnough = () => false }: LoadFilesOptions,
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
    // Node reports a rejection nobody waits for once all promises had their turn.
    await turn();
    errors.push(...guard.faults);
    return { loaded, errors, late };
  } finally {
    guard.release();
  }
}

/**
 * The files of the directories, in their order. A directory that cannot be read, or to which another user could
 * write, is an error and gives none.
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

/** A module's operation types, each once. A CommonJS module may have them on its `module.exports` alone. */
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
      return Promise.reject(new Error(`its top level did not finish within ${limit} s`));
    },
    () => new Promise<never>(() => {}),
  );
  try {
    guard.loading = file;
    const found = typesIn(await Promise.race([importUserFile(file), late]));
    return { file, found };
  } catch (thrown) {
    errors.push({ file, message: guard.describe(thrown, file) });
    return { file, found: [] };
  } finally {
    done.abort();
  }
}
