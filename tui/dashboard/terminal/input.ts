/**
 * What the terminal sends, before Ink reads it: keys pass; reports of focus and colours are taken
 * out, and so are answers to questions of an earlier program, whose letters would count as keys.
 */
import { PassThrough } from "node:stream";
import type { Rgb } from "../text/theme.js";

/** OSC, DCS, SOS, PM and APC strings, up to their end. */
const STRING = /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/g;
/**
 * The beginning of one at the end of what was read; alt with the bracket or the letter alone is a
 * key.
 */
const BEGUN = /\x1b(?:\]\d+;|P[\d>!])[^\x07\x1b]*\x1b?$/;
const FOCUS = /\x1b\[([IO])/g;
const BACKGROUND = /\x1b\]11;rgba?:([\da-f]+)\/([\da-f]+)\/([\da-f]+)/i;

export interface Reports {
  background?(colour: Rgb): void;
}

/** Takes reports out of what was read. */
export class ReportFilter {
  /** The window has the focus until the terminal reports otherwise. */
  focused = true;
  #begun = "";

  constructor(private readonly reports: Reports = {}) {}

  /** The typed part of the input. */
  typed(read: string): string {
    const text = this.#begun + read;
    for (const [, letter] of text.matchAll(FOCUS)) this.focused = letter === "I";
    const typed = text.replace(STRING, (sequence) => {
      const [, ...parts] = BACKGROUND.exec(sequence) ?? [];
      if (parts.length === 3) this.reports.background?.(parts.map(channel) as unknown as Rgb);
      return "";
    });
    const begun = BEGUN.exec(typed)?.[0] ?? "";
    // An incomplete sequence waits for one read only, so that it does not swallow typed text.
    const isGivenUp = this.#begun !== "" && begun === text;
    this.#begun = isGivenUp ? "" : begun;
    return isGivenUp ? read : typed.slice(0, typed.length - begun.length);
  }
}

/** `ff`, `ffff`: a share of all the digits can say. */
function channel(digits: string): number {
  return Math.round((Number.parseInt(digits, 16) / (16 ** digits.length - 1)) * 255);
}

/**
 * A stdin for Ink that holds only what was typed. Nothing is read while raw mode is off: the
 * terminal is another program's.
 */
export class TerminalInput extends PassThrough {
  readonly isTTY = true;
  #reading = false;
  readonly #feed = (data: Buffer | string) => {
    const typed = this.reports.typed(String(data));
    if (typed !== "") this.write(typed);
  };

  constructor(
    private readonly source: NodeJS.ReadStream,
    private readonly reports: ReportFilter,
  ) {
    super();
    source.setEncoding?.("utf8");
  }

  setRawMode(on: boolean): this {
    this.source.setRawMode?.(on);
    if (on !== this.#reading) {
      this.#reading = on;
      if (on) {
        this.source.on("data", this.#feed);
        // A stream that was paused does not go on by itself.
        this.source.resume();
      } else {
        this.source.off("data", this.#feed);
        this.source.pause();
      }
    }
    return this;
  }

  ref(): this {
    this.source.ref?.();
    return this;
  }

  unref(): this {
    this.source.unref?.();
    return this;
  }
}
