/**
 * Moves the events of finished operations from the files of their workers into the history: a short text into the
 * record of the operation, a long one into the attempt's directory.
 */
import type { AttemptEvents } from "../store/checkpointing.js";
import type { Entry } from "../store/decision.js";
import { makeDurableDirectory, replaceFile, writeAll } from "../store/durable-file.js";
import { attemptDir, type Layout } from "../store/layout.js";
import { eventsFile } from "./attempt-files.js";
import { type EventsPlace, EventsReader } from "./events-reader.js";
import { isUnreadable } from "./unreadable.js";
import type { WorkerEvents } from "./worker-events.js";

/** Most characters of the events of an attempt in the record of its operation: a page of a list reads the records. */
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

  find(): string[] {
    return this.workerEvents.find();
  }

  async add(entry: Entry): Promise<void> {
    const short: Record<string, string> = {};
    const places = this.workerEvents.of(entry.record.id);
    for (const place of places) {
      const text = this.#read(place);
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

  #read(place: EventsPlace): string {
    const lines: string[] = [];
    const reader = new EventsReader(place);
    try {
      while (reader.read((line) => lines.push(line), SHORT));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.onProblem(`the events of ${place.id} cannot be read: ${error.message}`);
    } finally {
      reader.close();
    }
    return lines.map((line) => `${line}\n`).join("");
  }

  async #keepLong({ id, attempt }: EventsPlace, text: string): Promise<void> {
    const dir = attemptDir(this.layout, id, attempt);
    await makeDurableDirectory(dir);
    await replaceFile(eventsFile(dir), (handle) => writeAll(handle, Buffer.from(text), 0));
  }
}
