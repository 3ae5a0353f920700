/** Loads the operation types of directories into this process: a worker or `liveops run`. */
import { basename } from "node:path";
import type { TypesReply } from "../../protocol/replies.js";
import { pathProblem } from "../../protocol/system/owned-path.js";
import { unknownType } from "../../protocol/text/unknown-name.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import { type FileTypes, type LoadErrors, loadFile, typesIn } from "./load-files.js";
import { listTypeFiles, loadsTooLong, unusableFiles } from "./type-files.js";
import { claimedNames, notLoading, whyTypeMissing } from "./type-names.js";
import { importUserFile, isShippedFile } from "./user-code.js";

export interface LocatedType {
  Type: OperationCtor;
  file: string;
}

interface Catalogue {
  /** By name, sorted by name. */
  types: Map<string, LocatedType>;
  errors: LoadErrors;
  /** Types whose file does not load: a file that comes later does not give them either. */
  notLoaded: TypesReply["notLoaded"];
  shadowed: TypesReply["shadowed"];
  /** Files that load but define no type. */
  withoutType: TypesReply["withoutType"];
}

interface LoadOptions {
  /** Longest time for the top level of a file, in seconds. Default: 10. */
  limit?: number;
  /** Called before each file, so that the parent process knows which file never yields. */
  onFile?: (file: string) => void;
  /** Files to skip, because their top level never yields. */
  skip?: readonly string[];
}

/** @param dirs - by precedence: of two types with the same name, the type of the earlier directory is used */
export async function loadCatalogue(
  dirs: readonly string[],
  { limit, onFile, skip = [] }: LoadOptions = {},
): Promise<Catalogue> {
  const errors: LoadErrors = [];
  const loaded: FileTypes[] = [];
  for (const [file, refused] of filesOf(dirs, skip, errors)) {
    if (refused === null) onFile?.(file);
    loaded.push(refused === null ? await loadFile(file, limit) : refusedFile(file, refused));
  }
  const catalogue = collect(loaded, errors);
  catalogue.withoutType.push(...dirs.filter((dir) => !isShippedFile(dir)).flatMap(unusableFiles));
  return catalogue;
}

/** There is no such type now. */
interface MissingType extends Catalogue {
  /** Why the file that should define the type does not; null: no file is known. */
  reason: string | null;
}

/**
 * Finds one type as `loadCatalogue` would, but loads only the files needed to find it: first those whose text names the
 * type, so that a file that never yields holds up no other type. A file that does not load keeps its names: the search
 * ends there.
 *
 * @param dirs - as for `loadCatalogue`
 * @param shipped - searched after `dirs`
 * @returns the type and its file; the catalogue and the reason if there is no such type
 */
export async function findType(
  op: string,
  dirs: readonly string[],
  shipped: readonly string[],
  { onFile, skip = [] }: Omit<LoadOptions, "limit"> = {},
): Promise<LocatedType | MissingType> {
  const errors: LoadErrors = [];
  const loaded: FileTypes[] = [];
  const missing = (reason: string | null): MissingType => {
    const catalogue = collect(loaded, errors);
    catalogue.withoutType.push(...dirs.flatMap(unusableFiles));
    return { ...catalogue, reason: reason ?? whyTypeMissing(op, catalogue.withoutType) };
  };
  const files = [...filesOf([...dirs, ...shipped], skip, errors)];
  const end = files.findIndex(([file, refused]) => refused !== null && claimedNames(file).has(op));
  const usable = (end === -1 ? files : files.slice(0, end)).filter(([, refused]) => refused === null);
  const { likely = [], other = [] } = Object.groupBy(usable, ([file]) =>
    claimedNames(file).has(op) ? "likely" : "other",
  );
  for (const [file] of [...likely, ...other]) {
    onFile?.(file);
    const one = await loadFile(file);
    loaded.push(one);
    const hit = one.types.find(({ type }) => type.op === op);
    if (hit) return { Type: hit.Type, file };
    const blocked = one.blocked.find((each) => each.op === op);
    if (blocked) return missing(blocked.reason);
  }
  return missing(files[end]?.[1] ?? null);
}

/**
 * The files of the directories, each with the reason why it is not loaded, or null. The names of a file that is not
 * loaded stay its own.
 */
function filesOf(
  dirs: readonly string[],
  skip: readonly string[],
  errors: LoadErrors,
): Map<string, string | null> {
  const files = new Map<string, string | null>();
  for (const dir of dirs) {
    const unsafe = isShippedFile(dir) ? null : pathProblem(dir);
    let problem = unsafe === null ? null : `not loaded: ${unsafe}`;
    let found: string[] = [];
    try {
      found = listTypeFiles(dir);
    } catch (error) {
      problem ??= `${basename(dir)} cannot be read: ${(error as Error).message}`;
    }
    if (problem !== null) errors.push({ file: dir, message: problem });
    for (const file of found)
      if (!files.has(file)) files.set(file, problem === null ? null : `${dir}: ${problem}`);
  }
  for (const file of skip) {
    errors.push({ file, message: loadsTooLong() });
    files.set(file, notLoading(file, loadsTooLong()));
  }
  return files;
}

function refusedFile(file: string, reason: string): FileTypes {
  const blocked = [...claimedNames(file)].map((op) => ({ op, reason }));
  return { file, types: [], errors: [], noType: null, blocked, isLate: false };
}

/** Finds types by name, as `findType`. An unknown name throws the refusal of a submit. */
export function typeFinder(
  dirs: readonly string[],
  shipped: readonly string[],
): (op: string) => Promise<OperationCtor> {
  return async (op) => {
    const found = await findType(op, dirs, shipped);
    if ("Type" in found) return found.Type;
    throw unknownType(op, found.types.keys(), found.errors.length, found.reason);
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

function collect(loaded: readonly FileTypes[], errors: LoadErrors): Catalogue {
  const types = new Map<string, LocatedType>();
  const blocked = new Map<string, Catalogue["notLoaded"][number]>();
  const shadowed: Catalogue["shadowed"] = [];
  const seen = new Set<OperationCtor>();
  for (const one of loaded) {
    const { file } = one;
    for (const { Type, type } of one.types) {
      // A class that another file re-exports is one type, not two.
      if (seen.has(Type)) continue;
      seen.add(Type);
      const by = (types.get(type.op) ?? blocked.get(type.op))?.file;
      if (by === undefined) types.set(type.op, { Type, file });
      else shadowed.push({ op: type.op, file, by });
    }
    for (const { op, reason } of one.blocked)
      if (!types.has(op) && !blocked.has(op)) blocked.set(op, { op, file, reason });
  }
  const withoutType = loaded.flatMap(({ file, noType }) =>
    noType === null ? [] : [{ file, message: noType }],
  );
  return {
    types: new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1))),
    errors: [...errors, ...loaded.flatMap((one) => one.errors)],
    notLoaded: [...blocked.values()],
    shadowed,
    withoutType,
  };
}

function nameOf(Type: OperationCtor): string | null {
  try {
    return readType(Type).op;
  } catch {
    return Type.name;
  }
}
