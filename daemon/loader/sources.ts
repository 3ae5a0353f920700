/**
 * The list of operation files, and the files that no loader reads until they are edited.
 *
 * The shipped files are part of the program and change only with it.
 */
import { readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadErrors } from "../../ops/runner/load-files.js";
import {
  isUnchanged,
  type LoadedFile,
  listTypeFiles,
  loadedFile,
  unusableFiles,
} from "../../ops/runner/type-files.js";
import { pathProblem } from "../../protocol/owned-path.js";

/** The directory of the bundle; the shipped operations are below it. */
const PROGRAM = fileURLToPath(new URL(".", import.meta.url));

export class Sources {
  /** In order of precedence: if two files define a type of the same name, the first file counts. */
  files: readonly string[] = [];
  /** Directories that cannot be read. */
  unread: LoadErrors = [];
  /** Files of the user that look like operation files but are never loaded. */
  unusable: LoadErrors = [];
  #listing: string | null = null;
  readonly #skipped = new Map<string, LoadedFile & { message: string }>();

  constructor(private readonly dirs: readonly string[]) {}

  /** Reads the directories. True if a file was added or removed since the last time. */
  look(): boolean {
    const listing = this.dirs
      .filter(isUsers)
      .map((dir) => `${dir}:${accessOf(dir)}:${namesIn(dir).join(",")}`)
      .join("\n");
    if (listing === this.#listing) return false;
    this.#listing = listing;
    this.unread = [];
    this.unusable = [];
    this.files = [...new Set(this.dirs.flatMap((dir) => this.#filesIn(dir)))];
    return true;
  }

  /** The file keeps a loader from answering: no loader reads it until it is edited. */
  skip(file: string, message: string): void {
    this.#skipped.set(file, {
      ...loadedFile(file),
      message: `${message}; edit the file, and liveopsd tries it again`,
    });
  }

  /** Checks the skipped files: a file that was edited is no longer skipped. */
  lookAtSkipped(): void {
    for (const skipped of this.#skipped.values())
      if (!isUnchanged(skipped)) this.#skipped.delete(skipped.file);
  }

  /** Why no loader reads the file; null: it is not skipped. */
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
      const files = listTypeFiles(dir);
      if (isUsers(dir)) this.unusable.push(...unusableFiles(dir));
      return files;
    } catch (error) {
      this.unread.push({
        file: dir,
        message: `${basename(dir)} cannot be read: ${(error as Error).message}`,
      });
      return [];
    }
  }
}

/** Owner and mode of a directory. A directory that others may write to is not read. */
function accessOf(dir: string): string {
  const { uid = 0, mode = 0 } = statSync(dir, { throwIfNoEntry: false }) ?? {};
  return `${uid} ${mode}`;
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
  return !path.startsWith(PROGRAM);
}
