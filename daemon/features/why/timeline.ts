/**
 * What a value was at a time: the version of liveops, the text of an operation's file. Written
 * where the value changes, so that a success costs nothing. For each name, a file with the newest
 * values.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedFile } from "../../../ops/loading/type-files.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import { replaceFileSync } from "../../../protocol/system/replace-file.js";

/** Values of a name. */
const VALUES_MOST = 3;
/** Characters of a value; a longer one is not kept. */
const VALUE_MOST = 64 * 1024;
const FILE_MOST = VALUES_MOST * VALUE_MOST * 6;

/** The name of the versions of liveops and Node. */
export const RUNTIME = "runtime";

interface Value {
  readonly since: string;
  readonly value: string;
}

export class Timeline {
  readonly #known = new Map<string, readonly Value[]>();
  /** By file, how it was at the last look. */
  readonly #stamps = new Map<string, string>();

  constructor(private readonly dir: string) {}

  /** The name has this value from this time on. */
  note(name: string, value: string, since: string): void {
    const values = this.#of(name);
    if (values.at(-1)?.value === value || value.length > VALUE_MOST) return;
    const next = [...values, { since, value }].slice(-VALUES_MOST);
    this.#known.set(name, next);
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      replaceFileSync(this.#file(name), JSON.stringify(next));
    } catch {
      // A full disk: the value is known until the daemon ends.
    }
  }

  /** The file is in use, as it was loaded: notes its text where it was edited. */
  noteFile({ file, ctimeMs, size }: LoadedFile, since: string): void {
    const stamp = `${ctimeMs} ${size}`;
    if (stamp === this.#stamps.get(file)) return;
    this.#stamps.set(file, stamp);
    if (size > VALUE_MOST) return;
    try {
      this.note(file, readFileSync(file, "utf8"), since);
    } catch {
      // It went meanwhile.
    }
  }

  /** The value at that time; null: it is not known. */
  at(name: string, time: string): string | null {
    return this.#of(name).findLast(({ since }) => since <= time)?.value ?? null;
  }

  #of(name: string): readonly Value[] {
    let values = this.#known.get(name);
    if (values !== undefined) return values;
    values = this.#read(name);
    this.#known.set(name, values);
    return values;
  }

  #read(name: string): readonly Value[] {
    try {
      const read = JSON.parse(readOwnFile(this.#file(name), FILE_MOST).toString("utf8")) as Value[];
      return read.filter(
        ({ since, value }) => typeof since === "string" && typeof value === "string",
      );
    } catch {
      return [];
    }
  }

  #file(name: string): string {
    return join(this.dir, `${createHash("sha256").update(name).digest("hex").slice(0, 16)}.json`);
  }
}
