/** Copies and streams with state: rclone, rsync, tar and xz. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { bytesOf, bytesReading, jsonObject, numberIn } from "./program.js";

const SIZES = "([\\d.]+ [KMGTPE]?i?B) / ([\\d.]+ [KMGTPE]?i?B), (?:\\d{1,3}%|-), ";
const BLOCK = new RegExp(`^Transferred: +${SIZES}`);
const ONE_LINE = new RegExp(
  `^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d (?:INFO|NOTICE) *: +${SIZES}`,
);
/** The rest of the block; lines of errors and of renames stay in the log. */
const REST =
  /^(?:Transferred: +\d+ \/ \d+, (?:\d+%|-)|Checks: +\d+ \/ \d+, (?:\d+%|-)|Elapsed time: +[\d.hms]+|Transferring:| \* .+: +(?:\d+% )?\/[\d.]+[KMGTP]?i?,? .*)$/;
const EMPTY_LINE = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d INFO *: *$/;

/**
 * On a terminal, `-P` moves the cursor up and begins the next block in the last line of the block
 * before.
 */
function lastBlock(line: string): string {
  const at = line.lastIndexOf("Transferred: ");
  return at > 0 ? line.slice(at) : line;
}

export class RcloneText implements Recogniser {
  readonly name = "rclone";
  #hasSpoken = false;

  read(text: string): Reading | null {
    if (!this.#hasSpoken && !text.includes(" / ")) return null;
    const line = lastBlock(text.replaceAll("\t", " "));
    const isDate = /^\d/.test(text);
    const match = isDate ? ONE_LINE.exec(line) : BLOCK.exec(line);
    if (match !== null) {
      this.#hasSpoken = true;
      return bytesReading("transfer", bytesOf(match[1]!) ?? 0, bytesOf(match[2]!));
    }
    if (!this.#hasSpoken) return null;
    return REST.test(line.trimEnd()) || (isDate && EMPTY_LINE.test(line))
      ? { isOnlyProgress: true }
      : null;
  }
}

export class RcloneJson implements Recogniser {
  readonly name = "rclone --use-json-log";

  read(text: string): Reading | null {
    if (!text.includes('"stats":{') || !text.includes('"totalBytes"')) return null;
    const stats = jsonObject(text)?.stats;
    if (typeof stats !== "object" || stats === null) return null;
    const values = stats as Record<string, unknown>;
    const done = numberIn(values, "bytes");
    return done === null ? null : bytesReading("transfer", done, numberIn(values, "totalBytes"));
  }
}

const FRAME =
  /^ *([\d.,]+[KMGTP]?) +(\d{1,3})% +[\d.,]+[kKMGTP]?B\/s +(?:\d+:\d\d:\d\d|\?\?:\?\?:\?\?)(?: +\(xfr#\d+, (to|ir)-chk=(\d+)\/(\d+)\))?$/;
const HEADING = /^(?:sending|receiving|building|created|delta)\b/;

/**
 * The percent is that of the whole transfer or of one file; only the order of the lines tells
 * which. `--progress` prints the name of the file first and ends each file at 100%.
 */
export class Rsync implements Recogniser {
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
    if (this.#mode === null && this.#file !== "")
      return { label: this.#file, percent, isOnlyProgress: true };
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

const TAR_CHECKPOINT = /^tar: (?:Read|Write) checkpoint (\d+)$/;
const TAR_TOTALS = /^tar: .{0,60}\b[RWD]: (\d+) \([\d.]+[KMGTP]?i?B, [\d.]+[KMGTP]?i?B\/s\)/;

export class Tar implements Recogniser {
  readonly name = "tar";
  /** A custom text gives bytes; the plain checkpoints beside it count records. */
  #hasBytes = false;
  #records = 0;

  read(text: string): Reading | null {
    if (!text.startsWith("tar: ")) return null;
    const checkpoint = TAR_CHECKPOINT.exec(text);
    if (checkpoint !== null) {
      const done = Number(checkpoint[1]);
      // Another tar of the same script begins.
      if (done < this.#records) this.#hasBytes = false;
      this.#records = done;
      if (this.#hasBytes) return { isOnlyProgress: true };
      return { label: "checkpoints", done, total: null, unit: "records", isOnlyProgress: true };
    }
    const totals = TAR_TOTALS.exec(text);
    if (totals === null) return null;
    this.#hasBytes = true;
    return bytesReading("archive", Number(totals[1]), null);
  }
}

const XZ_FILE = /^(.{1,200}) \(\d+\/\d+\)$/;
const XZ = /^ *(\d{1,3}(?:[.,]\d)?) % +[\d.,]+ [KMGT]?i?B \/ [\d.,]+ [KMGT]?i?B = [\d.,]+ /;

export class Xz implements Recogniser {
  readonly name = "xz";
  #file = "xz";

  read(text: string): Reading | null {
    if (text.endsWith(")")) this.#file = XZ_FILE.exec(text)?.[1] ?? this.#file;
    const match = text.includes(" % ") ? XZ.exec(text) : null;
    return (
      match && {
        label: this.#file,
        percent: Number(match[1]!.replace(",", ".")),
        isOnlyProgress: true,
      }
    );
  }
}
