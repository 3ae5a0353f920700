/**
 * Reads the new lines of both run files of an attempt in cuts that are complete: a cut that holds a
 * line holds every line with a lower number, of either file.
 *
 * Readers on other hosts need that. They take a number as lost if a later number is there and the
 * number itself is not.
 */
import { seqOfRecord } from "../../../../protocol/record-line.js";
import {
  type EventsPlace,
  EventsReader,
  type LineReader,
} from "../../../run-files/events-reader.js";
import { LogTail } from "../../../run-files/log-tail.js";
import type { Cursor, RunFile } from "../engine/rows.js";

export interface RunLine {
  seq: number;
  /** Without its newline. */
  text: string;
}

export interface Cut extends Record<RunFile, RunLine[]> {
  /** There may be more lines than the cut was allowed to hold. */
  isPartial: boolean;
}

/** One file: where it is read, and lines that were read and are of a later cut. */
class Source {
  readonly held: RunLine[] = [];
  #heldBytes = 0;
  /** The last read came to the end of the file. */
  isAtEnd = false;

  constructor(
    private readonly file: LineReader,
    /** Number of the last line read. */
    public last: number,
  ) {}

  /**
   * Reads on until `maxBytes` are held, or to the end. A damaged line is skipped, and one with a
   * known number.
   */
  read(maxBytes: number): void {
    const take = (text: string) => {
      this.#heldBytes += text.length + 1;
      const seq = seqOfRecord(text);
      // A new part of the log begins with a note that has the number of the line before it.
      if (seq === null || seq <= this.last) return;
      this.last = seq;
      this.held.push({ seq, text });
    };
    this.isAtEnd = false;
    while (this.#heldBytes < maxBytes) {
      if (this.file.read(take, maxBytes - this.#heldBytes)) continue;
      this.isAtEnd = true;
      return;
    }
  }

  /** Takes the lines up to the number. */
  take(upTo: number): RunLine[] {
    const after = this.held.findIndex(({ seq }) => seq > upTo);
    const taken = this.held.splice(0, after === -1 ? this.held.length : after);
    this.#heldBytes = this.held.reduce((sum, { text }) => sum + text.length + 1, 0);
    return taken;
  }

  close(): void {
    this.file.close();
  }
}

export class AttemptReader {
  readonly #events: Source;
  readonly #log: Source;

  /** @param after - lines up to these numbers are skipped */
  constructor({ dir, events }: { dir: string; events: EventsPlace }, after: Cursor) {
    const upTo = (seq: number) => {
      // Nothing is before the first line, and the file is not searched for it.
      if (seq === 0) return undefined;
      return (line: string) => (seqOfRecord(line) ?? Number.POSITIVE_INFINITY) <= seq;
    };
    this.#events = new Source(new EventsReader(events, upTo(after.events)), after.events);
    this.#log = new Source(new LogTail(dir, upTo(after.log)), after.log);
  }

  /**
   * The next lines of both files.
   *
   * @param maxBytes - of each file, about
   * @param isEnded - nobody writes the files any more: all lines that are read are in the cut
   * @throws the error of the file system if a file cannot be read
   */
  read(maxBytes: number, isEnded: boolean): Cut {
    const [events, log] = [this.#events, this.#log];
    events.read(maxBytes);
    const lastEvent = events.last;
    log.read(maxBytes);
    // Events that were written between the two reads may have lower numbers than the last lines.
    if (events.isAtEnd) events.read(maxBytes);
    const isPartial = !events.isAtEnd || !log.isAtEnd;
    const bounds = [
      ...(events.isAtEnd ? [] : [events.last]),
      ...(log.isAtEnd ? [] : [log.last]),
      ...(isPartial || isEnded ? [] : [Math.max(lastEvent, log.last)]),
    ];
    const upTo = Math.min(Number.POSITIVE_INFINITY, ...bounds);
    return { events: events.take(upTo), log: log.take(upTo), isPartial };
  }

  close(): void {
    this.#events.close();
    this.#log.close();
  }
}
