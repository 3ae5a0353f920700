/**
 * Reads the events of one attempt. A worker writes the events of its attempts one after the other
 * into one file, so the lines of other attempts may be before and after them.
 */
import { isWhole } from "../../protocol/record-line.js";
import { seekLine } from "./seek.js";
import { Tail } from "./tail.js";

/** Reads the new complete lines of a run file. */
export interface LineReader {
  /**
   * Calls back for each new line, at most about `maxBytes` of them; returns whether there was any.
   */
  read(onLine: (line: string) => void, maxBytes?: number): boolean;
  close(): void;
}

/** Lines for which it is true are skipped; they must come first. */
export type IsBefore = (line: string) => boolean;

/** Where the events of an attempt are stored. */
export interface EventsPlace {
  id: string;
  attempt: number;
  file: string;
  /** Offset in the file of the attempt's first event. */
  from: number;
  /** Offset at which the next attempt begins; absent: none has begun. */
  to?: number;
}

/** The first keys of each event in a file. */
const OF = /^\{(?:"n":\d+,)?"seq":\d+,"id":"(\w+)","at":"[^"]*","attempt":(\d+),/;

/**
 * The attempt of an event; null if the beginning of the line is damaged. The rest of the line is
 * not checked.
 */
export function attemptOf(line: string): { id: string; attempt: number } | null {
  const [, id, attempt] = OF.exec(line) ?? [];
  return id === undefined ? null : { id, attempt: Number(attempt) };
}

export class EventsReader implements LineReader {
  readonly #tail: Tail;
  #isOver = false;
  #hasBegun = false;
  /** Offset in the file of the line that is passed on. */
  lineStart = 0;

  constructor(
    readonly place: EventsPlace,
    isBefore?: IsBefore,
  ) {
    const { file, from } = place;
    const isEarlier = (line: string) => !this.#isOther(line) && isBefore!(line);
    this.#tail = new Tail(file, isBefore ? seekLine(file, isEarlier, from) : from);
  }

  /** The last read reached the end of the events as they were then. */
  get atEnd(): boolean {
    return this.#isOver || this.#tail.atEnd;
  }

  /** Offset in the file after the last line. */
  get offset(): number {
    return this.#tail.offset;
  }

  /** No event was read yet. */
  get isAtStart(): boolean {
    return this.#tail.offset === this.place.from;
  }

  /** A damaged line is passed on: it is the attempt's if it is among the attempt's lines. */
  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    const { to = Number.POSITIVE_INFINITY } = this.place;
    let any = false;
    let end = this.#tail.offset;
    // The lines after it, of other attempts, may fill the rest of a long file.
    this.#isOver ||= end >= to;
    if (this.#isOver) return false;
    this.#tail.read(
      (line) => {
        this.lineStart = end;
        end = this.#tail.offset;
        const isOther = this.#isOther(line);
        this.#isOver = isOther && this.#hasBegun;
        // A worker that wrote its events anew has those of earlier attempts before ours.
        if (this.#isOver || isOther) return;
        this.#hasBegun = true;
        any = true;
        onLine(line);
      },
      Math.min(maxBytes, to - end),
    );
    return any;
  }

  /** The bytes after the last newline as a line, once the writer has ended. */
  takeRest(): string {
    return this.#isOver ? "" : this.#tail.takeRest();
  }

  close(): void {
    this.#tail.close();
  }

  /** A damaged line names no other attempt, whatever it says. */
  #isOther(line: string): boolean {
    const whose = attemptOf(line);
    const isOurs =
      whose === null || (whose.id === this.place.id && whose.attempt === this.place.attempt);
    return !isOurs && isWhole(line);
  }
}

/** Reads lines from a text in memory. */
export class TextReader implements LineReader {
  #lines: string[];

  /** @param text - complete lines */
  constructor(text: string, isBefore: IsBefore = () => false) {
    const lines = text.split("\n").slice(0, -1);
    const first = lines.findIndex((line) => !isBefore(line));
    this.#lines = first === -1 ? [] : lines.slice(first);
  }

  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    const any = this.#lines.length > 0;
    for (let bytes = 0; bytes < maxBytes && this.#lines.length > 0; ) {
      const line = this.#lines.shift()!;
      bytes += line.length + 1;
      onLine(line);
    }
    return any;
  }

  close(): void {}
}
