/** Reads a file line by line in pieces: memory does not grow with the file, nor does a string reach V8's limit. */
import { closeSync, openSync, readSync } from "node:fs";

const CHUNK = 1024 * 1024;

const NEWLINE = 10;

export interface ReadLine {
  text: string;
  /** False for what follows the last newline. */
  isComplete: boolean;
}

/** The lines of the file from its beginning. The file is closed when the generator ends. */
export function* readLines(file: string): Generator<ReadLine> {
  const fd = openSync(file, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    // Pieces of a line that is longer than a chunk.
    let pending: Buffer[] = [];
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      let start = 0;
      for (
        let end = chunk.indexOf(NEWLINE);
        end !== -1 && end < length;
        end = chunk.indexOf(NEWLINE, start)
      ) {
        const rest = chunk.subarray(start, end);
        const text = pending.length > 0 ? Buffer.concat([...pending, rest]).toString() : rest.toString();
        pending = [];
        start = end + 1;
        yield { text, isComplete: true };
      }
      if (start < length) pending.push(Buffer.from(chunk.subarray(start, length)));
    }
    if (pending.length > 0) yield { text: Buffer.concat(pending).toString(), isComplete: false };
  } finally {
    closeSync(fd);
  }
}
