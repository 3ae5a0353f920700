/**
 * The operation files that a loader has read, and whether they are still what it read.
 *
 * The shipped ones are part of the program and change with it alone.
 */
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isUnchanged, type LoadedFile, loadedFile } from "../../ops/api/type-files.js";
import type { SkippedFile } from "./messages.js";

/** Where the bundle stands, with the shipped operations below. */
const PROGRAM = fileURLToPath(new URL(".", import.meta.url));

export class Sources {
  #files: LoadedFile[] = [];
  #listing = "";
  readonly #skipped = new Map<string, LoadedFile & { message: string }>();
  #looked = false;
  readonly #dirs: readonly string[];

  constructor(dirs: readonly string[]) {
    this.#dirs = dirs.filter(isNotOurs);
  }

  /** A loader is about to read the directories. */
  begin(): void {
    this.#listing = this.#list();
    this.#files = [];
  }

  /** It has read these, and all but those it skipped. */
  loaded(files: readonly LoadedFile[]): void {
    this.#files = [...files, ...this.#skipped.values()].filter(({ file }) => isNotOurs(file));
  }

  /** The file keeps a loader from answering: until it is edited, none reads it. */
  skip(file: string, message: string): void {
    this.#skipped.set(file, {
      ...loadedFile(file),
      message: `${message}; it is tried again once it was edited`,
    });
  }

  /** Those that are as they were when they were found out. */
  skipped(): SkippedFile[] {
    for (const skipped of this.#skipped.values())
      if (!isUnchanged(skipped)) this.#skipped.delete(skipped.file);
    return [...this.#skipped.values()].map(({ file, message }) => ({ file, message }));
  }

  /**
   * Neither a file was edited nor has one come or gone. A look holds for the rest of this turn of the event loop: who
   * edits a file once we answered asks in a later one.
   */
  areUnchanged(): boolean {
    if (this.#looked) return true;
    const unchanged = this.#list() === this.#listing && this.#files.every(isUnchanged);
    if (!unchanged) return false;
    this.#looked = true;
    setImmediate(() => {
      this.#looked = false;
    });
    return true;
  }

  #list(): string {
    return this.#dirs.map((dir) => `${dir}:${accessOf(dir)}:${namesIn(dir).join(",")}`).join("\n");
  }
}

/** One that others may write to is not read: that changes with its owner and mode. */
function accessOf(dir: string): string {
  const { uid = 0, mode = 0 } = statSync(dir, { throwIfNoEntry: false }) ?? {};
  return `${uid} ${mode}`;
}

export function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function isNotOurs(path: string): boolean {
  return !path.startsWith(PROGRAM);
}
