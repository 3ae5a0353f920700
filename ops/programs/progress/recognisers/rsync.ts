/** rsync: `--info=progress2` for the whole transfer, `--progress` for one file after the other. */
import type { Reading, Recogniser } from "../reading.js";
import { bytesOf, type ProgramRecogniser } from "./program.js";

const FRAME =
  /^ *([\d.,]+[KMGTP]?) +(\d{1,3})% +[\d.,]+[kKMGTP]?B\/s +(?:\d+:\d\d:\d\d|\?\?:\?\?:\?\?)(?: +\(xfr#\d+, (to|ir)-chk=(\d+)\/(\d+)\))?$/;
const HEADING = /^(?:sending|receiving|building|created|delta)\b/;

/**
 * The percent is that of the whole transfer or of one file; only the order of the lines tells which. `--progress`
 * prints the name of the file first and ends each file at 100%.
 */
class Rsync implements Recogniser {
  readonly name = "rsync";
  /** Null: not known yet. */
  #mode: "transfer" | "files" | null = null;
  /** The last line that was no progress: the file of `--progress`. */
  #file = "";
  /** The list of files is incomplete, so that the percent means nothing (incremental recursion). */
  #isListing = false;

  read(text: string): Reading | null {
    const match = text.includes("B/s") ? FRAME.exec(text.trimEnd()) : null;
    if (match === null) {
      if (text !== "" && !HEADING.test(text)) this.#file = text;
      return null;
    }
    const [, bytes = "", digits = "", kind, left, total] = match;
    const percent = Number(digits);
    if (kind !== undefined) {
      this.#isListing = kind === "ir";
      if (percent < 100) this.#mode = "transfer";
      else this.#mode ??= this.#file === "" ? "transfer" : "files";
    }
    if (this.#mode === "files") return this.#files(percent, left, total);
    if (this.#mode === null && this.#file !== "") return { label: this.#file, percent, isOnlyProgress: true };
    const done = bytesOf(bytes) ?? 0;
    const reading: Reading = { label: "transfer", done, unit: "B", isOnlyProgress: true };
    return this.#isListing ? { ...reading, total: null } : { ...reading, percent };
  }

  #files(percent: number, left: string | undefined, all: string | undefined): Reading {
    const status = `${this.#file} ${percent}%`;
    if (left === undefined || all === undefined) return { status, isOnlyProgress: true };
    const total = Number(all);
    return {
      label: "files",
      done: total - Number(left),
      total: this.#isListing ? null : total,
      unit: "files",
      status: this.#file,
      isOnlyProgress: true,
    };
  }
}

export const RSYNC: ProgramRecogniser = {
  source: "text",
  create: () => new Rsync(),
  programs: [
    {
      name: "rsync",
      shows: "percent of the bytes; no percent while rsync still lists files",
      add: "`--info=progress2 --no-inc-recursive`",
      needs: "pipe",
    },
    { name: "rsync", shows: "files", add: "`--progress`", needs: "pipe" },
  ],
};
