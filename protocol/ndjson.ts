/** Newline-delimited JSON: cutting a byte stream into lines, whole characters only. */

/** Longest line a reader keeps; a peer that sends more without a newline is broken. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Feeds chunks in, calls back once for each complete line, keeps the rest for the next chunk. */
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
      if (this.#bytes > MAX_LINE_BYTES) throw new Error(`a line of over ${MAX_LINE_BYTES} bytes`);
    }
  }
}
