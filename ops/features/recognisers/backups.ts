/** Backups: restic as JSON and as text, and borg as JSON. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { bytesOf, bytesReading, jsonObject, numberIn, textIn } from "./program.js";

export class ResticJson implements Recogniser {
  readonly name = "restic --json";
  #total: number | null = null;

  read(text: string): Reading | null {
    if (!text.includes('"message_type"')) return null;
    const message = jsonObject(text);
    if (message === null) return null;
    const kind = message.message_type;
    if (kind === "status") return this.#status(message);
    if (kind !== "summary" || this.#total === null) return null;
    return { ...bytesReading("data", this.#total, this.#total), isOnlyProgress: false };
  }

  #status(message: Record<string, unknown>): Reading | null {
    const total = numberIn(message, "total_bytes");
    const done = numberIn(message, "bytes_done") ?? numberIn(message, "bytes_restored") ?? 0;
    const share = numberIn(message, "percent_done");
    const [file] = Array.isArray(message.current_files) ? message.current_files : [];
    const status = typeof file === "string" ? { status: file } : {};
    if (total !== null && total > 0) {
      this.#total = total;
      return { ...bytesReading("data", done, total), ...status };
    }
    if (share !== null && share > 0)
      return { label: "data", percent: share * 100, isOnlyProgress: true, ...status };
    return { ...bytesReading("data", done, null), ...status };
  }
}

const CLOCK = "\\[(?:\\d+:)?\\d+:\\d\\d\\] +(?:\\d{1,3}\\.\\d\\d% +)?";
const RESTIC_DATA = new RegExp(
  `^${CLOCK}\\d+ files(?:/dirs)?,? ([\\d.]+ [KMGTP]?i?B)(?:, total \\d+ files(?:/dirs)?,? ([\\d.]+ [KMGTP]?i?B))?`,
);
const RESTIC_ITEMS = new RegExp(`^${CLOCK}(\\d+) / (\\d+) ([a-z][a-z ]{2,40})$`);
/** The column of the percentage is empty. */
const RESTIC_COUNT = /^\[(?:\d+:)?\d+:\d\d\] {6,}(\d+) ([a-z][a-z ]{2,40})$/;
/** The last frame may be older than the end. */
const RESTIC_END = /^(?:processed \d+ files, |Summary: Restored \d+ )/;
/** restic reads some files at a time, and prints the name of each below its status. */
const MOST_FILES = 8;

export class ResticText implements Recogniser {
  readonly name = "restic";
  /** Lines that may name a file that restic reads now. */
  #files = 0;
  #total: number | null = null;

  read(text: string): Reading | null {
    if (text.startsWith("/") && this.#files > 0) {
      this.#files--;
      return { status: text.trimEnd(), isOnlyProgress: true };
    }
    this.#files = 0;
    if (this.#total !== null && RESTIC_END.test(text)) {
      const reading = bytesReading("data", this.#total, this.#total);
      this.#total = null;
      return { ...reading, isOnlyProgress: false };
    }
    if (!/^\[\d/.test(text)) return null;
    const line = text.trimEnd();
    const items = RESTIC_ITEMS.exec(line);
    if (items !== null)
      return {
        label: items[3]!,
        done: Number(items[1]),
        total: Number(items[2]),
        unit: null,
        isOnlyProgress: true,
      };
    const count = RESTIC_COUNT.exec(line);
    if (count !== null)
      return {
        label: count[2]!,
        done: Number(count[1]),
        total: null,
        unit: null,
        isOnlyProgress: true,
      };
    const data = RESTIC_DATA.exec(line);
    if (data === null) return null;
    this.#files = MOST_FILES;
    this.#total = data[2] === undefined ? null : bytesOf(data[2]);
    return bytesReading("data", bytesOf(data[1]!) ?? 0, this.#total);
  }
}

/** `Checking segments 10.0%`, `  0.4% Extracting: big/p1` and `Compacting segments   7%`. */
const BORG_TEXT =
  /^(?: *\d{1,3}(?:\.\d{1,2})?% )?([A-Za-z][A-Za-z ]{2,60}?)(?: *\d{1,3}(?:\.\d{1,2})?% *$|: |$)/;

export class BorgJson implements Recogniser {
  readonly name = "borg --log-json";
  /** The last reading of the operation that the key numbers. */
  readonly #operations = new Map<unknown, Reading>();

  read(text: string): Reading | null {
    if (!text.includes('"type"')) return null;
    const message = jsonObject(text);
    if (message === null) return null;
    if (message.type === "archive_progress") return archive(message);
    if (message.type === "progress_percent") return this.#percent(message);
    const isMessage = message.type === "progress_message";
    if (!isMessage && message.name !== "borg.output.progress") return null;
    const status = textIn(message, "message");
    return status === "" ? { isOnlyProgress: true } : { status, isOnlyProgress: true };
  }

  #percent(message: Record<string, unknown>): Reading {
    const before = this.#operations.get(message.operation);
    if (message.finished === true) {
      this.#operations.delete(message.operation);
      const isCount = typeof before?.total === "number";
      return isCount ? { ...before, done: before.total as number } : { isOnlyProgress: true };
    }
    const status = textIn(message, "message").trim();
    const total = numberIn(message, "total");
    const done = numberIn(message, "current");
    if (total === null || total === 0 || done === null) return { status, isOnlyProgress: true };
    const label = BORG_TEXT.exec(status)?.[1] ?? textIn(message, "msgid");
    const unit = message.msgid === "extract" ? "B" : null;
    const reading = { label, done: Math.min(done, total), total, unit, isOnlyProgress: true };
    this.#operations.set(message.operation, reading);
    return { ...reading, status };
  }
}

function archive(message: Record<string, unknown>): Reading {
  const done = numberIn(message, "original_size");
  const path = textIn(message, "path");
  if (message.finished === true || done === null) return { isOnlyProgress: true };
  return { ...bytesReading("archive", done, null), ...(path === "" ? {} : { status: path }) };
}
