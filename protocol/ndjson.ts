/**
 * Splits a byte stream into lines (newline-delimited JSON), without splitting a UTF-8 character.
 */

/** Longest line that a reader accepts, in bytes; a peer that sends a longer line is faulty. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Calls `onLine` once for each complete line; keeps an incomplete line for the next chunk. Skips
 * empty lines.
 */
export class LineSplitter {
  #rest: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly onLine: (line: string) => void) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      const line = this.#bytes === 0 ? piece : Buffer.concat([...this.#rest, piece]);
      this.#rest = [];
      this.#bytes = 0;
      start = end + 1;
      if (line.length > 0) this.onLine(line.toString("utf8"));
    }
    if (start < chunk.length) {
      this.#rest.push(chunk.subarray(start));
      this.#bytes += chunk.length - start;
      if (this.#bytes > MAX_LINE_BYTES)
        throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    }
  }
}
