/** Loads the operation types of directories into this process: a loader process, a worker or `liveops run`. */
import type { TypesReply } from "../../protocol/replies.js";
import { unknownType } from "../../protocol/unknown-type.js";
import { describeType } from "./describe-type.js";
import { filesOf, type LoadErrors, type LoadedFileTypes, loadFiles, typesIn } from "./load-files.js";
import { loadsTooLong } from "./load-limit.js";
import { type OperationCtor, readType } from "./read-type.js";
import { unusableFiles } from "./type-files.js";
import { bearsName, typeNamesIn, whyTypeMissing } from "./type-names.js";
import { importUserFile } from "./user-code.js";

export interface LoadedType {
  Type: OperationCtor;
  file: string;
}

export interface Catalogue {
  /** By name, sorted by name. */
  types: Map<string, LoadedType>;
  errors: LoadErrors;
  shadowed: TypesReply["shadowed"];
  /** Files that load but define no type. */
  withoutType: TypesReply["withoutType"];
  /** Files whose top level did not finish in time; `errors` lists them too. */
  late: string[];
}

export interface LoadOptions {
  /** Longest time for the top level of a file, in seconds. Default: 10. */
  limit?: number;
  /** Called before each file, so that the parent process knows which file never yields. */
  onFile?: (file: string) => void;
  /** Files to skip. */
  skip?: readonly string[];
}

/** @param dirs - by precedence: of two types with the same name, the type of the earlier directory is used */
export async function loadCatalogue(dirs: readonly string[], options: LoadOptions = {}): Promise<Catalogue> {
  const unread: LoadErrors = [];
  const { loaded, errors, late } = await loadFiles(filesOf(dirs, unread), options);
  return { ...collect(loaded, [...unread, ...errors]), late };
}

/** Where `findType` searches, and how it tells. */
interface FindOptions extends Pick<LoadOptions, "onFile"> {
  /** Files to skip, because their top level never yields. */
  skip?: readonly string[];
}

/**
 * Finds one type as `loadCatalogue` would, but loads only the files needed to find it: first those whose text names the
 * type, so that a file that never yields holds up no other type.
 *
 * @param dirs - as for `loadCatalogue`
 * @param shipped - searched after `dirs`; the file with the name of the type is loaded first
 * @returns the type and its file; the catalogue if there is no such type
 */
export async function findType(
  op: string,
  dirs: readonly string[],
  shipped: readonly string[],
  { onFile, skip = [] }: FindOptions = {},
): Promise<LoadedType | Catalogue> {
  const unread: LoadErrors = [];
  const ours = filesOf(shipped, unread);
  const users = filesOf(dirs, unread).filter((file) => !skip.includes(file));
  const likely = [
    ...users.filter((file) => bearsName(file, op) || (typeNamesIn(file)?.has(op) ?? true)),
    ...ours.filter((file) => bearsName(file, op)),
  ];
  const hits = new Map<string, OperationCtor>();
  const isEnough = ({ file, found }: LoadedFileTypes) => {
    const Type = found.find((each) => nameOf(each) === op && isWhole(each, file));
    if (Type !== undefined) hits.set(file, Type);
    return Type !== undefined;
  };
  const skipped = skip.map((file) => ({ file, message: loadsTooLong() }));
  let known: Catalogue = { ...collect([], [...unread, ...skipped]), late: [] };
  known.withoutType.push(...dirs.flatMap(unusableFiles));
  const rest = [...users, ...ours].filter((file) => !likely.includes(file));
  for (const files of [likely, rest]) {
    const { loaded, errors, late } = await loadFiles(files, { isEnough, onFile });
    // In the order of the files, because a later file may have loaded first.
    const first = loaded.find(({ file }) => hits.has(file));
    if (first !== undefined) return { Type: hits.get(first.file)!, file: first.file };
    const { types, shadowed, withoutType, ...more } = collect(loaded, errors);
    known = {
      types: new Map([...known.types, ...types]),
      shadowed: [...known.shadowed, ...shadowed],
      withoutType: [...known.withoutType, ...withoutType],
      errors: [...known.errors, ...more.errors],
      late: [...known.late, ...late],
    };
    // The file of the type is known: no other file needs to be loaded.
    if (whyTypeMissing(op, known.errors, known.withoutType) !== null) break;
  }
  return known;
}

/** Finds types by name, as `findType`. An unknown name throws the refusal of a submit. */
export function typeFinder(
  dirs: readonly string[],
  shipped: readonly string[],
): (op: string) => Promise<OperationCtor> {
  return async (op) => {
    const found = await findType(op, dirs, shipped);
    if ("Type" in found) return found.Type;
    const { types, errors, withoutType } = found;
    throw unknownType(op, types.keys(), errors.length, whyTypeMissing(op, errors, withoutType));
  };
}

/**
 * Loads one type from its file, for a worker.
 *
 * @throws Error if the file does not load or has no such type
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
      // A class that another file re-exports is one type, not two.
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
  const withoutType = loaded.flatMap(({ file, noType }) =>
    noType === null ? [] : [{ file, message: noType }],
  );
  return {
    types: new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1))),
    errors,
    shadowed,
    withoutType,
  };
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
