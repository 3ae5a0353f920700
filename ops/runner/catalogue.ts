/** The operation types of some directories, loaded into this process: in a loader process, a worker, `liveops run`. */
import type { TypesReply } from "../../protocol/replies.js";
import { describeType } from "./describe-type.js";
import { filesOf, type LoadErrors, type LoadedFileTypes, loadFiles, typesIn } from "./load-files.js";
import { type OperationCtor, readType } from "./read-type.js";
import { importUserFile } from "./user-code.js";

export interface LoadedType {
  Type: OperationCtor;
  file: string;
}

export interface Catalogue {
  /** By name, in the order of names. */
  types: Map<string, LoadedType>;
  errors: LoadErrors;
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

/** @param dirs - strongest first: where two have the same name, the earlier directory's is taken */
export async function loadCatalogue(dirs: readonly string[], options: LoadOptions = {}): Promise<Catalogue> {
  const unread: LoadErrors = [];
  const { loaded, errors, late } = await loadFiles(filesOf(dirs, unread), options);
  return { ...collect(loaded, [...unread, ...errors]), late };
}

/**
 * The type of one name, as the catalogue of all would have it, from no more files than it takes to find it; where
 * there is none, the catalogue.
 *
 * @param dirs - as for `loadCatalogue`
 * @param shipped - come after them; a file there bears the name of its type, and so that file is begun with
 */
export async function findType(
  op: string,
  dirs: readonly string[],
  shipped: readonly string[],
): Promise<OperationCtor | Catalogue> {
  const unread: LoadErrors = [];
  const bearsName = (file: string) => /([^/\\]*)\.\w+$/.exec(file)?.[1] === op;
  const ours = filesOf(shipped, unread);
  const files = [...filesOf(dirs, unread), ...ours.filter(bearsName), ...ours];
  const hits = new Map<string, OperationCtor>();
  const isEnough = ({ file, found }: LoadedFileTypes) => {
    const Type = found.find((each) => nameOf(each) === op && isWhole(each, file));
    if (Type !== undefined) hits.set(file, Type);
    return Type !== undefined;
  };
  const { loaded, errors, late } = await loadFiles(files, { isEnough });
  // A later file may have been quicker.
  const first = loaded.find(({ file }) => hits.has(file));
  if (first !== undefined) return hits.get(first.file)!;
  return { ...collect(loaded, [...unread, ...errors]), late };
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

function collect(loaded: readonly LoadedFileTypes[], errors: LoadErrors): Omit<Catalogue, "late"> {
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

function isWhole(Type: OperationCtor, file: string): boolean {
  try {
    describeType(Type, file);
    return true;
  } catch {
    return false;
  }
}

function nameOf(Type: OperationCtor): string | null {
  try {
    return readType(Type).op;
  } catch {
    return Type.name;
  }
}
