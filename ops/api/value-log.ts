/**
 * What a retry from a stage has forgotten, each line with its checksum; in an earlier version small stage values too. A
 * line that is damaged counts for none.
 */
import { crc32 } from "node:zlib";
import { readOwnFile } from "../../protocol/own-file.js";
import { replaceFileSync } from "./replace-file.js";

/** Bytes that the file may have. */
const MOST_BYTES = 64 * 1024 * 1024;

export class ValueLog {
  constructor(private readonly path: string) {}

  /**
   * The JSON of all whole lines, in order.
   *
   * @throws IrregularFileError where something else stands in its place
   */
  read(): unknown[] {
    let text: string;
    try {
      text = readOwnFile(this.path, MOST_BYTES).toString("utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    return text.split("\n").flatMap((line) => {
      const json = line.slice(9);
      return line[8] === " " && line.slice(0, 8) === sumOf(json) ? [JSON.parse(json)] : [];
    });
  }

  /** All there is from now on; on disk when it returns. */
  replace(lines: readonly unknown[]): void {
    const texts = lines.map((line) => {
      const json = JSON.stringify(line);
      return `${sumOf(json)} ${json}\n`;
    });
    replaceFileSync(this.path, texts.join(""));
  }
}

function sumOf(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}
