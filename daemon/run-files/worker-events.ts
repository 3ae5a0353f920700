/**
 * Where the events of the attempts of this machine are stored, from the start of an attempt until
 * the store has taken them up into its history. They are in the files of the workers
 * (`workers/<id>.events.ndjson`), one attempt after the other. A file is removed when its worker
 * has ended and no event in it is needed any more.
 *
 * The places are in memory only: a start finds them again by reading the files.
 */

import { readdirSync, rmSync, truncateSync } from "node:fs";
import { basename } from "node:path";
import { isWhole } from "../../protocol/record-line.js";
import { isLocked } from "../os/kernel-lock.js";
import { workerFiles } from "../store/layout.js";
import { quarantineFile } from "../store/quarantine.js";
import { type DamagedRange, damageProblem } from "../store/read-lines.js";
import { completeLines } from "./attempt-files.js";
import { keepRanges } from "./checked-events.js";
import { attemptOf, type EventsPlace } from "./events-reader.js";
import { Tail } from "./tail.js";
import { isUnreadable } from "./unreadable.js";

const NAME = /^(\w+)\.events\.ndjson$/;

/** The id of a worker, by the name of its events file; null: the file is another one. */
export function workerOfEvents(name: string): string | null {
  return NAME.exec(basename(name))?.[1] ?? null;
}

export class WorkerEvents {
  /** By operation, then by attempt. */
  readonly #places = new Map<string, Map<number, EventsPlace>>();
  /** The last place in each file. */
  readonly #last = new Map<string, EventsPlace>();
  /** Number of places in each file. */
  readonly #used = new Map<string, number>();
  /** Where the next attempt of a worker would begin, for workers of an earlier daemon. */
  readonly #ends = new Map<string, number>();
  /** What stands in the place of a file and cannot be read stays there. */
  readonly #unreadable = new Set<string>();
  /** Workers of an earlier daemon that have a file. */
  readonly #found = new Set<string>();
  /** Files of workers that have ended. */
  readonly #ended = new Set<string>();

  /** @param dir of the workers' files */
  constructor(private readonly dir: string) {}

  /**
   * Finds the attempts in the files of all workers. Completes the files of dead workers, and
   * removes none: without its file, an attempt that nobody has accepted counts as begun
   * (`hasFound`).
   *
   * @returns problems, in words
   */
  find(): string[] {
    const problems: string[] = [];
    for (const name of readdirSync(this.dir)) {
      const workerId = workerOfEvents(name);
      if (workerId === null) continue;
      const { eventsFile, lockFile } = workerFiles(this.dir, workerId);
      this.#found.add(workerId);
      const isOver = !isLocked(lockFile);
      if (isOver) completeLines(eventsFile);
      try {
        const problem = this.#read(eventsFile, isOver);
        if (problem !== null) problems.push(problem);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        problems.push(`${eventsFile} cannot be read: ${error.message}`);
        this.#unreadable.add(eventsFile);
      }
    }
    return problems;
  }

  /**
   * The attempt is about to begin: its events come into the worker's file. Called before the start
   * is recorded, since readers look for the events from then on.
   *
   * @param from bytes of events that are in the file
   */
  begin(id: string, attempt: number, workerId: string, from: number): EventsPlace {
    const place = { id, attempt, file: workerFiles(this.dir, workerId).eventsFile, from };
    this.#put(place);
    return place;
  }

  /** The attempt did not begin, or its events are stored elsewhere. */
  drop(place: EventsPlace): void {
    const { id, attempt, file } = place;
    const attempts = this.#places.get(id);
    if (attempts?.get(attempt) !== place) return;
    attempts.delete(attempt);
    if (attempts.size === 0) this.#places.delete(id);
    this.#unused(file);
  }

  get(id: string, attempt: number): EventsPlace | null {
    return this.#places.get(id)?.get(attempt) ?? null;
  }

