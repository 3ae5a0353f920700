/** Reads a file line by line in pieces: memory does not grow with the file, nor does a string reach V8's limit. */
import { closeSync, readSync } from "node:fs";
import { openOwnFile } from "../../protocol/own-file.js";

const CHUNK = 1024 * 1024;

/** Bytes; no record is that long. */
const MOST_LINE = 256 * 1024 * 1024;

const NEWLINE = 10;

export interface ReadLine {
  /** Empty where the line has over 256 MiB. */
  text: string;
  /** False for what follows the last newline. */
  isComplete: boolean;
}

/**
 * The lines of the file from its beginning. The file is closed when the generator ends.
 *
 * @throws as `openOwnFile`
 */
export function* readLines(file: string): Generator<ReadLine> {
  const fd = openOwnFile(file);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const line = new LongLine();
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      let start = 0;
      for (
        let end = chunk.indexOf(NEWLINE);
        end !== -1 && end < length;
        end = chunk.indexOf(NEWLINE, start)
      ) {
        const text = line.end(chunk.subarray(start, end));
        start = end + 1;
        yield { text, isComplete: true };
      }
      if (start < length) line.add(chunk.subarray(start, length));
    }
    if (line.length > 0) yield { text: line.end(Buffer.alloc(0)), isComplete: false };
  } finally {
    closeSync(fd);
  }
}

/** A line that is longer than a chunk, in pieces. One that is too long is not kept. */
class LongLine {
  #pieces: Buffer[] = [];
  length = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (this.length > MOST_LINE) this.#pieces = [];
    else this.#pieces.push(Buffer.from(piece));
  }

  /** The text of the line with its last piece; the next line begins. */
  end(piece: Buffer): string {
    const length = this.length + piece.length;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.length = 0;
    if (length > MOST_LINE) return "";
    return pieces.length > 0 ? Buffer.concat([...pieces, piece]).toString() : piece.toString();
  }
}
