/** Loads the operation types of directories into this process: a worker or `liveops run`. */
import { unknownType } from "../../protocol/text/unknown-name.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import { collect, type FileTypes, filesOf, refusedFile } from "./found-types.js";
import { type LoadedType, loadFile, typesIn } from "./load-files.js";
import { loadsTooLong } from "./type-files.js";
import { claimedNames, notLoading, whyTypeMissing } from "./type-names.js";
import { importUserFile, isShippedFile } from "./user-code.js";

export interface LocatedType {
  Type: OperationCtor;
  file: string;
}

type Catalogue = ReturnType<typeof collect<LoadedType>>;

interface LoadOptions {
  /** Longest time for the top level of a file, in seconds. Default: 10. */
  limit?: number;
  /** Called before each file, so that the parent process knows which file never yields. */
  onFile?: (file: string) => void;
  /** Files to skip, because their top level never yields. */
  skip?: readonly string[];
}

/**
 * @param dirs - by precedence: of two types with the same name, the type of the earlier directory
 * is used
 */
export async function loadCatalogue(
  dirs: readonly string[],
  { limit, onFile, skip = [] }: LoadOptions = {},
): Promise<Catalogue> {
  const found = filesIn(dirs, skip);
  const loaded: Array<FileTypes<LoadedType>> = [];
  for (const [file, refused] of found.files) {
    if (refused === null) onFile?.(file);
    loaded.push(refused === null ? await loadFile(file, limit) : refusedFile(file, refused));
  }
  return collect(loaded, found);
}

/** There is no such type now. */
type MissingType = Catalogue & {
  /** Why the file that should define the type does not; null: no file is known. */
  reason: string | null;
};

/**
 * Finds one type as `loadCatalogue` would, but loads only the files needed to find it: first those
 * whose text names the type, so that a file that never yields holds up no other type. A file that
 * does not load keeps its names: the search ends there.
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
  const found = filesIn([...dirs, ...shipped], skip);
  const loaded: Array<FileTypes<LoadedType>> = [];
  const missing = (reason: string | null): MissingType => {
    const catalogue = collect(loaded, found);
    return { ...catalogue, reason: reason ?? whyTypeMissing(op, catalogue.withoutType) };
  };
  const files = [...found.files];
  const end = files.findIndex(([file, refused]) => refused !== null && claimedNames(file).has(op));
  const usable = (end === -1 ? files : files.slice(0, end)).filter(
    ([, refused]) => refused === null,
  );
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

/** As `filesOf`, without the files to skip. */
function filesIn(dirs: readonly string[], skip: readonly string[]) {
  const found = filesOf(dirs, isShippedFile);
  for (const file of skip) {
    found.errors.push({ file, message: loadsTooLong() });
    found.files.set(file, notLoading(file, loadsTooLong()));
  }
  return found;
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

function nameOf(Type: OperationCtor): string | null {
  try {
    return readType(Type).op;
  } catch {
    return Type.name;
  }
}
