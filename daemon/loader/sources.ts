/**
 * The list of operation files.
 *
 * The files of a directory that cannot be read now stay in the list, so that the names of their types stay theirs.
 *
 * The shipped files are part of the program and change only with it.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadErrors } from "../../ops/loading/load-files.js";
import { listTypeFiles, unusableFiles } from "../../ops/loading/type-files.js";
import { pathProblem } from "../../protocol/system/owned-path.js";

/** The directory of the bundle; the shipped operations are below it. */
const PROGRAM = fileURLToPath(new URL(".", import.meta.url));

/** More than the granularity of the times of any file system. */
const GRANULARITY_MS = 3000;

export class Sources {
  /** In order of precedence: if two files define a type of the same name, the first file counts. */
  files: readonly string[] = [];
  /** Directories that cannot be read. */
  unread: LoadErrors = [];
  /** Files of the user that look like operation files but are never loaded. */
  unusable: LoadErrors = [];
  #listing: string | null = null;
  /** What `namesIn` said of a directory that has not changed since; `stamp`: how its change would show. */
  readonly #names = new Map<string, { stamp: string; names: string }>();
  /** The files of each directory of the user when it was read last. */
  readonly #known = new Map<string, string[]>();
  /** Files in a directory that cannot be read now, with the reason. */
  readonly #unread = new Map<string, string>();

  constructor(private readonly dirs: readonly string[]) {}

  /** Reads the directories. True if a file was added or removed since the last time. */
  look(): boolean {
    const listing = this.dirs
      .filter(isUsers)
      .map((dir) => `${dir}:${this.#listingOf(dir)}`)
      .join("\n");
    if (listing === this.#listing) return false;
    this.#listing = listing;
    this.unread = [];
    this.unusable = [];
    this.#unread.clear();
    this.files = [...new Set(this.dirs.flatMap((dir) => this.#filesIn(dir)))];
    return true;
  }

  /** Owner, mode and names of a directory. A directory that others may write to is not read. */
  #listingOf(dir: string): string {
    const stat = statSync(dir, { throwIfNoEntry: false });
    if (stat === undefined) return "";
    const { uid, mode, dev, ino, ctimeMs } = stat;
    const stamp = `${dev}:${ino}:${ctimeMs}`;
    const known = this.#names.get(dir);
    const names = known?.stamp === stamp ? known.names : namesIn(dir).join(",");
    // Another change within the granularity of the clock would leave the stamp as it is.
    if (Date.now() - ctimeMs > GRANULARITY_MS) this.#names.set(dir, { stamp, names });
    return `${uid} ${mode}:${names}`;
  }

  /** Why the file cannot be read now: the error of its directory. Null: it can. */
  unreadable(file: string): string | null {
    return this.#unread.get(file) ?? null;
  }

  #filesIn(dir: string): string[] {
    if (!isUsers(dir)) return listTypeFiles(dir);
    const known = this.#known.get(dir) ?? [];
    const problem = pathProblem(dir);
    if (problem !== null) return this.#unreadable(dir, `not loaded: ${problem}`, listed(dir) ?? known);
    try {
      const files = listTypeFiles(dir);
      if (known.length > 0 && !existsSync(dir)) return this.#unreadable(dir, MISSING, known);
      this.unusable.push(...unusableFiles(dir));
      this.#known.set(dir, files);
      return files;
    } catch (error) {
      return this.#unreadable(dir, `${basename(dir)} cannot be read: ${(error as Error).message}`, known);
    }
  }

  #unreadable(dir: string, message: string, files: string[]): string[] {
    this.unread.push({ file: dir, message });
    for (const file of files) this.#unread.set(file, `${dir}: ${message}`);
    return files;
  }
}

const MISSING = "it is missing; create it again, or restart the daemon to go on without it: liveops restart";

function listed(dir: string): string[] | null {
  try {
    return listTypeFiles(dir);
  } catch {
    return null;
  }
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
