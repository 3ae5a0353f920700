/**
 * Reads run files of attempts of other hosts from the engine. Pieces that were read stay in memory
 * up to a bound: those of running operations while they are watched, and of finished ones that were
 * read last.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { eventsFile } from "../../../run-files/attempt-files.js";
import type { IsBefore } from "../../../run-files/events-reader.js";
import { localFiles, MovingReader, type RunFiles } from "../../../run-files/runs.js";
import { isDirectory } from "../../../run-files/unreadable.js";
import type { WorkerEvents } from "../../../run-files/worker-events.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { PieceCursor, RunFile } from "../engine/rows.js";
import { Follow, type Look } from "./follow.js";
import { otherHostMark } from "./other-host.js";
import { isRunPath, NOT_WANTED, type WantedRun } from "./pieces.js";
import { RemoteFiles } from "./remote-files.js";

export interface RemoteRunsOptions {
  store: Pick<FleetEngine, "piecesAfter">;
  /** The directory of the run files of this host. */
  runs: string;
  /** The events of attempts of this host. */
  own: Pick<WorkerEvents, "get">;
  isFinished(id: string): boolean;
  /** Whether this host runs the attempt, or has run it and still has its events. */
  isHere(id: string, attempt: number): boolean;
  /** New lines of the attempt can be read. */
  onRecords(id: string, attempt: number): void;
  /** Something failed while nobody waited for it. */
  onProblem(error: Error): void;
  /** Bytes of the newest lines of a log that are kept, about. Default: no bound. */
  maxLog?: number;
  /** Bytes of pieces of finished operations that are kept. Default: 64 MiB. */
  maxBytes?: number;
  /** Bytes of bodies in one answer. Default: 512 KiB. */
  answerBytes?: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const ANSWER_BYTES = 512 * 1024;
/** Most operations that are kept. */
const MOST = 1000;
/** The operations that were read last stay: somebody reads them now. */
const LAST_READ = 16;

/** One running call for an operation, and what the next one must bring. */
interface Call {
  done: Promise<void>;
  next: { attempt: number; done: Promise<void> | null };
}

interface Attempt {
  id: string;
  attempt: number;
  files: RemoteFiles;
}

export class RemoteRuns {
  /** By operation, then by attempt. The operations that were used last come last. */
  readonly #held = new Map<string, Map<number, RemoteFiles>>();
  readonly #calls = new Map<string, Call>();
  readonly #follow: Follow;

