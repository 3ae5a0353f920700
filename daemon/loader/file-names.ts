/** The names of the types that files define, defined before, or may define. */
import { claimedNames, notLoading, withoutType } from "../../ops/loading/blocked-names.js";
import { isUnchanged, type LoadedFile, loadedFile } from "../../ops/loading/type-files.js";
import { typeNamesIn } from "../../ops/loading/type-names.js";
import type { FileResult } from "./messages.js";

export class FileNames {
  /** Of each file when it loaded last. */
  readonly #defined = new Map<string, ReadonlySet<string>>();
  /** By the text of a file; null: any, because it exports from other files. */
  readonly #possible = new OfUnchanged(typeNamesIn);
  readonly #claimed = new OfUnchanged(claimedNames);

  /** Keeps the names of a file that was loaded. A file that does not load now keeps those of before. */
  note({ file, types, errors }: FileResult): void {
    if (types.length === 0) return;
    const before = errors.length > 0 ? (this.#defined.get(file) ?? []) : [];
    this.#defined.set(file, new Set([...before, ...types.map(({ type }) => type.op)]));
  }

  /** Whether a file that is still to be loaded may define the type. */
  mayDefine(file: string, op: string): boolean {
    const names = this.#possible.of(file);
    return names === null || names.has(op) || (this.#defined.get(file)?.has(op) ?? false);
  }

  /** The types that a loaded file stands for and does not give, each with the reason. */
  blockedIn({ file, types, errors, noType, blocked }: FileResult): Map<string, string> {
    const reasons = new Map(blocked.map(({ op, reason }) => [op, reason]));
    const [error] = errors;
    const why = error ? notLoading(file, error.message) : noType === null ? null : withoutType(file, noType);
    if (why === null) return reasons;
    for (const op of this.#defined.get(file) ?? [])
      if (!reasons.has(op) && types.every(({ type }) => type.op !== op)) reasons.set(op, why);
    return reasons;
  }

  /** The names of a file that no loader reads. */
  ofSkipped(file: string): ReadonlySet<string> {
    const defined = this.#defined.get(file);
    return new Set([...this.#claimed.of(file), ...(defined ?? [])]);
  }
}

/** What a function makes of a file, kept while the file is unchanged. */
class OfUnchanged<T> {
  readonly #kept = new Map<string, { stamp: LoadedFile; value: T }>();

  constructor(private readonly make: (file: string) => T) {}

  of(file: string): T {
    const known = this.#kept.get(file);
    if (known && isUnchanged(known.stamp)) return known.value;
    const stamp = loadedFile(file);
    const value = this.make(file);
    this.#kept.set(file, { stamp, value });
    return value;
  }
}
