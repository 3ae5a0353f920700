/**
 * The operation files there are, and those that no loader reads until they were edited.
 *
 * The shipped ones are part of the program and change with it alone.
 */
import { readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadErrors } from "../../ops/runner/load-files.js";
import { isUnchanged, type LoadedFile, listTypeFiles, loadedFile } from "../../ops/runner/type-files.js";
import { pathProblem } from "../../protocol/owned-path.js";

/** Where the bundle stands, with the shipped operations below. */
const PROGRAM = fileURLToPath(new URL(".", import.meta.url));

export class Sources {
  /** Strongest first: where two hold a type of the same name, the earlier one is taken. */
  files: readonly string[] = [];
  /** Directories that cannot be read. */
  unread: LoadErrors = [];
  #listing: string | null = null;
  readonly #skipped = new Map<string, LoadedFile & { message: string }>();

  constructor(private readonly dirs: readonly string[]) {}

  /** Looks into the directories. True where a file has come or gone since the last look. */
  look(): boolean {
    const listing = this.dirs
      .filter(isUsers)
      .map((dir) => `${dir}:${accessOf(dir)}:${typeNamesIn(dir).join(",")}`)
      .join("\n");
    if (listing === this.#listing) return false;
    this.#listing = listing;
    this.unread = [];
    this.files = [...new Set(this.dirs.flatMap((dir) => this.#filesIn(dir)))];
    return true;
  }

  /** The file keeps a loader from answering: until it is edited, none reads it. */
  skip(file: string, message: string): void {
    this.#skipped.set(file, {
      ...loadedFile(file),
      message: `${message}; it is tried again once it was edited`,
    });
  }

  /** Looks at the skipped files: one that was edited is no longer skipped. */
  lookAtSkipped(): void {
    for (const skipped of this.#skipped.values())
      if (!isUnchanged(skipped)) this.#skipped.delete(skipped.file);
  }

  /** Why no loader reads the file; null: one does. */
  skipped(file: string): string | null {
    return this.#skipped.get(file)?.message ?? null;
  }

  #filesIn(dir: string): string[] {
    const problem = isUsers(dir) ? pathProblem(dir) : null;
    if (problem !== null) {
      this.unread.push({ file: dir, message: `not loaded: ${problem}` });
      return [];
    }
    try {
      return listTypeFiles(dir);
    } catch (error) {
      this.unread.push({
        file: dir,
        message: `${basename(dir)} cannot be read: ${(error as Error).message}`,
      });
      return [];
    }
  }
}

/** One that others may write to is not read: that changes with its owner and mode. */
function accessOf(dir: string): string {
  const { uid = 0, mode = 0 } = statSync(dir, { throwIfNoEntry: false }) ?? {};
  return `${uid} ${mode}`;
}

export function typeNamesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

/** Whether the path is the user's, not the program's. */
export function isUsers(path: string): boolean {
  return !path.startsWith(PROGRAM);
}
