/**
 * Decides which loader processes there are. Usually there is one, which has loaded all files.
 *
 * When a file was edited, a new process loads that file first, then all others. Until then the old process continues to
 * answer for unchanged files. If a file blocks a process, that process keeps the file, and another process loads the
 * others. So a slow file delays only its own types.
 */
import { LoaderDied, LoaderProcess } from "./loader-process.js";
import type { FileResult } from "./messages.js";
import { isUsers, type Sources } from "./sources.js";

/** Most processes at the same time. */
const MOST = 5;

/** How often busy processes are checked, in ms. */
const CHECK_MS = 100;

/** Pause after a process that could not be started, doubled after each further failure, in ms. */
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 5000;

interface Provider {
  process: LoaderProcess;
  result: FileResult;
}

export class LoaderProcesses {
  /** Grows whenever files are loaded again. */
  version = 0;
  /** Newest first. */
  #all: LoaderProcess[] = [];
  /** Why no process could be started, and until when no other start is tried. */
  #failure: { error: Error; until: number } | null = null;
  #failures = 0;
  /** The file that was being loaded when a process died. */
  #suspect: string | null = null;
  #looked = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly sources: Sources,
    private readonly onOutput: (line: string) => void,
    /** A file was loaded, or cannot be loaded. */
    private readonly onNews: () => void,
    /** Names of the daemon's own variables that operations get. */
    private readonly fromDaemon: readonly string[],
  ) {}

  /**
   * Starts to load the files as they are now. A check of the files is valid for the rest of this turn of the event
   * loop: a client that edits a file after an answer asks again in a later turn.
   */
  refresh(): void {
    if (this.#looked) return;
    const isOther = this.sources.look();
    this.sources.lookAtSkipped();
    for (const process of this.#all) process.look();
    // A new file may be one that others import.
    if (isOther || !this.#coversAll()) this.#begin();
    this.#looked = true;
    setImmediate(() => {
      this.#looked = false;
    });
  }

  /** Loads all files again, in a process with the present variables. The others answer until then. */
  renew(): void {
    this.#begin();
  }

  /** As `refresh`, without a check of the files: a process may have ended meanwhile. */
  ensure(): void {
    if (!this.#coversAll()) this.#begin();
  }

  /** Why the missing files are not being loaded; null: no failure. */
  get failure(): Error | null {
    return this.#failure && !this.#coversAll() ? this.#failure.error : null;
  }

  /** All files are loaded, or cannot be loaded. */
  get isComplete(): boolean {
    return this.#wanted().every((file) => this.provider(file) !== null);
  }

  /** Errors thrown while files were loaded, where no code could catch them. */
  get faults(): LoaderProcess["faults"] {
    return this.#all.flatMap(({ faults }) => faults);
  }

  /** The process to ask about the file, preferably one that is not stuck. Null: the file is still to be loaded. */
  provider(file: string): Provider | null {
    const providers = this.#all.flatMap((process) => {
      const result = process.result(file);
      return result ? { process, result } : [];
    });
    if (providers.length <= 1) return providers[0] ?? null;
    // Code that blocks one process would block the next.
    const held = providers.find(({ process }) => process.isStuck && process.suspect === file);
    return held ?? providers.find(({ process }) => !process.isStuck) ?? providers[0]!;
  }

  /** Checks busy processes from now on. */
  keepChecking(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      for (const each of this.#all) each.check();
      this.#retire();
      if (this.#all.some(({ isBusy }) => isBusy)) this.keepChecking();
    }, CHECK_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const each of this.#all) each.stop();
    this.#all = [];
  }

  /** The files that are to be loaded. */
  #wanted(): string[] {
    return this.sources.files.filter((file) => this.sources.skipped(file) === null);
  }

  /** Each file is loaded, or soon will be. */
  #coversAll(): boolean {
    return this.#wanted().every(
      (file) => this.provider(file) !== null || this.#all.some((process) => process.isToLoad(file)),
    );
  }

  /** The files whose top level blocks a process. */
  #held(): Set<string | null> {
    return new Set(this.#all.filter((each) => each.isStuck && !each.isLoaded).map(({ suspect }) => suspect));
  }

  #begin(): void {
    if (this.#failure && performance.now() < this.#failure.until) return;
    this.version++;
    const held = this.#held();
    const wanted = this.#wanted().filter((file) => !held.has(file));
    const isKnown = (file: string) => this.provider(file) !== null;
    const unknown = wanted.filter((file) => !isKnown(file));
    if (!this.#makesRoom()) return;
    this.#spawn([...inOrder(unknown), ...wanted.filter(isKnown)]);
  }

  #spawn(files: string[]): void {
    if (files.length === 0) return;
    try {
      const { onOutput, fromDaemon } = this;
      const onNews = (process: LoaderProcess) => this.#news(process);
      this.#all.unshift(new LoaderProcess({ files, fromDaemon, onOutput, isWatched: isUsers, onNews }));
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.keepChecking();
  }

  /** Ends the processes that a new one replaces. False if there is no room for a new one: all others are in use. */
  #makesRoom(): boolean {
    for (const process of [...this.#all]) {
      const isAtWork = process.isLoaded || process.isAsked || process.isStuck;
      if (!isAtWork && !this.#wanted().some((file) => this.#isOnly(process, file))) this.#drop(process);
    }
    return this.#all.length < MOST;
  }

  /** Whether only this process has a result of the file. */
  #isOnly(process: LoaderProcess, file: string): boolean {
    return process.result(file) !== null && this.#all.every((each) => each === process || !each.result(file));
  }

  #drop(process: LoaderProcess): void {
    process.stop();
    this.#all = this.#all.filter((each) => each !== process);
  }

  #news(process: LoaderProcess): void {
    if (!this.#all.includes(process)) return;
    if (process.isStarted) {
      this.#failure = null;
      this.#failures = 0;
    }
    for (const { file, errors, isLate } of process.results.values())
      if (isLate && this.sources.skipped(file) === null && process.result(file))
        this.sources.skip(file, errors[0]?.message ?? "its top level did not finish");
    if (process.isDead) this.#died(process);
    this.#help();
    this.#retire();
    this.onNews();
  }

  #died(process: LoaderProcess): void {
    this.#all = this.#all.filter((each) => each !== process);
    const { death, loading, isStarted, isLoaded } = process;
    if (!isStarted) this.#fail(death!);
    if (!isStarted || isLoaded || loading === null || process.suspect !== loading) return;
    // A process that was killed from outside is no evidence against its file. Only a second death is.
    if (death instanceof LoaderDied && this.#suspect !== loading) this.#suspect = loading;
    else this.sources.skip(loading, death!.message);
  }

  #fail(error: Error): void {
    const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failures++);
    this.#failure = { error, until: performance.now() + rest };
  }

  /** Starts one more process for the files that wait for a stuck process, except those that block one. */
  #help(): void {
    if (this.#all.length >= MOST) return;
    const stuck = this.#all.filter(({ isStuck }) => isStuck);
    if (stuck.length === 0) return;
    const blamed = new Set(stuck.map(({ suspect }) => suspect));
    const waits = (file: string) =>
      !blamed.has(file) &&
      !this.#all.some((each) => !each.isStuck && (each.isToLoad(file) || each.result(file) !== null));
    if (!this.#wanted().some(waits)) return;
    const held = this.#held();
    this.#spawn(inOrder(this.#wanted().filter((file) => !held.has(file))));
  }

  /** Ends the processes whose files are all loaded by other processes too, unless a question is open. */
  #retire(): void {
    if (this.#all.length <= 1) return;
    const covered = new Set<string>();
    const resultsOf = (process: LoaderProcess) =>
      this.#wanted().filter((file) => process.result(file) !== null);
    const done = this.#all
      .filter(({ isLoaded, isStuck }) => isLoaded && !isStuck)
      .map((process) => ({ process, files: resultsOf(process) }))
      .toSorted((a, b) => b.files.length - a.files.length);
    for (const { process, files } of done) {
      const isNeeded = files.some((file) => !covered.has(file));
      if (isNeeded) for (const file of files) covered.add(file);
      else if (!process.isAsked) this.#drop(process);
    }
  }
}

/** Files of the program first: they load fast, and must not wait for files of the user. */
function inOrder(files: string[]): string[] {
  return [...files.filter((file) => !isUsers(file)), ...files.filter(isUsers)];
}
