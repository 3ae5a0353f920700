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

/** Texts in a row that no recogniser understood, after which a sample is read. */
const SILENT = 1000;
/** One line of so many is in the sample. */
const SAMPLE = 8;

/** Texts that are longer hold no progress for people; JSON lines may be longer. */
const LONGEST_TEXT = 2000;

export class Recognition {
  readonly #json: Recogniser[];
  readonly #text: Recogniser[];
  /** Texts after the last one that was understood. */
  #silent = 0;

  constructor(entries: readonly RecogniserEntry[]) {
    const of = (source: RecogniserEntry["source"]) =>
      entries.filter((entry) => entry.source === source).map(({ create }) => create());
    this.#json = of("json");
    this.#text = of("text");
  }

  /** Whether to read this text. Call once for each text; colours do not matter. */
  isDue(text: string, isFrame: boolean): boolean {
    if (++this.#silent <= SILENT || isFrame || this.#silent % SAMPLE === 0) return true;
    return text.charCodeAt(0) === 0x5b || text.includes("%");
  }

  /** @returns null if no recogniser understands the text */
  read(text: string, isFrame: boolean): Recognised | null {
    const found = this.#ask("json", this.#json, text, isFrame) ?? this.#askText(text, isFrame);
    if (found !== null) this.#silent = 0;
    return found;
  }

  #askText(text: string, isFrame: boolean): Recognised | null {
    return text.length > LONGEST_TEXT ? null : this.#ask("text", this.#text, text, isFrame);
  }

  #ask(
    source: RecogniserEntry["source"],
    recognisers: Recogniser[],
    text: string,
    isFrame: boolean,
  ): Recognised | null {
    for (const recogniser of recognisers) {
      const reading = this.#readingOf(recogniser, recognisers, text, isFrame);
      if (reading !== null) return { source, form: recogniser.name, reading };
    }
    return null;
  }

  /** A recogniser that throws is not asked again: its mistake must not end the operation. */
  #readingOf(
    recogniser: Recogniser,
    recognisers: Recogniser[],
    text: string,
    isFrame: boolean,
  ): Reading | null {
    try {
      return recogniser.read(text, isFrame);
    } catch {
      recognisers.splice(recognisers.indexOf(recogniser), 1);
      return null;
    }
  }
}