  constructor(private readonly options: RemoteRunsOptions) {
    this.#follow = new Follow({
      fetch: (wanted) => this.#fetchLatest(wanted),
      onProblem: (error) => options.onProblem(error),
    });
  }

  /**
   * Reads the new lines of the last attempts of these operations from now on.
   *
   * @param running called at each look: operations that other hosts run, none while nobody watches
   */
  follow(running: () => Iterable<WantedRun>): void {
    this.#follow.start(running);
  }

  /** The engine may have new pieces, of these operations. */
  hint(ids: readonly string[] = []): void {
    // Pieces that the engine had lost are shipped again after the end of their operation.
    for (const id of ids)
      for (const files of this.#held.get(id)?.values() ?? []) files.isComplete = false;
    this.#follow.hint();
  }

  stop(): Promise<void> {
    return this.#follow.stop();
  }

  /**
   * Reads all that the engine holds of the operations at the time of the call. Calls for the same
   * operation share one that begins after them.
   *
   * @param wanted with the last attempt that is wanted; those before it are read too
   * @throws EngineAwayError
   */
  async bring(wanted: readonly WantedRun[]): Promise<void> {
    await Promise.all(wanted.map(({ id, attempt }) => this.#bringShared(id, attempt)));
  }

  /** The run files: of this host from its disk, of other hosts the pieces that were read. */
  of(id: string): RunFiles {
    const local = localFiles(join(this.options.runs, id));
    const remote = (file: RunFile, attempt: number, isBefore: IsBefore = () => false) =>
      this.files(id, attempt).reader(file, isBefore);
    return {
      ...local,
      attempts: () => {
        const own = local.attempts().filter((attempt) => this.options.isHere(id, attempt));
        const others = [...(this.#held.get(id)?.keys() ?? [])];
        return [...new Set([...own, ...others])].sort((a, b) => a - b);
      },
      events: (attempt, isBefore) =>
        new MovingReader(
          () => this.options.own.get(id, attempt),
          () => remote("events", attempt, isBefore),
          isBefore,
        ),
      log: (attempt, isBefore) =>
        this.options.isHere(id, attempt)
          ? local.log(attempt, isBefore)
          : remote("log", attempt, isBefore),
    };
  }

  files(id: string, attempt: number): RemoteFiles {
    const attempts = this.#held.get(id) ?? new Map<number, RemoteFiles>();
    this.#held.set(id, attempts);
    const files =
      attempts.get(attempt) ?? new RemoteFiles(this.options.maxLog ?? Number.POSITIVE_INFINITY);
    attempts.set(attempt, files);
    return files;
  }

  /**
   * Writes the events of the attempts before the one that starts here to the disk, where its worker
   * reads the values of done stages.
   */
  async bringForRun(id: string, attempt: number): Promise<void> {
    if (!isRunPath(id, attempt)) return;
    await this.#bring(id, attempt - 1, false);
    for (const { attempt: earlier, files } of this.#attempts(id, 1, attempt - 1))
      if (files.cursor.events > 0) writeEvents(join(this.options.runs, id, String(earlier)), files);
  }

  /** The operation was removed. */
  forget(id: string): void {
    this.#held.delete(id);
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
    const done = this.#bring(id, attempt, true);
    const call: Call = { done, next: { attempt: 0, done: null } };
    this.#calls.set(id, call);
    const end = () => {
      if (this.#calls.get(id) === call) this.#calls.delete(id);
    };
    done.then(end, end);
    return done;
  }

  async #bring(id: string, last: number, withLog: boolean): Promise<void> {
    const isFinished = this.options.isFinished(id);
    const attempts = this.#attempts(id, 1, last);
    for (let isMore = true; isMore; ) {
      const wanted = attempts.filter(({ files }) => !files.isComplete);
      if (wanted.length === 0) break;
      const { more, grown } = await this.#fetch(wanted, withLog);
      isMore = more && grown.length > 0;
      if (more || !withLog) continue;
      // An attempt with a successor, or of a finished operation, was shipped before that was
      // recorded.
      for (const { attempt, files } of attempts)
        if (files.problem === null && (isFinished || attempt < last)) files.isComplete = true;
    }
    this.#used(id);
  }

  /** One look of the follower. */
  async #fetchLatest(runs: readonly WantedRun[]): Promise<Look> {
    const attempts = runs.flatMap(({ id, attempt }) => this.#attempts(id, attempt, attempt));
    if (attempts.length === 0) return { isGrown: false, more: false, last: null };
    const { grown, more, last } = await this.#fetch(attempts, true);
    for (const { id } of grown) this.#used(id);
    return { isGrown: grown.length > 0, more, last };
  }

  async #fetch(attempts: readonly Attempt[], withLog: boolean) {
    const { store, answerBytes = ANSWER_BYTES, onRecords } = this.options;
    const cursors = attempts.map(({ files }) => files.cursor);
    const wanted = attempts.map(
      ({ id, attempt }, index): PieceCursor => ({
        id,
        attempt,
        events: cursors[index]!.events,
        log: withLog ? cursors[index]!.log : NOT_WANTED,
      }),
    );
    const { rows, more } = await store.piecesAfter(wanted, answerBytes);
    const last = rows.at(-1) ?? null;
    // In an answer that was cut, the attempts before that of the last piece are whole.
    const cutAt = attempts.findIndex(
      ({ id, attempt }) => id === last?.id && attempt === last.attempt,
    );
    const grown: Attempt[] = [];
    for (const [index, each] of attempts.entries()) {
      if (more && index > cutAt) break;
      const own = rows.filter(({ id, attempt }) => id === each.id && attempt === each.attempt);
      const { events, log } = cursors[index]!;
      const whole = Math.max(events, log, ...own.map((piece) => piece.last));
      const { files } = each;
      const { problem } = files;
      await files.append(own, more && index === cutAt ? last!.first - 1 : whole);
      if (files.problem !== problem) this.options.onProblem(new Error(files.problem!));
      // A look beside it may have taken the same pieces.
      if (files.cursor.events === events && files.cursor.log === log) continue;
      grown.push(each);
      onRecords(each.id, each.attempt);
    }
    return { grown, more, last };
  }

  /** The attempts from `first` to `last` that are not of this host. */
  #attempts(id: string, first: number, last: number): Attempt[] {
    const attempts: Attempt[] = [];
    for (let attempt = first; attempt <= last && isRunPath(id, attempt); attempt++)
      if (!this.options.isHere(id, attempt))
        attempts.push({ id, attempt, files: this.files(id, attempt) });
    return attempts;
  }

  /**
   * Notes the use of an operation, and drops finished ones that were not used for the longest time.
   */
  #used(id: string): void {
    const attempts = this.#held.get(id);
    if (attempts === undefined) return;
    this.#held.delete(id);
    this.#held.set(id, attempts);
    const { maxBytes = MAX_BYTES, isFinished } = this.options;
    let { bytes } = this;
    for (const other of [...this.#held.keys()].slice(0, -LAST_READ)) {
      if (bytes <= maxBytes && this.#held.size <= MOST) return;
      if (this.#calls.has(other) || !isFinished(other)) continue;
      bytes -= bytesOf(this.#held.get(other)!);
      this.#held.delete(other);
    }
  }

  /** Bytes of all pieces. */
  get bytes(): number {
    return [...this.#held.values()].reduce((sum, attempts) => sum + bytesOf(attempts), 0);
  }
}

function bytesOf(attempts: ReadonlyMap<number, RemoteFiles>): number {
  return [...attempts.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * With the mark from the beginning: a crash leaves no directory that looks like one of this host.
 *
 * @throws IrregularFileError if a path that must be a directory is something else
 */
function writeEvents(attemptDir: string, files: RemoteFiles): void {
  for (const dir of [dirname(attemptDir), attemptDir]) isDirectory(dir);
  const lines: string[] = [];
  files.reader("events").read((line) => lines.push(line));
  const fresh = `${attemptDir}.fresh`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(fresh), { recursive: true, mode: 0o700 });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(otherHostMark(fresh), "", { mode: 0o600 });
  writeFileSync(eventsFile(fresh), lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  rmSync(attemptDir, { recursive: true, force: true });
  renameSync(fresh, attemptDir);
}
