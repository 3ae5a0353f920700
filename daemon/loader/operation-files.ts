/**
 * The content of the operation files that are loaded: the types, the errors, and the names that a file keeps although
 * it does not load. A result is kept until one of its sources is edited.
 */
import { isUnchanged, type LoadedFile } from "../../ops/loading/type-files.js";
import { claimedNames, notLoading, whyTypeMissing, withoutType } from "../../ops/loading/type-names.js";
import type { OperationType, TypesReply } from "../../protocol/replies.js";
import type { FileResult, LoadedOperationType } from "./messages.js";
import { isUsers, Sources } from "./sources.js";

/** A file that comes before the type, or has it, is still to be loaded. */
interface Pending {
  pending: string;
}

/** The file of the type does not load. The type of a file that comes later is not used instead. */
interface BlockedType {
  blocked: string;
}

export class OperationFiles {
  readonly #sources: Sources;
  readonly #results = new Map<string, FileResult>();
  /** The user's sources of all results, as they were when they were loaded; null: the results have changed. */
  #own: ReadonlyMap<string, LoadedFile> | null = null;
  /** The names that each file defined when it loaded last. */
  readonly #defined = new Map<string, ReadonlySet<string>>();

  constructor(dirs: readonly string[]) {
    this.#sources = new Sources(dirs);
  }

  /**
   * Drops the results of edited files.
   *
   * @param loading the file that is being loaded, as it was before
   * @returns whether a file was edited, came or went
   */
  look(loading: LoadedFile | null): boolean {
    const isOther = this.#sources.look();
    this.#own ??= ownSources(this.#results.values());
    const edited = new Set<string>();
    for (const source of this.#own.values()) if (!isUnchanged(source)) edited.add(source.file);
    if (loading && isUsers(loading.file) && !isUnchanged(loading)) edited.add(loading.file);
    // A new file may be one that others import.
    if (!isOther && edited.size === 0) return false;
    const { files } = this.#sources;
    this.#own = null;
    for (const [file, result] of this.#results)
      if (!files.includes(file) || result.sources.some((source) => edited.has(source.file)))
        this.#results.delete(file);
    return true;
  }

  /** The next file to load. */
  next(): string | undefined {
    return this.#sources.files.find(
      (file) => !this.#results.has(file) && this.#sources.unreadable(file) === null,
    );
  }

  keep(result: FileResult): void {
    const { file, errors, noType, isLate } = result;
    if (isLate) for (const error of errors) error.message += AGAIN;
    const names = new Set(result.types.map(({ type }) => type.op));
    const error = errors.find((each) => each.file === file);
    const why = error ? notLoading(file, error.message) : noType === null ? null : withoutType(file, noType);
    // A file that does not load now keeps the names of before.
    if (why !== null)
      for (const op of this.#defined.get(file) ?? []) {
        if (!names.has(op) && result.blocked.every((blocked) => blocked.op !== op))
          result.blocked.push({ op, reason: why });
        names.add(op);
      }
    this.#defined.set(file, names);
    this.#own = null;
    this.#results.set(file, result);
  }

  /** The file ended the process that loaded it, or its top level never ends. */
  keepBroken(stamp: LoadedFile, reason: string): void {
    const { file } = stamp;
    const message = reason + AGAIN;
    const names = [...claimedNames(file)];
    this.keep({
      file,
      types: [],
      errors: [{ file, message }],
      noType: null,
      isLate: false,
      blocked: names.map((op) => ({ op, reason: notLoading(file, message) })),
      sources: [stamp],
    });
  }

  /** The type; or a file that is still to be loaded; or why its file does not give it; null: there is no such type. */
  find(op: string): LoadedOperationType | Pending | BlockedType | null {
    for (const file of this.#sources.files) {
      const unreadable = this.#sources.unreadable(file);
      if (unreadable !== null) {
        if (this.#namesOfUnreadable(file).has(op)) return { blocked: unreadable };
        continue;
      }
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

  #namesOfUnreadable(file: string): ReadonlySet<string> {
    return new Set([...claimedNames(file), ...(this.#defined.get(file) ?? [])]);
  }

  /** All types and errors that are known so far. */
  reply(): TypesReply {
    const ops = new Map<string, OperationType>();
    const notLoaded = new Map<string, TypesReply["notLoaded"][number]>();
    const errors: TypesReply["errors"] = [...this.#sources.unread];
    const shadowed: TypesReply["shadowed"] = [];
    const withoutType: TypesReply["withoutType"] = [...this.#sources.unusable];
    for (const file of this.#sources.files) {
      const block = (op: string, reason: string) => {
        if (!ops.has(op) && !notLoaded.has(op)) notLoaded.set(op, { op, file, reason });
      };
      const unreadable = this.#sources.unreadable(file);
      if (unreadable !== null) for (const op of this.#namesOfUnreadable(file)) block(op, unreadable);
      const result = this.#results.get(file);
      if (!result || unreadable !== null) continue;
      errors.push(...result.errors);
      if (result.noType !== null && isUsers(file)) withoutType.push({ file, message: result.noType });
      for (const { type } of result.types) {
        const by = (ops.get(type.op) ?? notLoaded.get(type.op))?.file;
        if (by === undefined) ops.set(type.op, type);
        else if (!this.#exportsFrom(result, by)) shadowed.push({ op: type.op, file, by });
      }
      for (const { op, reason } of result.blocked) block(op, reason);
    }
    const sorted = [...ops.values()].sort((a, b) => (a.op < b.op ? -1 : 1));
    return { ops: sorted, errors, withoutType, notLoaded: [...notLoaded.values()], shadowed };
  }

  /** A class that another file exports again is one type, not two. */
  #exportsFrom(result: FileResult, other: string): boolean {
    const imports = (from: FileResult | undefined, file: string) =>
      from?.sources.some((source) => source.file === file) ?? false;
    return result.file === other || imports(result, other) || imports(this.#results.get(other), result.file);
  }

  whyMissing(op: string): string {
    const { errors, withoutType } = this.reply();
    const known = whyTypeMissing(op, withoutType);
    if (known) return known;
    const missing = `no file defines the operation type ${op} now`;
    const [first, ...more] = errors;
    if (!first) return `${missing}; liveops ops lists the types`;
    const others = more.length === 0 ? "" : `, nor do ${more.length} other files`;
    return `${missing}; ${first.file} does not load: ${first.message}${others}`;
  }
}

/** By file. */
function ownSources(results: Iterable<FileResult>): ReadonlyMap<string, LoadedFile> {
  const own = new Map<string, LoadedFile>();
  for (const { sources } of results)
    for (const source of sources) if (isUsers(source.file)) own.set(source.file, source);
  return own;
}

const AGAIN = "; edit the file, and liveopsd tries it again";
