/**
 * Passes a child's output on to our own, line by line as it comes: what is written to `process.stdout` and
 * `process.stderr` within an operation is its log, marked as one or the other.
 */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";

/** A longer line becomes several. */
export const LONGEST_LINE = 16 * 1024;

interface LineHandler {
  /** Whole lines, without their ends. */
  lines(lines: string[]): void;
  /** What stands on the unfinished line now. */
  unfinished(text: string): void;
}

/**
 * Cuts a child's output into log lines as it arrives.
 *
 * A chunk may end inside a character or a line. A carriage return begins the line again, as on a terminal: the text
 * that it overwrites becomes no line, but is shown until then. Memory is bounded by one line.
 */
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

/** Ends when the output does. `unfinished` is told what stands on the line that has no end yet. */
export async function forward(
  from: Readable,
  to: NodeJS.WriteStream,
  unfinished: (text: string) => void,
): Promise<void> {
  const lines = new Lines({
    lines: (whole) => to.write(`${whole.join("\n")}\n`),
    unfinished,
  });
  from.on("data", (chunk: Buffer) => lines.write(chunk));
  // A pipe that breaks has ended as well.
  await finished(from, { writable: false }).catch(() => {});
  lines.end();
}

/** Calls `show` with the last text at most every `ms`; a text that a newer one replaced in time is never shown. */
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
