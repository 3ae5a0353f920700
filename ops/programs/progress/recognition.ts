/**
 * Asks the recognisers about the output of one program, the recognisers of `json` before those of
 * `text`.
 *
 * Most lines say nothing about progress, and dozens of recognisers take longer than the log. So one
 * test passes over the lines that no recogniser reads, by their first character and one pattern.
 * After many others in a row that no recogniser understood, only a sample is read, and every text
 * that looks like progress: a frame, a percent, a line that begins with `[`. One that is understood
 * ends this.
 */
import { withoutSequences } from "../../../protocol/text/sgr.js";
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
  /** Those that read a text, by its first character and whether it has what other rows look for. */
  readonly #readers = new Map<string, readonly Asked[]>();
  /** The characters with which the texts of some rows begin. */
  readonly #firsts: ReadonlySet<string>;
  /** What the texts of the other rows have, in one pattern; null: a row reads any text. */
  readonly #signs: RegExp | null;
  /**
   * The line before, if nobody looked for its sign: it may be the name of the file that a bar
   * belongs to.
   */
  #before: string | null = null;
  /** Texts after the last one that was understood. */
  #silent = 0;

  /** @param clean - takes colours and secrets out of a text that is read */
  constructor(
    entries: readonly RecogniserEntry[],
    private readonly clean: (text: string, isFrame: boolean) => string = (text) => text,
  ) {
    const { json = [], text = [] } = Object.groupBy(entries, ({ source }) => source);
    this.#asked = [...json, ...text].map((entry) => ({ entry, recogniser: entry.create() }));
    const begins = entries.map((entry) => entry.begins);
    this.#firsts = new Set(begins.flatMap((each) => (typeof each === "string" ? [...each] : [])));
    const signs = new Set(begins.flatMap((each) => (each instanceof RegExp ? each.source : [])));
    this.#signs = begins.includes(null) ? null : new RegExp([...signs, "(?!)"].join("|"));
  }

  /** @returns null if no recogniser understands the text, or none is asked */
  read(text: string, isFrame: boolean): Recognised | null {
    const before = this.#before;
    this.#before = text;
    if (!this.#isDue(text, isFrame)) return null;
    const bare = withoutSequences(text);
    const hasSign = isFrame || (this.#signs?.test(bare) ?? true);
    if (hasSign) this.#before = null;
    else if (!this.#firsts.has(bare.charAt(0))) return null;
    if (hasSign && before !== null) {
      const bySign = this.#asked.filter(({ entry }) => entry.begins instanceof RegExp);
      this.#askAll(bySign, this.clean(before, false), false);
    }
    const clean = this.clean(text, isFrame);
    const found = this.#askAll(this.#readersOf(clean.charAt(0), hasSign), clean, isFrame);
    if (found !== null) this.#before = null;
    return found;
  }

  #isDue(text: string, isFrame: boolean): boolean {
    if (++this.#silent <= SILENT || isFrame || this.#silent % SAMPLE === 0) return true;
    return text.charCodeAt(0) === 0x5b || text.includes("%");
  }

  #askAll(readers: readonly Asked[], text: string, isFrame: boolean): Recognised | null {
    for (const asked of readers) {
      const { source } = asked.entry;
      if (source === "text" && text.length > LONGEST_TEXT) return null;
      const reading = this.#ask(asked, text, isFrame);
      if (reading === null) continue;
      this.#silent = 0;
      return { source, form: asked.recogniser.name, reading };
    }
    return null;
  }

  #readersOf(first: string, hasSign: boolean): readonly Asked[] {
    const key = `${hasSign} ${first}`;
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const readers = this.#asked.filter(({ entry: { begins } }) =>
      typeof begins === "string" ? first !== "" && begins.includes(first) : hasSign,
    );
    // Any character may come first in a hostile output.
    if (this.#readers.size >= MOST_FIRST) this.#readers.clear();
    this.#readers.set(key, readers);
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
    percent >= 0 &&
    percent <= 100 &&
    isCount &&
    (total === null || (Number.isFinite(total) && done <= total))
  );
}
