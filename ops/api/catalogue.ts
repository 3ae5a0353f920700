/**
 * The operation types of some directories, loaded into this process: in a loader process, a worker, `liveops run`.
 *
 * A file that does not load is an entry in `errors` and hides no other, whatever it does short of never yielding.
 */
import { basename } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { TypesReply } from "../../protocol/routes.js";
import { describeType } from "./describe.js";
import { LoadGuard } from "./load-guard.js";
import { isOperationType, type OperationCtor, readType } from "./read-type.js";
import { listTypeFiles } from "./type-files.js";
import { importUserFile } from "./user-code.js";

export interface LoadedType {
  Type: OperationCtor;
  file: string;
}

export interface Catalogue {
  /** By name, in the order of names. */
  types: Map<string, LoadedType>;
  errors: TypesReply["errors"];
  shadowed: TypesReply["shadowed"];
  /** Files whose top level did not finish in time; they stand in `errors` too. */
  late: string[];
}

export interface LoadOptions {
  /** Seconds a file's top level may take. Default: 10. */
  limit?: number;
  /** Told before each file: should it never yield, the parent process knows which one it was. */
  onFile?: (file: string) => void;
  /** Files that are left out. */
  skip?: readonly string[];
}

/** How long one slow file keeps the next from starting, in ms. */
const HEAD_START = 200;

/** @param dirs - strongest first: where two have the same name, the earlier directory's is taken */
export async function loadCatalogue(dirs: readonly string[], options: LoadOptions = {}): Promise<Catalogue> {
  const { limit = 10, onFile, skip = [] } = options;
  const errors: Catalogue["errors"] = [];
  const late: string[] = [];
  const guard = new LoadGuard();
  const loading: Array<Promise<{ file: string; found: OperationCtor[] }>> = [];
  try {
    for (const file of [...new Set(dirs.flatMap((dir) => filesOf(dir, errors)))]) {
      if (skip.includes(file)) continue;
      onFile?.(file);
      const one = loadFile(file, limit, guard, errors, () => late.push(file));
      loading.push(one);
      await Promise.race([one, after(HEAD_START, undefined, { ref: false })]);
    }
    const loaded = await Promise.all(loading);
    errors.push(...guard.faults);
    return { ...collect(loaded, errors), late };
  } finally {
    guard.release();
  }
}

/**
 * One type from its file, for a worker.
 *
 * @throws Error where the file does not load or has no such type
 */
export async function loadType(file: string, op: string): Promise<OperationCtor> {
  const found = typesIn(await importUserFile(file));
  const names: string[] = [];
  for (const Type of found) {
    const name = nameOf(Type);
    if (name === op) {
      readType(Type);
      return Type;
    }
    if (name !== null) names.push(name);
  }
  const has = names.length === 0 ? "it has no operation type" : `it has ${names.join(", ")}`;
  throw new Error(`${file} has no operation type ${op} any more (${has})`);
}

async function loadFile(
  file: string,
  limit: number,
  guard: LoadGuard,
  errors: Catalogue["errors"],
  onLate: () => void,
) {
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

function collect(
  loaded: Array<{ file: string; found: OperationCtor[] }>,
  errors: Catalogue["errors"],
): Omit<Catalogue, "late"> {
  const types = new Map<string, LoadedType>();
  const shadowed: Catalogue["shadowed"] = [];
  const seen = new Set<OperationCtor>();
  for (const { file, found } of loaded) {
    for (const Type of found) {
      // A class that another file exports again is one type, not two.
      if (seen.has(Type)) continue;
      seen.add(Type);
      try {
        const { op } = describeType(Type, file);
        const by = types.get(op)?.file;
        if (by === undefined) types.set(op, { Type, file });
        else shadowed.push({ op, file, by });
      } catch (fault) {
        errors.push({ file, message: (fault as Error).message });
      }
    }
  }
  return { types: new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1))), errors, shadowed };
}

/** A module's operation types, each once. A CommonJS module may have them on its `module.exports` alone. */
function typesIn(exports: Record<string, unknown>): OperationCtor[] {
  const { default: whole } = exports;
  const more = typeof whole === "object" && whole !== null ? Object.values(whole) : [];
  return [...new Set([...Object.values(exports), ...more])].filter(isOperationType);
}

function nameOf(Type: OperationCtor): string | null {
  try {
    return readType(Type).op;
  } catch {
    return Type.name;
  }
}

function filesOf(dir: string, errors: Catalogue["errors"]): string[] {
  try {
    return listTypeFiles(dir);
  } catch (error) {
    errors.push({ file: dir, message: `${basename(dir)} cannot be read: ${(error as Error).message}` });
    return [];
  }
}
