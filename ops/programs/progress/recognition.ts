/**
 * Asks the recognisers about the output of one program, the recognisers of `json` before those of `text`.
 *
 * Most programs that print very much say nothing about their progress, and dozens of recognisers take as long as the
 * log. So after many lines in a row that none understood, only a sample of the lines is read, and every text that looks
 * like progress: a frame, a percent, a line that begins with `[`. One that is understood ends this.
 */
import type { Reading, Recogniser, RecogniserEntry } from "./reading.js";

/** A reading, and the recogniser that it comes from. */
export interface Recognised {
  readonly source: RecogniserEntry["source"];
  readonly form: string;
  readonly reading: Reading;
}

interface Asked {
  readonly entry: RecogniserEntry;
  readonly recogniser: Recogniser;
}

/** Texts in a row that no recogniser understood, after which a sample is read. */
const SILENT = 1000;
/** One line of so many is in the sample. */
const SAMPLE = 8;

/** First characters whose readers are remembered. */
const MOST_FIRST = 256;

/** Texts that are longer hold no progress for people; JSON lines may be longer. */
const LONGEST_TEXT = 2000;

export class Recognition {
  #asked: readonly Asked[];
  /** Those that read a text, by its first character. */
  readonly #readers = new Map<string, readonly Asked[]>();
  /** Texts after the last one that was understood. */
  #silent = 0;

  constructor(entries: readonly RecogniserEntry[]) {
    const { json = [], text = [] } = Object.groupBy(entries, ({ source }) => source);
    this.#asked = [...json, ...text].map((entry) => ({ entry, recogniser: entry.create() }));
  }

  /** Whether to read this text. Call once for each text; colours do not matter. */
  isDue(text: string, isFrame: boolean): boolean {
    if (++this.#silent <= SILENT || isFrame || this.#silent % SAMPLE === 0) return true;
    return text.charCodeAt(0) === 0x5b || text.includes("%");
  }

  /** @returns null if no recogniser understands the text */
  read(text: string, isFrame: boolean): Recognised | null {
    for (const asked of this.#readersOf(text.charAt(0))) {
      const { source } = asked.entry;
      if (source === "text" && text.length > LONGEST_TEXT) return null;
      const reading = this.#ask(asked, text, isFrame);
      if (reading === null) continue;
      this.#silent = 0;
      return { source, form: asked.recogniser.name, reading };
    }
    return null;
  }

  #readersOf(first: string): readonly Asked[] {
    const known = this.#readers.get(first);
    if (known !== undefined) return known;
    const readers = this.#asked.filter(
      ({ entry: { begins } }) => begins === null || (first !== "" && begins.includes(first)),
    );
    // Any character may come first in a hostile output.
    if (this.#readers.size >= MOST_FIRST) this.#readers.clear();
    this.#readers.set(first, readers);
    return readers;
  }

  /** A recogniser that throws is not asked again: its mistake must not end the operation. */
  #ask(asked: Asked, text: string, isFrame: boolean): Reading | null {
    try {
      const reading = asked.recogniser.read(text, isFrame);
      // A text with a figure out of range is not progress, whatever its form.
      return reading !== null && isInRange(reading) ? reading : null;
    } catch {
      this.#asked = this.#asked.filter((each) => each !== asked);
      this.#readers.clear();
      return null;
    }
  }
}

/** Whether all figures of the reading can be true. */
function isInRange({ percent = 0, done = 0, total = null }: Reading): boolean {
  const isCount = Number.isSafeInteger(Math.trunc(done)) && done >= 0;
  return (
    percent >= 0 && percent <= 100 && isCount && (total === null || (Number.isFinite(total) && done <= total))
  );
}
