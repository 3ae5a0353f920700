/**
 * Watches the source files of `liveops dev`, by their time and size.
 *
 * `fs.watch` on their directories is a hint to look at once; a look each second finds what it misses: a network disk, a
 * directory that was replaced, inotify at its limit. So no library is needed. A directory is watched, not a file: most
 * editors save by renaming a new file over the old one.
 */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { type LoadedFile, loadedFile } from "../../../ops/runner/type-files.js";

/** Time in ms without a further change, after which a save is complete. */
const QUIET_MS = 100;
/** Time in ms between two looks without a hint. */
const LOOK_MS = 1000;
/** Waits for a file that is missing: some editors remove it first. */
const MISSING_WAITS = 5;

export class SourceWatch {
  #files = new Map<string, LoadedFile>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  readonly #look = setInterval(() => this.look(), LOOK_MS);
  #quiet: NodeJS.Timeout | undefined;
  #waits = 0;

  /**
   * @param onChange - takes the changed files, once a save is complete
   * @param onLimit - a directory cannot be watched, so changes in it are noticed within a second
   * @param watchDirectory - for tests
   */
  constructor(
    private readonly onChange: (files: string[]) => void,
    private readonly onLimit: (error: NodeJS.ErrnoException) => void,
    private readonly watchDirectory: (dir: string, onEvent: () => void) => FSWatcher = watch,
  ) {}

  get size(): number {
    return this.#files.size;
  }

  /**
   * Watches these files, and no others; a change since they were loaded is reported. Of a file that is watched already,
   * a change was reported: a run that a change ended still tells what it had loaded.
   */
  set(files: readonly LoadedFile[]): void {
    this.#files = new Map(files.map((each) => [each.file, this.#files.get(each.file) ?? each]));
    const dirs = new Set(files.map(({ file }) => dirname(file)));
    for (const [dir, watcher] of this.#watchers) {
      if (dirs.has(dir)) continue;
      watcher.close();
      this.#watchers.delete(dir);
    }
    for (const dir of dirs) this.#watch(dir);
    this.look();
  }

  /** Looks for changes now. */
  look(): void {
    let isNew = false;
    for (const [file, before] of this.#files) {
      const now = stateOf(file);
      if (now.ctimeMs === before.ctimeMs && now.size === before.size) continue;
      this.#files.set(file, now);
      this.#changed.add(file);
      isNew = true;
    }
    // A directory that was removed and made again has a new watcher.
    for (const { file } of this.#files.values()) this.#watch(dirname(file));
    if (!isNew) return;
    this.#waits = 0;
    this.#wait();
  }

  close(): void {
    clearInterval(this.#look);
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #wait(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.look();
      const isMissing = [...this.#changed].some((file) => this.#files.get(file)?.ctimeMs === 0);
      if (isMissing && this.#waits++ < MISSING_WAITS) {
        this.#wait();
        return;
      }
      const files = [...this.#changed];
      this.#changed.clear();
      if (files.length > 0) this.onChange(files);
    }, QUIET_MS);
  }

  #watch(dir: string): void {
    if (this.#watchers.has(dir)) return;
    try {
      const watcher = this.watchDirectory(dir, () => this.look());
      const end = () => {
        watcher.close();
        if (this.#watchers.get(dir) === watcher) this.#watchers.delete(dir);
      };
      watcher.on("error", end);
      this.#watchers.set(dir, watcher);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOSPC" || code === "EMFILE") this.onLimit(error as NodeJS.ErrnoException);
    }
  }
}

function stateOf(file: string): LoadedFile {
  try {
    return loadedFile(file);
  } catch {
    // It cannot be read now, as if it were missing.
    return { file, ctimeMs: 0, size: 0 };
  }
}
