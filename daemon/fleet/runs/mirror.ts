/**
 * Mirrors run files of attempts of other hosts into their normal place, so that every reader finds them there.
 *
 * A directory without the marker is an attempt of this host, and is never touched. What is mirrored is bounded; what was
 * removed is brought again when it is asked for.
 */
import { lstatSync, renameSync } from "node:fs";
import { join } from "node:path";
import { isMirrored } from "../../run-files/attempt-files.js";
import { isUnreadable } from "../../run-files/unreadable.js";
import { Follow, type Look } from "./follow.js";
import { MirrorSpace, removeMirrored, type SpaceOptions } from "./mirror-space.js";
import { MirroredAttempt } from "./mirrored-attempt.js";
import {
  isRunPath,
  NOT_WANTED,
  type Piece,
  type PieceCursor,
  type PieceStore,
  type WantedRun,
} from "./pieces.js";

export interface MirrorOptions extends Omit<SpaceOptions, "onEvicted"> {
  store: Pick<PieceStore, "piecesAfter">;
  /** New lines of the attempt are in its files. */
  onRecords(id: string, attempt: number): void;
  /** Something failed while nobody waited for it. */
  onProblem(error: Error): void;
  /** Bytes of the newest lines of a mirrored log that are kept, about. Default: no bound. */
  maxLog?: number;
  /** Bytes of bodies in one answer. Default: 512 KiB. */
  answerBytes?: number;
}

const ANSWER_BYTES = 512 * 1024;

/** One running call for an operation, and what the next one must bring. */
interface Call {
  done: Promise<void>;
  next: { attempt: number; done: Promise<void> | null };
}

export class Mirror {
  readonly #space: MirrorSpace;
  /** By directory. */
  readonly #open = new Map<string, MirroredAttempt>();
  readonly #calls = new Map<string, Call>();
  /** Operations of which an open attempt has all lines. */
  readonly #complete = new Set<string>();
  readonly #follow: Follow;

