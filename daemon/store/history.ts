/**
 * The history: finished operations, sealed into segments and found through an index.
 *
 * The segments are authoritative: one record a line, the last record of an id counts, and `entry: null` means removed.
 * The number of a record is the order of its operation, 0 for a removal. The index is a SQLite file built from the
 * segments; missing parts are added at each start. So start-up and memory do not grow with the history, and a lost
 * index loses nothing.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { encodeNumberedRecord, parseNumberedRecord } from "../../protocol/record-line.js";
import type { State } from "../../protocol/state.js";
import { APPEND, openOwnFile } from "../../protocol/system/own-file.js";
import type { Entry } from "./decision.js";
import { syncDirectory, writeAllSync } from "./durable-file.js";
import { HistoryIndex, type HistoryQuery, isUnusable, type RecordLocation } from "./history-index.js";
import { readSegmentLines } from "./read-journal.js";
import { readLines } from "./read-lines.js";

/** A segment is closed at about this many bytes. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

export class History {
  #index: HistoryIndex;
  #segment = 0;
  #fd: number | null = null;
  #length = 0;

  constructor(
    private readonly dir: string,
    private readonly problems: string[],
    /** Ids in segments that must not be found: they are live again or removed. */
    private readonly hidden: () => Iterable<string>,
  ) {
    this.#index = HistoryIndex.open(this.#indexFile, problems);
    this.#segment = this.#segments().at(-1) ?? 1;
    this.#indexed(() => this.#catchUp());
  }

  /** Appends the entries and the removals; durable when this returns. */
  seal(entries: Entry[], removed: string[]): void {
    const lines = [
      ...entries.map((entry) => ({ id: entry.record.id, entry })),
      ...removed.map((id) => ({ id, entry: null })),
    ];
    if (lines.length > 0) this.#append(lines);
  }

  /** Deletes an id from the index: it is live again, removed, or still in the ledger. */
  forget(id: string): void {
    this.#indexed((index) => index.delete(id));
  }

  read(id: string): Entry | null {
    const place = this.#indexed((index) => index.find(id));
    return place ? this.#readAt(place) : null;
  }

  has(id: string): boolean {
    return this.#indexed((index) => index.find(id)) !== null;
  }

  /** Ids of removed operations, as far as segments still say so. Reads all segments; an unreadable one says nothing. */
  removedIds(): Set<string> {
    const ids = new Set<string>();
    for (const segment of this.#segments()) {
      try {
        for (const { text } of readLines(this.#file(segment))) {
          const removal = text.startsWith('{"n":0,') ? parseNumberedRecord(text) : null;
          if (removal !== null) ids.add((removal.value as { id: string }).id);
        }
      } catch (error) {
        this.#say(`${this.#file(segment)} could not be read: ${(error as Error).message}`);
      }
    }
    return ids;
  }

  byKey(key: string): Entry | null {
    const place = this.#indexed((index) => index.findKey(key));
    return place ? this.#readAt(place) : null;
  }

  /** Ids that start with the prefix. */
  idsWithPrefix(prefix: string, limit: number): string[] {
    return this.#indexed((index) => index.idsWithPrefix(prefix, limit));
  }

  /** Newest first, unless the query has another order. */
  list(query: HistoryQuery, limit: number): Entry[] {
    return this.#indexed((index) => index.list(query, limit))
      .map((place) => this.#readAt(place))
      .filter((entry) => entry !== null);
  }

  count(query: HistoryQuery): number {
    return this.#indexed((index) => index.count(query));
  }

  countsByState(): Partial<Record<State, number>> {
    return this.#indexed((index) => index.countsByState());
  }

  get nextOrder(): number {
    return this.#indexed((index) => index.lastOrder()) + 1;
  }

  expired(keep: number, cutoff: number, now: number, limit: number): string[] {
    return this.#indexed((index) => index.expired(keep, cutoff, now, limit));
  }

  /**
   * Deletes the oldest segments that hold no operation any more. Only the oldest: a removal is in a later segment than
   * the record that it removes, and must not be deleted first.
   */
  dropUnused(): void {
    for (const segment of this.#segments()) {
      if (segment === this.#segment || this.#indexed((index) => index.isUsed(segment))) return;
      rmSync(this.#file(segment), { force: true });
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#index.close();
  }

  #append(lines: Array<{ id: string; entry: Entry | null }>): void {
    const fd = this.#openForAppend();
    const chunks: Buffer[] = [];
    const places: Array<{ id: string; entry: Entry | null; place: RecordLocation }> = [];
    let offset = this.#length;
    for (const { id, entry } of lines) {
      const bytes = Buffer.from(encodeNumberedRecord(entry?.order ?? 0, { id, entry }));
      places.push({ id, entry, place: { segment: this.#segment, offset, length: bytes.length } });
      chunks.push(bytes);
      offset += bytes.length;
    }
    try {
      writeAllSync(fd, Buffer.concat(chunks));
      fdatasyncSync(fd);
    } catch (error) {
      this.#takeBack(fd);
      throw error;
    }
    this.#length = offset;
    this.#indexed((index) => index.put(places, { segment: this.#segment, offset }));
  }

  /** Truncates a partial write. Where that fails, the next append starts a new segment. */
  #takeBack(fd: number): void {
    try {
      ftruncateSync(fd, this.#length);
    } catch {
      closeSync(fd);
      this.#fd = null;
      this.#segment++;
    }
  }

  #openForAppend(): number {
    if (this.#fd !== null && this.#length >= SEGMENT_BYTES) {
      closeSync(this.#fd);
      this.#fd = null;
      this.#segment++;
    }
    if (this.#fd === null) {
      this.#fd = openOwnFile(this.#file(this.#segment), APPEND);
      syncDirectory(this.dir);
      this.#length = fstatSync(this.#fd).size;
    }
    return this.#fd;
  }

  #readAt(place: RecordLocation): Entry | null {
    const file = this.#file(place.segment);
    const bytes = Buffer.alloc(place.length);
    try {
      const fd = openOwnFile(file);
      try {
        readSync(fd, bytes, 0, place.length, place.offset);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      this.#say(`${file} could not be read: ${(error as Error).message}`);
      return null;
    }
    const line = parseNumberedRecord(bytes.toString("utf8", 0, place.length - 1));
    if (!line) this.#say(`${file}: the record at byte ${place.offset} is damaged`);
    return line ? (line.value as { entry: Entry | null }).entry : null;
  }

  /** Indexes the records after the index's position, left by a crash or missing in a new index. */
  #catchUp(): void {
    const from = this.#index.position();
    for (const segment of this.#segments()) {
      if (segment < from.segment) continue;
      const start = segment === from.segment ? from.offset : 0;
      if (start > 0 && start === sizeOf(this.#file(segment))) continue;
      const { lines, end } = readSegmentLines(this.#file(segment), start, this.problems);
      const places = lines.map(({ id, entry, offset, length }) => ({
        id,
        entry,
        place: { segment, offset, length },
      }));
      if (places.length > 0 || end !== start) this.#index.put(places, { segment, offset: end });
    }
  }

  /** Queries the index. A damaged index, or one without room, is rebuilt from the segments and queried again. */
  #indexed<T>(ask: (index: HistoryIndex) => T): T {
    try {
      return ask(this.#index);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      this.#index.close();
      this.#index = HistoryIndex.remake(this.#indexFile, this.problems, error as Error);
      this.#catchUp();
      for (const id of this.hidden()) this.#index.delete(id);
      return ask(this.#index);
    }
  }

  get #indexFile(): string {
    return join(this.dir, "index.sqlite");
  }

  #say(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  #segments(): number[] {
    if (!existsSync(this.dir)) return [];
    return readdirSync(this.dir)
      .map((name) => /^(\d{6})\.ndjson$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  #file(segment: number): string {
    return join(this.dir, `${String(segment).padStart(6, "0")}.ndjson`);
  }
}

function sizeOf(file: string): number {
  return statSync(file).size;
}
