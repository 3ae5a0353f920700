/**
 * Moves the events of finished operations from the files of their workers into the history: a short
 * text into the record of the operation, a long one into the attempt's directory.
 */
import { attemptEnds } from "../store/attempt-ends.js";
import type { AttemptEvents } from "../store/checkpointing.js";
import type { Entry } from "../store/decision.js";
import { makeDurableDirectory, replaceFile } from "../store/durable-file.js";
import { attemptDir, type Layout } from "../store/layout.js";
import { eventsFile } from "./attempt-files.js";
import { checkEvents } from "./checked-events.js";
import type { EventsPlace } from "./events-reader.js";
import { isUnreadable } from "./unreadable.js";
import type { WorkerEvents } from "./worker-events.js";

/**
 * Most characters of the events of an attempt in the record of its operation: a page of a list
 * reads the records.
 */
const SHORT = 16 * 1024;

export class SealedEvents implements AttemptEvents {
  /** Where the events of entries are that are about to move. */
  readonly #added = new WeakMap<Entry, EventsPlace[]>();
  /** Places that a checkpoint must cover before their files may go. */
  #sealed: EventsPlace[] = [];

  constructor(
    private readonly layout: Layout,
    private readonly workerEvents: WorkerEvents,
    /** Some events cannot be read, and are not kept. */
    private readonly onProblem: (problem: string) => void,
  ) {}

  find(entryOf: (id: string) => Entry | undefined): string[] {
    const problems = this.workerEvents.find();
    for (const id of this.workerEvents.ids()) {
      const ends = attemptEnds(entryOf(id));
      for (const place of this.workerEvents.of(id)) problems.push(...this.#check(place, ends));
    }
    return problems;
  }

  async add(entry: Entry): Promise<void> {
    const short: Record<string, string> = {};
    const places = this.workerEvents.of(entry.record.id);
    const ends = attemptEnds(entry);
    for (const place of places) {
      let text = "";
      const problems = this.#check(
        place,
        ends,
        (line) => {
          text += `${line}\n`;
        },
        () => {
          text = "";
        },
      );
      for (const problem of problems) this.onProblem(problem);
      if (text.length > SHORT) await this.#keepLong(place, text);
      else if (text !== "") short[place.attempt] = text;
    }
    this.#added.set(entry, places);
    if (Object.keys(short).length > 0) entry.attemptEvents = { ...entry.attemptEvents, ...short };
  }

  sealed(entry: Entry): void {
    this.#sealed.push(...(this.#added.get(entry) ?? []));
  }

  forget(id: string): void {
    this.workerEvents.release(id);
  }

  covered(): void {
    for (const place of this.#sealed.splice(0)) this.workerEvents.drop(place);
  }

  /**
   * @param onAgain - the lines so far come again: an I/O error may pass, and the file goes once its
   * events have moved
   */
  #check(
    place: EventsPlace,
    ends: ReadonlyMap<number, number>,
    onLine?: (line: string) => void,
    onAgain?: () => void,
  ): string[] {
    const { id, attempt } = place;
    for (let isAgain = false; ; isAgain = true) {
      try {
        return checkEvents(place, ends.get(attempt), onLine);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        if (isAgain) return [`the events of ${id} cannot be read: ${error.message}`];
        onAgain?.();
      }
    }
  }

  async #keepLong({ id, attempt }: EventsPlace, text: string): Promise<void> {
    const dir = attemptDir(this.layout, id, attempt);
    await makeDurableDirectory(dir);
    await replaceFile(eventsFile(dir), (handle) => handle.writeFile(text));
  }
}
