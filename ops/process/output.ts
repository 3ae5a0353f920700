/**
 * Passes a child's output on to our own, line by line as it comes: what is written to `process.stdout` and
 * `process.stderr` within an operation is its log, marked as one or the other.
 */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { Lines } from "./lines.js";

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
