/** Reads the output of a child process line by line. */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { type OscProgress, OscProgressFilter } from "./osc-progress.js";

/** Characters of a line; a longer line is split. */
export const LONGEST_LINE = 16 * 1024;

/**
 * Where to cut a line that is too long, at or near `end`; null: what follows decides.
 *
 * @param isWhole - nothing follows the text
 */
export type CutPlace = (text: string, end: number, isWhole: boolean) => number | null;

export interface LineHandler {
  /** Complete lines, without line ends. */
  lines(lines: string[]): void;
  /** Output has arrived; called before all other calls for it. */
  data?(chunk: Buffer): void;
  /** A text of the current line that the next text replaced, such as a frame of a progress bar. */
  frame?(text: string): void;
  /** Default: at `end`. */
  cut?: CutPlace;
  /** A progress sequence for the terminal (OSC 9;4). */
  progress?(progress: OscProgress): void;
  /** The current text of the incomplete line. @param isFrame - it replaced another text */
  unfinished(text: string, isFrame: boolean): void;
}

/**
 * Splits the output of a child process into log lines.
 *
 * A chunk may end inside a character, a line or a sequence; the calls of the handler other than
 * `unfinished` are the same however the output is cut into chunks. A carriage return restarts the
 * line, as on a terminal: the replaced text is a frame and no line. Colours alone replace nothing.
 * Memory is bounded by two lines, and what `cut` waits for.
 */
export class Lines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #filter: OscProgressFilter;
  /** The text after the last line feed or carriage return. */
  #rest = "";
  /** The last text before `#rest` that a carriage return ended, on the same line; null: none. */
  #shown: string | null = null;
  /** A line has frames that were replaced. */
  #isRedrawn = false;

  constructor(private readonly handler: LineHandler) {
    this.#filter = new OscProgressFilter(
      (text) => this.#take(text),
      (said) => handler.progress?.(said),
    );
  }

  write(chunk: Buffer): void {
    this.#filter.write(this.#decoder.write(chunk));
    this.#showUnfinished();
  }

  /** Call when the output has ended. The last line may have no line end. */
  end(): void {
    this.#filter.end(this.#decoder.end());
    if (this.#rest !== "" || this.#shown !== null)
      this.handler.lines(this.#endLine(this.#redraw(this.#rest, [], true)));
    this.#rest = "";
  }

  #showUnfinished(): void {
    const isText = hasText(this.#rest);
    const text = isText ? this.#rest : this.#shown;
    if (text !== null) this.handler.unfinished(text, this.#isRedrawn || this.#shown !== null);
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split("\n");
    const rest = parts.pop() as string;
    let lines: string[] = [];
    for (const part of parts) {
      if (this.#shown === null && part.length <= LONGEST_LINE && !part.includes("\r")) {
        lines.push(part);
        continue;
      }
      lines = this.#endLine(this.#redraw(part, lines, true));
    }
    this.#rest = rest;
    if (rest.length > LONGEST_LINE || rest.includes("\r")) lines = this.#redraw(rest, lines, false);
    // Now and not with the next text: `unfinished` must not show a later frame first.
    if (hasText(this.#rest.replace(CUT_SGR, ""))) lines = this.#replaceShown(lines);
    if (lines.length > 0) this.handler.lines(lines);
  }

  /**
   * Takes the carriage returns of a text that has no line feed; `#rest` is then the text after the
   * last one.
   *
   * @param lines - complete lines that the handler does not know yet
   * @param isWhole - the text ends the line
   * @returns those of them that the handler still does not know, and pieces of a very long line
   */
  #redraw(text: string, lines: string[], isWhole: boolean): string[] {
    let unsent = lines;
    let from = 0;
    for (;;) {
      const at = text.indexOf("\r", from);
      const frame = at === -1 ? text.slice(from) : text.slice(from, at);
      const pieces = cut(frame, LONGEST_LINE, isWhole || at !== -1, this.handler.cut);
      const last = pieces.pop() as string;
      if (pieces.length > 0) {
        unsent = this.#replaceShown(unsent);
        unsent.push(...pieces);
      }
      if (at === -1) {
        this.#rest = last;
        return unsent;
      }
      if (hasText(last)) {
        unsent = this.#replaceShown(unsent);
        this.#shown = last;
      }
      from = at + 1;
    }
  }

  #replaceShown(lines: string[]): string[] {
    if (this.#shown === null) return lines;
    if (lines.length > 0) this.handler.lines(lines);
    this.handler.frame?.(this.#shown);
    this.#shown = null;
    this.#isRedrawn = true;
    return [];
  }

  /** Adds what a terminal shows of the complete line, whose last text is `#rest`. As `#redraw`. */
  #endLine(lines: string[]): string[] {
    const unsent = hasText(this.#rest) ? this.#replaceShown(lines) : lines;
    unsent.push(this.#shown ?? this.#rest);
    this.#shown = null;
    this.#isRedrawn = false;
    return unsent;
  }
}

const SGR = /\x1b\[[\d;:]*m/g;

/** A sequence at the end of a text that may become a colour. */
const CUT_SGR = /\x1b(?:\[[\d;:]*)?$/;

/** Whether a terminal shows anything of the text. */
function hasText(text: string): boolean {
  return text !== "" && (text.charCodeAt(0) !== 0x1b || text.replace(SGR, "") !== "");
}

/**
 * Splits a line that is longer than `most`, never inside a surrogate pair or the sequence of a
 * colour.
 *
 * @param isWhole - nothing follows the line
 * @returns the pieces, and last what is left
 */
export function cut(
  line: string,
  most: number,
  isWhole: boolean,
  placeOf: CutPlace = (_, end) => end,
): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > most) {
    const end = placeOf(rest, endOfPiece(rest, most), isWhole);
    if (end === null || end === rest.length) break;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  pieces.push(rest);
  return pieces;
}

const LONGEST_SGR = 32;

function endOfPiece(line: string, end: number): number {
  const last = line.charCodeAt(end - 1);
  if (last >= 0xd800 && last < 0xdc00) return end - 1;
  const at = line.lastIndexOf("\x1b", end - 1);
  const isOpen = at > end - LONGEST_SGR && /^\x1b(?:\[[\d;:]*)?$/.test(line.slice(at, end));
  return isOpen ? at : end;
}

/** Calls the handler with the lines of the stream until it ends. */
export async function readLines(from: Readable, handler: LineHandler): Promise<void> {
  const lines = new Lines(handler);
  from.on("data", (chunk: Buffer) => {
    handler.data?.(chunk);
    lines.write(chunk);
  });
  // A broken pipe is also an end.
  await finished(from, { writable: false }).catch(() => {});
  lines.end();
}

/**
 * Calls `show` with the last text, at most every `ms`; earlier texts of an interval are dropped.
 */
export class Latest {
  private text: string | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly show: (text: string) => void,
    private readonly ms: number,
  ) {}

  set(text: string): void {
    this.text = text;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (this.text !== null && this.text.trim() !== "") this.show(this.text);
      this.text = null;
    }, this.ms);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.text = null;
  }
}
