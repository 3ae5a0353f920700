/**
 * Loads an author's file into this process, and finds its operation types.
 *
 * A file that does not load is an entry in `errors` and does not affect other files, unless it
 * never yields.
 */
import { readFileSync } from "node:fs";
import { setTimeout as after, setImmediate as turn } from "node:timers/promises";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { isYamlPath } from "../pipeline/file-name.js";
import { LiveOperation } from "../sdk/live-operation.js";
import { describeType } from "../types/describe-type.js";
import { declaredName, isOperationType, type OperationCtor } from "../types/read-type.js";
import type { FileTypes } from "./found-types.js";
import { LOAD_SECONDS, loadsTooLong, OF_TOOLS } from "./type-files.js";
import { claimedNames, definedNames, notLoading, withoutType } from "./type-names.js";
import { importUserFile, isShippedFile, sourcesOf } from "./user-code.js";

/**
 * Keeps this process alive while it loads a file: `process.exit` and uncaught errors become load
 * errors of the file that caused them.
 */
class LoadGuard {
  readonly faults: TypesReply["errors"] = [];
  readonly #exit = process.exit;
  readonly #onFault = (thrown: unknown) => {
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const named = /^\s+at .*?(?:file:\/\/|[ (])(\/[^():]+\.m?[tj]s):/m.exec(stack)?.[1];
    const file = named ?? this.loading;
    this.faults.push({ file, message: this.describe(thrown, file) });
  };

  /** @param loading gets the errors whose stack names no file */
  constructor(private readonly loading: string) {
    process.exit = ((code?: number) => {
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
      thrown.name === "Error" || message.startsWith(thrown.name)
        ? message
        : `${thrown.name}: ${message}`;
    return position === undefined || message.includes(`:${position}`)
      ? named
      : `${named} (line ${position})`;
  }
}

/** The first syntax error that esbuild found. */
const TRANSFORM = /^Transform failed with \d+ errors?:\s*(\S.*?):(\d+:\d+): ERROR: (.*)/;

export interface LoadedType {
  Type: OperationCtor;
  type: OperationType;
}

/** @param limit - longest time for the top level, in seconds */
export async function loadFile(file: string, limit = LOAD_SECONDS): Promise<FileTypes<LoadedType>> {
  const loaded: FileTypes<LoadedType> = {
    file,
    types: [],
    errors: [],
    noType: null,
    blocked: [],
    sources: [],
  };
  const block = (names: Iterable<string>, reason: string) => {
    for (const op of names) loaded.blocked.push({ op, reason });
  };
  const done = new AbortController();
  const guard = new LoadGuard(file);
  const late = after(limit * 1000, null, { signal: done.signal }).then(
    () => {
      throw new Error(loadsTooLong(limit));
    },
    () => new Promise<never>(() => {}),
  );
  try {
    const exports = await Promise.race([importUserFile(file), late]);
    const found = typesIn(exports);
    for (const Type of found) {
      try {
        loaded.types.push({ Type, type: describeType(Type, file) });
      } catch (fault) {
        const { message } = fault as Error;
        loaded.errors.push({ file, message });
        const op = declaredName(Type);
        if (op !== null) block([op], notLoading(file, message));
      }
    }
    loaded.noType = found.length === 0 && !isShippedFile(file) ? whyNoType(file, exports) : null;
    // YAML without stages belongs to another tool.
    if (loaded.noType !== null && !isYamlPath(file))
      block(definedNames(file), withoutType(file, loaded.noType));
  } catch (thrown) {
    const message = guard.describe(thrown, file);
    loaded.errors.push({ file, message });
    block(claimedNames(file), notLoading(file, message));
  } finally {
    done.abort();
    // Node reports an unhandled rejection only after the microtasks of this turn.
    await turn();
    guard.release();
  }
  loaded.errors.push(...guard.faults);
  loaded.sources = sourcesOf(file);
  return loaded;
}

/**
 * The operation types of a module, each once. A CommonJS module may have them only in
 * `module.exports`.
 */
export function typesIn(exports: Record<string, unknown>): OperationCtor[] {
  const { default: whole } = exports;
  const more = typeof whole === "object" && whole !== null ? Object.values(whole) : [];
  return [...new Set([...Object.values(exports), ...more])].filter(isOperationType);
}

const HELPER_FILE = "put the file of another tool into another directory, or begin its name with _";
const HELPER = "put a helper module into a subdirectory, or begin its name with _";

/**
 * The reason for a loaded file without an operation type; null if the file is not meant to define
 * one.
 *
 * @param exports - of the loaded module
 */
function whyNoType(file: string, exports: Record<string, unknown>): string | null {
  if (OF_TOOLS.test(file)) return null;
  if (isYamlPath(file)) return `it has no key stages, so it is not a pipeline; ${HELPER_FILE}`;
  const classes = Object.values(exports).filter(isClass);
  const [derived] = classes.filter((each) => each.prototype instanceof LiveOperation);
  if (derived) return `class ${nameOf(derived)} has no run method; write: async run(p) { … }`;
  const hidden = hiddenClass(file);
  if (hidden !== null) return `class ${hidden} is not exported; write: export class ${hidden}`;
  const [runs] = classes.filter((each) => typeof each.prototype?.run === "function");
  if (runs) {
    const name = nameOf(runs);
    return `class ${name} does not extend LiveOperation; write: class ${name} extends LiveOperation<typeof ${name}>`;
  }
  return `it exports no class that extends LiveOperation; ${HELPER}`;
}

/** The name of a class that extends LiveOperation in the text of a file. */
function hiddenClass(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8");
    return /\bclass\s+([\p{L}_$][\p{L}\d_$]*)\s+extends\s+LiveOperation\b/u.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}

function isClass(value: unknown): value is { prototype: { run?: unknown }; name: string } {
  return (
    typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null
  );
}

function nameOf({ name }: { name: string }): string {
  return name || "(without a name)";
}
