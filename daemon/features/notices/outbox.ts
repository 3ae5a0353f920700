/**
 * The notices that are not delivered yet: `notices.ndjson` in the state directory. So a notice outlives a killed daemon,
 * and is delivered at least once.
 *
 * Lines are appended without a sync: after a power cut the file is at most a few seconds old, and the operations that
 * finished or asked since then are looked at again. All decisions up to the number `after` were looked at.
 */
import { rmSync } from "node:fs";
import type { Notice } from "../../../protocol/notices.js";
import { AppendFile } from "../../../protocol/system/append-file.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import { replaceFileSync } from "../../store/durable-file.js";
import { quarantineUnreadable } from "../../store/quarantine.js";

/** Most notices of a channel that wait. */
const MOST_WAITING = 1000;

/** Lines after which the file is written anew, besides those of what waits. */
const MOST_LINES = 2000;

/** Decisions without a notice between two lines. */
const WRITE_AFTER = 1000;

/** Most bytes read from the file. */
const MOST_BYTES = 256 * 1024 * 1024;

type Line =
  | { after: number }
  | { channel: string; notice: Notice; after?: number }
  | { channel: string; gone: string[] };

interface OutboxEvents {
  /** The file cannot be read. */
  onProblem(problem: string): void;
  /** A line cannot be written: after a restart, what it said is not known. */
  onUnwritable(error: unknown): void;
}

export class Outbox {
  readonly #waiting = new Map<string, Notice[]>();
  #file: AppendFile | null = null;
  #after: number | null = null;
  #lines = 0;
  #passed = 0;

  constructor(
    private readonly path: string,
    private readonly events: OutboxEvents,
  ) {}

  /** Reads what an earlier daemon left. Returns the number up to which decisions were looked at; null: no file. */
  open(): number | null {
    this.#read();
    this.#attempt(() => this.#rewrite());
    return this.#after;
  }

  /** Begins at this number, where there was no file. */
  begin(after: number): void {
    this.#after = Math.max(this.#after ?? 0, after);
    this.#attempt(() => this.#rewrite());
  }

  /** Names of the channels for which notices wait. */
  get channels(): string[] {
    return [...this.#waiting.keys()];
  }

  waiting(channel: string): readonly Notice[] {
    return this.#waiting.get(channel) ?? [];
  }

  /** No channel tells the decision of this number. */
  pass(after: number): void {
    this.#after = Math.max(this.#after ?? 0, after);
    if (++this.#passed >= WRITE_AFTER) this.#append({ after: this.#after });
  }

  /**
   * Keeps a notice until it is delivered.
   *
   * @param after number of the decision that it tells; null: it is about something else
   * @returns notices that had to go: more wait than there is room for
   */
  add(channel: string, notice: Notice, after: number | null): number {
    const all = this.#waiting.get(channel) ?? [];
    all.push(notice);
    this.#waiting.set(channel, all);
    if (after !== null) this.#after = Math.max(this.#after ?? 0, after);
    this.#append({ channel, notice, ...(this.#after !== null && { after: this.#after }) });
    const over = all.length - MOST_WAITING;
    if (over > 0) this.remove(channel, all.slice(0, over));
    return Math.max(0, over);
  }

  /** The notices are delivered, or given up. */
  remove(channel: string, notices: readonly Notice[]): void {
    const gone = new Set(notices.map(({ id }) => id));
    const rest = this.waiting(channel).filter(({ id }) => !gone.has(id));
    if (rest.length === 0) this.#waiting.delete(channel);
    else this.#waiting.set(channel, rest);
    this.#append({ channel, gone: [...gone] });
  }

  /** There are no channels: nothing is to be kept. */
  clear(): void {
    this.close();
    this.#waiting.clear();
    this.#after = null;
    this.#attempt(() => rmSync(this.path, { force: true }));
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #append(line: Line): void {
    this.#attempt(() => {
      this.#passed = 0;
      if (this.#file === null || ++this.#lines > MOST_LINES + this.#count()) return this.#rewrite();
      this.#file.append(`${JSON.stringify(line)}\n`);
    });
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.events.onUnwritable(error);
    }
  }

  #count(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }

  #rewrite(): void {
    this.close();
    const lines: Line[] = [...this.#waiting].flatMap(([channel, all]) =>
      all.map((notice) => ({ channel, notice })),
    );
    if (this.#after !== null) lines.unshift({ after: this.#after });
    replaceFileSync(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    this.#file = new AppendFile(this.path);
    this.#lines = 0;
  }

  #read(): void {
    let text: string;
    try {
      text = readOwnFile(this.path, MOST_BYTES).toString("utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT")
        this.events.onProblem(
          `the notices that wait cannot be read (${message}); the file is kept in ${quarantineUnreadable(this.path, error)}`,
        );
      return;
    }
    for (const line of text.split("\n")) this.#take(parse(line));
  }

  #take(line: Partial<{ after: number; channel: string; notice: Notice; gone: string[] }> | null): void {
    if (line === null) return;
    const { after, channel, notice, gone } = line;
    if (Number.isInteger(after)) this.#after = Math.max(this.#after ?? 0, after!);
    if (typeof channel !== "string") return;
    const all = this.#waiting.get(channel) ?? [];
    const left = Array.isArray(gone) ? all.filter(({ id }) => !gone.includes(id)) : all;
    if (typeof notice?.id === "string" && Array.isArray(notice.reason)) left.push(notice);
    if (left.length > 0) this.#waiting.set(channel, left);
    else this.#waiting.delete(channel);
  }
}

/** Null: the line was cut off by a crash, or is no line of ours. */
function parse(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