  constructor(private readonly options: MirrorOptions) {
    this.#space = new MirrorSpace({ ...options, onEvicted: (dir) => this.#open.delete(dir) });
    this.#follow = new Follow({
      fetch: (wanted) => this.#fetchLatest(wanted),
      onProblem: (error) => options.onProblem(error),
    });
  }

  /** Finds what earlier daemons mirrored; it counts towards the bound then. */
  start(): Promise<void> {
    return this.#space.scan();
  }

  /**
   * Keeps the last attempts of these operations mirrored from now on.
   *
   * @param running - called at each look: operations that other hosts run, none while nobody watches
   */
  follow(running: () => Iterable<WantedRun>): void {
    this.#follow.start(running);
  }

  /** The engine may have new pieces, of these operations. */
  hint(ids: readonly string[] = []): void {
    for (const id of ids) {
      // Pieces that the engine had lost are shipped again after the end of their operation.
      if (!this.#complete.delete(id)) continue;
      for (const [dir, files] of this.#open)
        if (dir.startsWith(join(this.options.runs, id, "/"))) files.isComplete = false;
    }
    this.#follow.hint();
  }

  stop(): Promise<void> {
    return this.#follow.stop();
  }

  /** Bytes of all mirrored attempts. */
  get bytes(): number {
    return this.#space.bytes;
  }

  /**
   * Brings all that the engine holds of the operations at the time of the call. Calls for the same operation share one
   * that begins after them.
   *
   * @param wanted - with the last attempt that is wanted; those before it are brought too
   * @throws EngineAwayError; the error of the file system if a file cannot be written
   */
  async bring(wanted: readonly WantedRun[]): Promise<void> {
    await Promise.all(wanted.map(({ id, attempt }) => this.#bringShared(id, attempt)));
  }

  /**
   * Brings the events of the attempts before the one that starts here, which hold the values of done stages. Removes
   * what is mirrored of the attempt itself: its directory is this host's from now on.
   */
  async bringForRun(id: string, attempt: number): Promise<void> {
    if (!isRunPath(id, attempt)) return;
    await this.#settled(id);
    const dir = this.#dirOf(id, attempt);
    if (isMirrored(dir)) this.#remove(dir);
    await this.#bring(id, attempt - 1, { withLog: false });
  }

  /**
   * Renames the directory of an attempt of this host that another host has taken over, so that it can be mirrored.
   *
   * @returns the new path, with a name that no reader of run files looks at; null if there is no such directory
   * @throws the system error
   */
  takeAside(id: string, attempt: number): string | null {
    const dir = this.#dirOf(id, attempt);
    if (!isRunPath(id, attempt) || !isThere(dir) || isMirrored(dir)) return null;
    let n = 1;
    while (isThere(`${dir}.fenced-${n}`)) n++;
    const aside = `${dir}.fenced-${n}`;
    renameSync(dir, aside);
    return aside;
  }

  /** Whether the files of the attempt are a copy. */
  isMirrored(id: string, attempt: number): boolean {
    return isRunPath(id, attempt) && isMirrored(this.#dirOf(id, attempt));
  }

  /** The operation was removed with all its files. */
  forget(id: string): void {
    this.#complete.delete(id);
    const prefix = join(this.options.runs, id, "/");
    for (const dir of this.#open.keys()) {
      if (!dir.startsWith(prefix)) continue;
      this.#open.delete(dir);
      this.#space.forget(dir);
    }
  }

  #dirOf(id: string, attempt: number): string {
    return join(this.options.runs, id, String(attempt));
  }

  #remove(dir: string): void {
    this.#open.delete(dir);
    this.#space.forget(dir);
    removeMirrored(dir);
  }

  /** When no call for the operation is running. */
  async #settled(id: string): Promise<void> {
    for (let call = this.#calls.get(id); call; call = this.#calls.get(id)) await call.done.catch(() => {});
  }

  #bringShared(id: string, attempt: number): Promise<void> {
    const running = this.#calls.get(id);
    if (!running) return this.#call(id, attempt);
    const { next } = running;
    next.attempt = Math.max(next.attempt, attempt);
    next.done ??= running.done.catch(() => {}).then(() => this.#call(id, next.attempt));
    return next.done;
  }

  #call(id: string, attempt: number): Promise<void> {
    const done = this.#bring(id, attempt, { withLog: true });
    const call: Call = { done, next: { attempt: 0, done: null } };
    this.#calls.set(id, call);
    const end = () => {
      if (this.#calls.get(id) === call) this.#calls.delete(id);
    };
    done.then(end, end);
    return done;
  }

  async #bring(id: string, last: number, { withLog }: { withLog: boolean }): Promise<void> {
    const isFinished = this.options.isFinished(id);
    const attempts = this.#attempts(id, 1, last);
    const release = this.#hold(attempts);
    try {
      for (;;) {
        const wanted = attempts
          .filter(({ files }) => !files.isComplete)
          .map(({ id, attempt, files }) => wantedOf(id, attempt, files, withLog));
        if (wanted.length === 0) break;
        const { more, isGrown } = await this.#fetch(wanted, attempts);
        if (more && isGrown) continue;
        // An attempt with a successor, or of a finished operation, was shipped before that was recorded.
        for (const { attempt, files } of attempts)
          if (withLog && !more && files.problem === null && (isFinished || attempt < last))
            this.#completed(id, files);
        break;
      }
      for (const each of attempts) this.#used(each);
    } finally {
      release();
    }
    this.#space.evict();
  }

  #completed(id: string, files: MirroredAttempt): void {
    files.isComplete = true;
    this.#complete.add(id);
  }

  /** One look of the follower. */
  async #fetchLatest(runs: readonly WantedRun[]): Promise<Look> {
    const attempts = runs.flatMap(({ id, attempt }) => this.#attempts(id, attempt, attempt));
    if (attempts.length === 0) return { isGrown: false, more: false, last: null };
    const release = this.#hold(attempts);
    try {
      const wanted = attempts.map(({ id, attempt, files }) => wantedOf(id, attempt, files, true));
      const fetched = await this.#fetch(wanted, attempts);
      for (const each of fetched.grown) this.#used(each);
      return fetched;
    } finally {
      release();
      this.#space.evict();
    }
  }

  async #fetch(wanted: readonly PieceCursor[], attempts: readonly OpenAttempt[]) {
    const { store, answerBytes = ANSWER_BYTES } = this.options;
    const { rows, more } = await store.piecesAfter(wanted, answerBytes);
    const last = rows.at(-1) ?? null;
    const grown: OpenAttempt[] = [];
    for (const each of attempts) {
      const own = rows.filter(({ id, attempt }) => id === each.id && attempt === each.attempt);
      if (own.length === 0 || !(await this.#append(each, own, more && last === own.at(-1)))) continue;
      grown.push(each);
      this.options.onRecords(each.id, each.attempt);
    }
    return { grown, isGrown: grown.length > 0, more, last };
  }

  async #append({ files }: OpenAttempt, rows: Piece[], more: boolean): Promise<boolean> {
    const { problem } = files;
    try {
      return await files.append(rows, more);
    } catch (error) {
      // The operation was removed meanwhile.
      if (isUnreadable(error) && !isThere(files.dir)) return false;
      throw error;
    } finally {
      if (files.problem !== null && files.problem !== problem)
        this.options.onProblem(new Error(files.problem));
    }
  }

  /** The attempts from `first` to `last` that are not this host's, with their directories. */
  #attempts(id: string, first: number, last: number): OpenAttempt[] {
    const found: OpenAttempt[] = [];
    for (let attempt = first; attempt <= last; attempt++) {
      if (!isRunPath(id, attempt)) return found;
      const files = this.#opened(id, attempt);
      if (files) found.push({ id, attempt, files });
    }
    return found;
  }

  #opened(id: string, attempt: number): MirroredAttempt | null {
    const dir = this.#dirOf(id, attempt);
    const open = this.#open.get(dir);
    if (open && isMirrored(dir)) return open;
    const files = MirroredAttempt.open(dir, this.options.maxLog);
    if (files) this.#open.set(dir, files);
    return files;
  }

  #used({ id, files }: OpenAttempt): void {
    if (isMirrored(files.dir)) this.#space.used(id, files.dir, files.bytes);
  }

  #hold(attempts: readonly OpenAttempt[]): () => void {
    const releases = attempts.map(({ files }) => this.#space.hold(files.dir));
    return () => {
      for (const release of releases) release();
    };
  }
}

interface OpenAttempt {
  id: string;
  attempt: number;
  files: MirroredAttempt;
}

function wantedOf(id: string, attempt: number, files: MirroredAttempt, withLog: boolean): PieceCursor {
  const { events, log } = files.cursor;
  return { id, attempt, events, log: withLog ? log : NOT_WANTED };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