  /**
   * The place of a running attempt. Of an earlier daemon's, without any event, it is the end of the
   * worker's file.
   */
  running(id: string, attempt: number, workerId: string): EventsPlace {
    const known = this.get(id, attempt);
    if (known !== null) return known;
    const { eventsFile } = workerFiles(this.dir, workerId);
    return this.begin(id, attempt, workerId, this.#ends.get(eventsFile) ?? 0);
  }

  /**
   * Whether the worker of an earlier daemon had a file at the start. A worker creates it before it
   * gets an order: without it nobody knows what the operation has done.
   */
  hasFound(workerId: string): boolean {
    return this.#found.has(workerId);
  }

  /** The last attempt in the worker's file; null: there is none. */
  lastOf(workerId: string): EventsPlace | null {
    return this.#last.get(workerFiles(this.dir, workerId).eventsFile) ?? null;
  }

  /** The attempts of the operation, in order. */
  of(id: string): EventsPlace[] {
    return [...(this.#places.get(id)?.values() ?? [])].sort((a, b) => a.attempt - b.attempt);
  }

  ids(): Iterable<string> {
    return this.#places.keys();
  }

  /** The events of the operation are not needed any more. */
  release(id: string): void {
    for (const place of this.of(id)) this.drop(place);
  }

  /** Forgets the events of all other operations: they are stored elsewhere, or removed. */
  keepOnly(isKept: (id: string) => boolean): void {
    for (const id of [...this.#places.keys()]) if (!isKept(id)) this.release(id);
  }

  /** The worker writes no more. */
  workerEnded(workerId: string): void {
    const { eventsFile } = workerFiles(this.dir, workerId);
    this.#ended.add(eventsFile);
    this.#removeUnneeded(eventsFile);
  }

  #put(place: EventsPlace): void {
    const attempts = this.#places.get(place.id) ?? new Map<number, EventsPlace>();
    this.#places.set(place.id, attempts);
    const before = attempts.get(place.attempt);
    attempts.set(place.attempt, place);
    const previous = this.#last.get(place.file);
    if (previous) previous.to = place.from;
    this.#last.set(place.file, place);
    this.#used.set(place.file, (this.#used.get(place.file) ?? 0) + 1);
    // A worker that died before it accepted the attempt wrote nothing of it.
    if (before) this.#unused(before.file);
  }

  #unused(file: string): void {
    this.#used.set(file, (this.#used.get(file) ?? 1) - 1);
    this.#removeUnneeded(file);
  }

  #removeUnneeded(file: string): void {
    if ((this.#used.get(file) ?? 0) > 0 || !this.#ended.has(file) || this.#unreadable.has(file))
      return;
    this.#used.delete(file);
    this.#ended.delete(file);
    this.#ends.delete(file);
    this.#last.delete(file);
    rmSync(file, { force: true, recursive: true });
  }

  /**
   * A damaged line counts as one of the attempt whose line follows.
   *
   * @param isOver - nobody writes the file any more
   * @returns what is wrong with the file as a whole, in words
   */
  #read(file: string, isOver: boolean): string | null {
    const tail = new Tail(file);
    let last: EventsPlace | null = null;
    let end = 0;
    try {
      const look = (line: string) => {
        const whose = attemptOf(line);
        if (whose === null) return;
        if (whose.id !== last?.id || whose.attempt !== last.attempt) {
          // The attempt in a damaged line is not one.
          if (!isWhole(line)) return;
          last = { ...whose, file, from: end };
          this.#put(last);
        }
        end = tail.offset;
      };
      while (tail.read(look, PIECE));
      const lines = tail.offset;
      const rest = tail.takeRest();
      if (last === null && lines > 0) return this.#putAside(file, isOver);
      // A living worker may be writing a line, but nothing behind the space that it has reserved.
      const from = isOver ? 0 : rest.search(/(?<=\t\t)[^\t]/);
      if (rest === "" || from === -1) return null;
      // A read beside a write may see the end of a line before its beginning.
      if (!isOver && restOf(file, lines) !== rest) return null;
      const range = { start: lines + Buffer.byteLength(rest.slice(0, from)), end: tail.offset };
      const aside = keepRanges(file, [range]);
      return isOver ? cutOff(file, range, aside) : damageProblem(file, [range], aside);
    } finally {
      tail.close();
      this.#ends.set(file, end);
    }
  }

  /** No event in the file can be read. The file of a living worker stays. */
  #putAside(file: string, isOver: boolean): string {
    const what = `${file}: no record can be read`;
    if (!isOver) {
      this.#unreadable.add(file);
      return what;
    }
    this.#found.delete(workerOfEvents(file)!);
    return `${what}; it is kept in ${quarantineFile(file)}`;
  }
}

/** What follows the complete lines of a file now. */
function restOf(file: string, offset: number): string {
  const tail = new Tail(file, offset);
  try {
    return tail.takeRest();
  } finally {
    tail.close();
  }
}

/** Bytes of a file read at a time. */
const PIECE = 1024 * 1024;

/** Removes the beginning of a record at the end of the file, which is kept. */
function cutOff(file: string, { start, end }: DamagedRange, aside: string): string {
  truncateSync(file, start);
  return `${file}: a torn tail of ${end - start} bytes was cut off, kept in ${aside}`;
}
