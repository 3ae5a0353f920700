/** rclone: the statistics block, the statistics of one line, and the statistics in JSON. */
import type { Reading, Recogniser } from "../reading.js";
import { bytesOf, bytesReading, jsonObject, numberIn, type ProgramRecogniser } from "./program.js";

const SIZES = "([\\d.]+ [KMGTPE]?i?B) / ([\\d.]+ [KMGTPE]?i?B), (?:\\d{1,3}%|-), ";
const BLOCK = new RegExp(`^Transferred: +${SIZES}`);
const ONE_LINE = new RegExp(`^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d (?:INFO|NOTICE) *: +${SIZES}`);
/** The rest of the block; lines of errors and of renames stay in the log. */
const REST =
  /^(?:Transferred: +\d+ \/ \d+, (?:\d+%|-)|Checks: +\d+ \/ \d+, (?:\d+%|-)|Elapsed time: +[\d.hms]+|Transferring:| \* .+: +(?:\d+% )?\/[\d.]+[KMGTP]?i?,? .*)$/;
const EMPTY_LINE = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d INFO *: *$/;

/** On a terminal, `-P` moves the cursor up and begins the next block in the last line of the block before. */
function lastBlock(line: string): string {
  const at = line.lastIndexOf("Transferred: ");
  return at > 0 ? line.slice(at) : line;
}

class RcloneText implements Recogniser {
  readonly name = "rclone";
  #hasSpoken = false;

  read(text: string): Reading | null {
    const first = text.charCodeAt(0);
    // `T`, `C`, `E`, a space, or the digit of a date.
    if (
      !(
        first === 0x54 ||
        first === 0x43 ||
        first === 0x45 ||
        first === 0x20 ||
        (first >= 0x31 && first <= 0x33)
      )
    )
      return null;
    if (!this.#hasSpoken && !text.includes(" / ")) return null;
    const line = lastBlock(text.replaceAll("\t", " "));
    const isDate = first >= 0x31 && first <= 0x33;
    const match = isDate ? ONE_LINE.exec(line) : BLOCK.exec(line);
    if (match !== null) {
      this.#hasSpoken = true;
      return bytesReading("transfer", bytesOf(match[1]!) ?? 0, bytesOf(match[2]!));
    }
    if (!this.#hasSpoken) return null;
    return REST.test(line.trimEnd()) || (isDate && EMPTY_LINE.test(line)) ? { isOnlyProgress: true } : null;
  }
}

class RcloneJson implements Recogniser {
  readonly name = "rclone --use-json-log";

  read(text: string): Reading | null {
    if (text.charCodeAt(0) !== 0x7b || !text.includes('"stats":{') || !text.includes('"totalBytes"'))
      return null;
    const stats = jsonObject(text)?.stats;
    if (typeof stats !== "object" || stats === null) return null;
    const values = stats as Record<string, unknown>;
    const done = numberIn(values, "bytes");
    return done === null ? null : bytesReading("transfer", done, numberIn(values, "totalBytes"));
  }
}

export const RCLONE: readonly ProgramRecogniser[] = [
  {
    source: "json",
    create: () => new RcloneJson(),
    programs: [{ name: "rclone", shows: "bytes", add: "`-v --use-json-log --stats 1s`", needs: "pipe" }],
  },
  {
    source: "text",
    create: () => new RcloneText(),
    programs: [{ name: "rclone", shows: "bytes", add: "`-P`, or `-v --stats 1s`", needs: "pipe" }],
  },
];
