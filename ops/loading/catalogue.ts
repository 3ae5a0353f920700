/** Loads the operation types of directories into this process: a loader process, a worker or `liveops run`. */
import type { TypesReply } from "../../protocol/replies.js";
import { unknownType } from "../../protocol/unknown-type.js";
import { describeType } from "../types/describe-type.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import { type BlockedName, blockedNames, claimedNames, notLoading } from "./blocked-names.js";
import { filesOf, type LoadErrors, type LoadedFileTypes, loadFiles, typesIn } from "./load-files.js";
import { loadsTooLong } from "./load-limit.js";
import { listTypeFiles, unusableFiles } from "./type-files.js";
import { bearsName, typeNamesIn, whyTypeMissing } from "./type-names.js";
import { importUserFile, isShippedFile } from "./user-code.js";

export interface LoadedType {
  Type: OperationCtor;
  file: string;
}

export interface Catalogue {
  /** By name, sorted by name. */
  types: Map<string, LoadedType>;
  errors: LoadErrors;
  /** Types whose file does not load: a file that comes later does not give them either. */
  notLoaded: TypesReply["notLoaded"];
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
  const refused = new Map<string, string>();
  const files = [...new Set(dirs.flatMap((dir) => filesWithRefused(dir, unread, refused)))];
  for (const file of options.skip ?? []) {
    unread.push({ file, message: loadsTooLong() });
    refused.set(file, loadsTooLong());
  }
  const { loaded, errors, late } = await loadFiles(
    files.filter((file) => !refused.has(file)),
    options,
  );
  const byFile = new Map(loaded.map((each) => [each.file, each]));
  const all = files.map(
    (file) => byFile.get(file) ?? { file, found: [], noType: null, failed: refused.get(file) ?? "" },
  );
  const whole = collect(all, [...unread, ...errors]);
  whole.withoutType.push(...dirs.filter((dir) => !isShippedFile(dir)).flatMap(unusableFiles));
  return { ...whole, late };
}

/** Where `findType` searches, and how it tells. */
interface FindOptions extends Pick<LoadOptions, "onFile"> {
  /** Files to skip, because their top level never yields. */
  skip?: readonly string[];
}

/** There is no such type now. */
export interface MissingType extends Catalogue {
  /** Why the file that should define the type does not; null: no file is known. */
  reason: string | null;
}

/**
 * Finds one type as `loadCatalogue` would, but loads only the files needed to find it: first those whose text names the
 * type, so that a file that never yields holds up no other type. A file that does not load keeps its names: the search
 * ends there.
 *
 * @param dirs - as for `loadCatalogue`
 * @param shipped - searched after `dirs`; the file with the name of the type is loaded first
 * @returns the type and its file; the catalogue and the reason if there is no such type
 */
export async function findType(
  op: string,
  dirs: readonly string[],
  shipped: readonly string[],
  { onFile, skip = [] }: FindOptions = {},
): Promise<LoadedType | MissingType> {
  const unread: LoadErrors = [];
  const refused = new Map<string, string>();
  const listed = dirs.flatMap((dir) => filesWithRefused(dir, unread, refused));
  for (const file of skip) refused.set(file, notLoading(file, loadsTooLong()));
  const isBarrier = (file: string) => refused.has(file) && claimedNames(file).has(op);
  const barrier = listed.find(isBarrier) ?? null;
  const users = (barrier === null ? listed : listed.slice(0, listed.indexOf(barrier))).filter(
    (file) => !refused.has(file),
  );
  const ours = barrier === null ? filesOf(shipped, unread) : [];
  const likely = [
    ...users.filter((file) => bearsName(file, op) || (typeNamesIn(file)?.has(op) ?? true)),
    ...ours.filter((file) => bearsName(file, op)),
  ];
  const hits = new Map<string, OperationCtor | BlockedName>();
  const isEnough = (loaded: LoadedFileTypes) => {
    const { file, found } = loaded;
    const hit =
      found.find((each) => nameOf(each) === op && isWhole(each, file)) ??
      blockedNames(loaded).find((blocked) => blocked.op === op);
    if (hit !== undefined) hits.set(file, hit);
    return hit !== undefined;
  };
  const skipped = skip.map((file) => ({ file, message: loadsTooLong() }));
  let known: Catalogue = { ...collect([], [...unread, ...skipped]), late: [] };
  known.withoutType.push(...dirs.flatMap(unusableFiles));
  const rest = [...users, ...ours].filter((file) => !likely.includes(file));
  for (const files of [likely, rest]) {
    const { loaded, errors, late } = await loadFiles(files, { isEnough, onFile });
    // In the order of the files, because a later file may have loaded first.
    const first = loaded.find(({ file }) => hits.has(file));
    const hit = first && hits.get(first.file);
    if (typeof hit === "function") return { Type: hit, file: first!.file };
    const { types, shadowed, withoutType, ...more } = collect(loaded, errors);
    known = {
      types: new Map([...known.types, ...types]),
      notLoaded: [...known.notLoaded, ...more.notLoaded],
      shadowed: [...known.shadowed, ...shadowed],
      withoutType: [...known.withoutType, ...withoutType],
      errors: [...known.errors, ...more.errors],
      late: [...known.late, ...late],
    };
    if (hit) return { ...known, reason: hit.reason };
    // The file of the type is known: no other file needs to be loaded.
    if (barrier === null && whyTypeMissing(op, known.errors, known.withoutType) !== null) break;
  }
  const reason =
    barrier === null ? whyTypeMissing(op, known.errors, known.withoutType) : refused.get(barrier)!;
  return { ...known, reason };
}

/** The files of a directory; of one that is refused too, because their names stay theirs. */
function filesWithRefused(dir: string, unread: LoadErrors, refused: Map<string, string>): string[] {
  const before = unread.length;
  const files = filesOf([dir], unread);
  const [fault] = unread.slice(before);
  if (!fault) return files;
  try {
    const kept = listTypeFiles(dir);
    for (const file of kept) refused.set(file, `${dir}: ${fault.message}`);
    return kept;
  } catch {
    return [];
  }
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

function collect(loaded: readonly LoadedFileTypes[], errors: LoadErrors): Omit<Catalogue, "late"> {
  const types = new Map<string, LoadedType>();
  const blocked = new Map<string, Catalogue["notLoaded"][number]>();
  const shadowed: Catalogue["shadowed"] = [];
  const seen = new Set<OperationCtor>();
  for (const each of loaded) {
    const { file, found } = each;
    for (const Type of found) {
      // A class that another file re-exports is one type, not two.
      if (seen.has(Type)) continue;
      seen.add(Type);
      try {
        const { op } = describeType(Type, file);
        const by = (types.get(op) ?? blocked.get(op))?.file;
        if (by === undefined) types.set(op, { Type, file });
        else shadowed.push({ op, file, by });
      } catch (fault) {
        errors.push({ file, message: (fault as Error).message });
      }
    }
    for (const { op, reason } of blockedNames(each))
      if (!types.has(op) && !blocked.has(op)) blocked.set(op, { op, file, reason });
  }
  const withoutType = loaded.flatMap(({ file, noType }) =>
    noType === null ? [] : [{ file, message: noType }],
  );
  return {
    types: new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1))),
    errors,
    notLoaded: [...blocked.values()],
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
