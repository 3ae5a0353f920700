/**
 * The types that operation files hold, by the order of the files. No file is loaded here, so that
 * the daemon needs neither zod nor tsx.
 */
import { basename } from "node:path";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import { pathProblem } from "../../protocol/system/owned-path.js";
import { type LoadedFile, listTypeFiles, unusableFiles } from "./type-files.js";
import { claimedNames } from "./type-names.js";

export type LoadErrors = TypesReply["errors"];

/** A type that a file stands for and does not give. */
interface BlockedName {
  op: string;
  reason: string;
}

/** What a file holds. */
export interface FileTypes<T> {
  file: string;
  types: T[];
  errors: LoadErrors;
  /** Why a file that loads has no operation type; null for other files. */
  noType: string | null;
  blocked: BlockedName[];
  /** The file, and the author's files that it imports. Empty: it was not loaded. */
  sources: LoadedFile[];
}

interface FoundFiles {
  /** By precedence, each with the reason why it is not loaded, or null. */
  files: Map<string, string | null>;
  /** Directories that cannot be read. */
  errors: LoadErrors;
  /** Files that look like operation files but are never loaded. */
  withoutType: LoadErrors;
}

/**
 * The files of the directories. The names of a file that is not loaded stay its own.
 *
 * @param isShipped - whether the path is a part of liveops
 */
export function filesOf(dirs: readonly string[], isShipped: (path: string) => boolean): FoundFiles {
  const found: FoundFiles = { files: new Map(), errors: [], withoutType: [] };
  for (const dir of dirs) {
    const unsafe = isShipped(dir) ? null : pathProblem(dir);
    let problem = unsafe === null ? null : `not loaded: ${unsafe}`;
    let files: string[] = [];
    try {
      files = listTypeFiles(dir);
      if (!isShipped(dir)) found.withoutType.push(...unusableFiles(dir));
    } catch (error) {
      problem ??= `${basename(dir)} cannot be read: ${(error as Error).message}`;
    }
    if (problem !== null) found.errors.push({ file: dir, message: problem });
    for (const file of files)
      if (!found.files.has(file))
        found.files.set(file, problem === null ? null : `${dir}: ${problem}`);
  }
  return found;
}

/** What a file that is not loaded holds: its names, which stay its own. */
export function refusedFile(file: string, reason: string): FileTypes<never> {
  const blocked = [...claimedNames(file)].map((op) => ({ op, reason }));
  return { file, types: [], errors: [], noType: null, blocked, sources: [] };
}

/**
 * The types of all files, sorted by name. Of two types of one name, that of the earlier file is
 * used.
 */
export function collect<T extends { type: OperationType }>(
  loaded: readonly FileTypes<T>[],
  { errors, withoutType }: Pick<FoundFiles, "errors" | "withoutType">,
) {
  const byFile = new Map(loaded.map((one) => [one.file, one]));
  const types = new Map<string, T>();
  const blocked = new Map<string, TypesReply["notLoaded"][number]>();
  const shadowed: TypesReply["shadowed"] = [];
  for (const one of loaded) {
    const { file } = one;
    for (const each of one.types) {
      const { op } = each.type;
      const by = (types.get(op)?.type ?? blocked.get(op))?.file;
      if (by === undefined) {
        types.set(op, each);
        continue;
      }
      const known = [by, ...shadowed.filter((other) => other.op === op).map((other) => other.file)];
      // A class that another file exports again is one type, not two.
      if (!known.some((other) => imports(one, other) || imports(byFile.get(other)!, file)))
        shadowed.push({ op, file, by });
    }
    for (const { op, reason } of one.blocked)
      if (!types.has(op) && !blocked.has(op)) blocked.set(op, { op, file, reason });
  }
  return {
    types: new Map([...types].sort(([a], [b]) => (a < b ? -1 : 1))),
    errors: [...errors, ...loaded.flatMap((one) => one.errors)],
    notLoaded: [...blocked.values()],
    shadowed,
    withoutType: [
      ...withoutType,
      ...loaded.flatMap(({ file, noType }) => (noType === null ? [] : [{ file, message: noType }])),
    ],
  };
}

function imports({ sources }: FileTypes<unknown>, file: string): boolean {
  return sources.some((source) => source.file === file);
}
