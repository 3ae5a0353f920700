/**
 * Cuts a child's output into log lines as it arrives, for `shell`.
 *
 * Bytes of a character may be split over chunks, a line too. A carriage return starts the line anew, as on a
 * terminal: what it overwrote does not become a line, but is shown while it stands. Memory is bounded by one line.
 */
import { StringDecoder } from "node:string_decoder";

/** A longer line becomes several. */
export const LONGEST_LINE = 16 * 1024;

export interface LineHandler {
  /** Whole lines, without their ends. */
  lines(lines: string[]): void;
  /** What stands on the unfinished line now. */
  unfinished(text: string): void;
}

export class Lines {
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";

  constructor(private readonly handler: LineHandler) {}

  write(chunk: Buffer): void {
    this.take(this.decoder.write(chunk));
    if (this.rest !== "") this.handler.unfinished(visible(this.rest));
  }

  /** The output has ended: a last line need not have an end. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== "") this.handler.lines([visible(this.rest)]);
    this.rest = "";
  }

  private take(text: string): void {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop() as string;
    const lines = parts.map(visible).flatMap((line) => cut(line));
    // The frames of a progress bar may go on for hours without a line feed: one is enough.
    if (this.rest.includes("\r")) this.rest = visible(this.rest) + (this.rest.endsWith("\r") ? "\r" : "");
    if (this.rest.length > LONGEST_LINE) {
      const pieces = cut(this.rest);
      this.rest = pieces.pop() as string;
      lines.push(...pieces);
    }
    if (lines.length > 0) this.handler.lines(lines);
  }
}

/** What a terminal would show at the end: the text after the last carriage return that has text after it. */
function visible(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** Pieces that fit, none ending within a surrogate pair. */
function cut(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > LONGEST_LINE) {
    const last = line.charCodeAt(from + LONGEST_LINE - 1);
    const to = from + LONGEST_LINE - (last >= 0xd800 && last < 0xdc00 ? 1 : 0);
    pieces.push(line.slice(from, to));
    from = to;
  }
  pieces.push(line.slice(from));
  return pieces;
}
