/** Reads the output of a child process line by line. */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";

/** Characters of a line; a longer line is split. */
export const LONGEST_LINE = 16 * 1024;

export interface LineHandler {
  /** Complete lines, without line ends. */
  lines(lines: string[]): void;
  /** The current text of the incomplete line. */
  unfinished(text: string): void;
}

/**
 * Splits the output of a child process into log lines.
 *
 * A chunk may end inside a character or a line. A carriage return restarts the line, as on a terminal: the overwritten
 * text is passed to `unfinished`, but never to `lines`. Memory is bounded by one line.
 */
export class Lines {
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";

  constructor(private readonly handler: LineHandler) {}

  write(chunk: Buffer): void {
    this.take(this.decoder.write(chunk));
    if (this.rest !== "") this.handler.unfinished(visible(this.rest));
  }

  /** Call when the output has ended. The last line may have no line end. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== "") this.handler.lines([visible(this.rest)]);
    this.rest = "";
  }

  private take(text: string): void {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop() as string;
    const lines = parts.map(visible).flatMap((line) => cut(line));
    // A progress bar may redraw for hours without a line feed; only its last frame is kept.
    if (this.rest.includes("\r")) this.rest = visible(this.rest) + (this.rest.endsWith("\r") ? "\r" : "");
    if (this.rest.length > LONGEST_LINE) {
      const pieces = cut(this.rest);
      this.rest = pieces.pop() as string;
      lines.push(...pieces);
    }
    if (lines.length > 0) this.handler.lines(lines);
  }
}

const SGR = /\x1b\[[\d;:]*m/g;

/**
 * The text that a terminal shows at the end: the text after the last carriage return that has text after it. Colours
 * alone are no text.
 */
function visible(line: string): string {
  if (!line.includes("\r")) return line;
  const frames = line.split("\r");
  const last = frames.findLastIndex((frame) => frame.replace(SGR, "") !== "");
  return frames[Math.max(0, last)] as string;
}

/** Splits a line at `LONGEST_LINE`, never inside a surrogate pair or the sequence of a colour. */
function cut(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > LONGEST_LINE) {
    const to = endOfPiece(line, from + LONGEST_LINE);
    pieces.push(line.slice(from, to));
    from = to;
  }
  pieces.push(line.slice(from));
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
  from.on("data", (chunk: Buffer) => lines.write(chunk));
  // A broken pipe is also an end.
  await finished(from, { writable: false }).catch(() => {});
  lines.end();
}

/** Calls `show` with the last text, at most every `ms`; earlier texts of an interval are dropped. */
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
