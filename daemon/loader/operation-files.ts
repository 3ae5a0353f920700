/**
 * What the operation files hold, by the stamps of the files: a result is kept until one of its
 * sources is edited. The shipped files are part of the program and change only with it.
 */
import { readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { collect, filesOf, refusedFile } from "../../ops/loading/found-types.js";
import { isUnchanged, type LoadedFile, statOf } from "../../ops/loading/type-files.js";
import { notLoading, withoutType } from "../../ops/loading/type-names.js";
import type { FileResult, LoadedOperationType } from "./messages.js";

/** The directory of the bundle; the shipped operations are below it. */
const PROGRAM = fileURLToPath(new URL(".", import.meta.url));

/** More than the granularity of the times of any file system. */
const GRANULARITY_MS = 3000;

/** A file that comes before the type, or has it, is still to be loaded. */
interface Pending {
  pending: string;
}

/** The file of the type does not load. The type of a file that comes later is not used instead. */
interface BlockedType {
  blocked: string;
}

export class OperationFiles {
  #found = filesOf([], isShipped);
  #listing: string | null = null;
  /**
   * What `namesIn` said of a directory that has not changed since; `stamp`: how its change would
   * show.
   */
  readonly #names = new Map<string, { stamp: string; names: string }>();
  readonly #results = new Map<string, FileResult>();
  /** The names that each file defined when it loaded last. */
  readonly #defined = new Map<string, ReadonlySet<string>>();
  /**
   * The user's sources of all results, as they were when they were loaded; null: the results have
   * changed.
   */
  #own: ReadonlyMap<string, LoadedFile> | null = null;

  constructor(private readonly dirs: readonly string[]) {}

  /**
   * Drops the results of edited files.
   *
   * @param loading the file that is being loaded, as it was before
   * @returns whether a file was edited, came or went
   */
  look(loading: LoadedFile | null): boolean {
    const isOther = this.#list();
    this.#own ??= ownSources(this.#results.values());
    const edited = new Set<string>();
    for (const source of this.#own.values()) if (!isUnchanged(source)) edited.add(source.file);
    if (loading && isUsers(loading.file) && !isUnchanged(loading)) edited.add(loading.file);
    // A new file may be one that others import.
    if (!isOther && edited.size === 0) return false;
    this.#own = null;
    const { files } = this.#found;
    for (const [file, { sources }] of this.#results)
      if (
        !files.has(file) ||
        sources.length === 0 ||
        sources.some((source) => edited.has(source.file))
      )
        this.#results.delete(file);
    for (const [file, reason] of files)
      if (reason !== null) this.#results.set(file, refusedFile(file, reason));
    return true;
  }

  /** The next file to load. */
  next(): string | undefined {
    for (const file of this.#found.files.keys()) if (!this.#results.has(file)) return file;
    return undefined;
  }

  keep(result: FileResult): void {
    const { file, errors, noType, blocked } = result;
    const names = new Set(result.types.map(({ type }) => type.op));
    const error = errors.find((each) => each.file === file);
    let why = noType === null ? null : withoutType(file, noType);
    if (error) why = notLoading(file, error.message);
    // A file that does not load now keeps the names of before.
    if (why !== null)
      for (const op of this.#defined.get(file) ?? []) {
        if (!names.has(op) && blocked.every((each) => each.op !== op))
          blocked.push({ op, reason: why });
        names.add(op);
      }
    this.#defined.set(file, names);
    this.#own = null;
    this.#results.set(file, result);
  }

  /** The file ended the process that loaded it, or its top level never ends. */
  keepBroken(stamp: LoadedFile, message: string): void {
    const { file } = stamp;
    const blocked = refusedFile(file, notLoading(file, message));
    this.keep({ ...blocked, errors: [{ file, message }], sources: [stamp] });
  }

  /**
   * The type; or a file that is still to be loaded; or why its file does not give it; null: there
   * is no such type.
   */
  find(op: string): LoadedOperationType | Pending | BlockedType | null {
    for (const file of this.#found.files.keys()) {
      const result = this.#results.get(file);
      if (!result) return { pending: file };
      const found = result.types.find((each) => each.type.op === op);
      if (found) return found;
      const blocked = result.blocked.find((each) => each.op === op);
      if (blocked) return { blocked: blocked.reason };
    }
    return null;
  }

  /** The file as it was when it was loaded; null: it is not. */
  loaded(file: string): LoadedFile | null {
    return this.#results.get(file)?.sources.find((source) => source.file === file) ?? null;
  }

  /** All types and errors that are known so far. */
  collected() {
    return collect(
      [...this.#found.files.keys()].flatMap((file) => this.#results.get(file) ?? []),
      this.#found,
    );
  }

  /** Reads the directories. True if a file was added or removed since the last time. */
  #list(): boolean {
    const listing = JSON.stringify(this.dirs.filter(isUsers).map((dir) => this.#listingOf(dir)));
    if (listing === this.#listing) return false;
    this.#listing = listing;
    this.#found = filesOf(this.dirs, isShipped);
    return true;
  }

  /** Owner, mode and names of a directory. A directory that others may write to is not read. */
  #listingOf(dir: string): string {
    const stat = statOf(dir);
    if (stat === undefined) return "";
    const { uid, mode, dev, ino, ctimeMs } = stat;
    const stamp = `${dev}:${ino}:${ctimeMs}`;
    const known = this.#names.get(dir);
    const names = known?.stamp === stamp ? known.names : namesIn(dir).join(",");
    // Another change within the granularity of the clock would leave the stamp as it is.
    if (Date.now() - ctimeMs > GRANULARITY_MS) this.#names.set(dir, { stamp, names });
    return `${uid} ${mode}:${names}`;
  }
}

/** By file. */
function ownSources(results: Iterable<FileResult>): ReadonlyMap<string, LoadedFile> {
  const own = new Map<string, LoadedFile>();
  for (const { sources } of results)
    for (const source of sources) if (isUsers(source.file)) own.set(source.file, source);
  return own;
}

/** Names of the files in a directory, or of the file itself. */
export function namesIn(path: string): string[] {
  try {
    return statSync(path).isFile() ? [basename(path)] : readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Whether the path is the user's, not the program's. */
export function isUsers(path: string): boolean {
  return !isShipped(path);
}

function isShipped(path: string): boolean {
  return path.startsWith(PROGRAM);
}
