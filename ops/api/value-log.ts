/**
 * Small stage values of one operation, one after the other in one file: each costs one sync, where a file of its own
 * costs two and a rename. The last line of a stage counts; a line that is damaged counts for none.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { AppendFile } from "./append-file.js";
import { replaceFileSync, syncDirectory } from "./replace-file.js";

export class ValueLog {
  #file: AppendFile | null = null;

  constructor(private readonly path: string) {}

  /** The JSON texts of all whole lines, in order. */
  read(): string[] {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    return text.split("\n").flatMap((line) => {
      const json = line.slice(9);
      return line[8] === " " && line.slice(0, 8) === sumOf(json) ? [json] : [];
    });
  }

  /** On disk when it returns. */
  append(json: string): void {
    if (!this.#file) {
      this.#file = new AppendFile(this.path);
      syncDirectory(dirname(this.path));
    }
    this.#file.append(lineOf(json));
    this.#file.sync();
  }

  /** All there is from now on. */
  replace(texts: readonly string[]): void {
    this.close();
    replaceFileSync(this.path, texts.map(lineOf).join(""));
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

function lineOf(json: string): string {
  return `${sumOf(json)} ${json}\n`;
}

function sumOf(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}
