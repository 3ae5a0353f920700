/**
 * The history: finished operations, sealed into segments and found through an index.
 *
 * The segments are authoritative: one record a line, the last record of an id counts, and `entry:
 * null` means removed. The records are numbered without a gap, over all segments. The index is a
 * SQLite file built from the segments; missing parts are added at each start. So start-up and
 * memory do not grow with the history, and a lost index loses nothing. An index that does not meet
 * the segments is rebuilt, when it is seen: at a start by the sizes, later by a record that is not
 * at its place.
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
import { encodeNumberedRecord, isWhole, parseNumberedRecord } from "../../protocol/record-line.js";
import { APPEND, openOwnFile } from "../../protocol/system/own-file.js";
import type { Entry } from "./decision.js";
import { syncDirectory, writeAllSync } from "./durable-file.js";
import { HistoryIndex, isUnusable, type RecordLocation } from "./history-index.js";
import type { HistoryQuery } from "./history-query.js";
import { readSegmentLines } from "./read-journal.js";
import { readLines } from "./read-lines.js";
import type { SealedCounts } from "./recent.js";

/** The first keys of a removal. */
const REMOVAL = /^\{"n":\d+,"id":"(\w+)","entry":null,/;

/** A segment is closed at about this many bytes. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

export class History {
  #index: HistoryIndex;
  #segment = 0;
  #fd: number | null = null;
  #length = 0;
  /** The index was rebuilt: it may have fewer operations. */
  onRebuilt = () => {};
  /** Number of the last record; null: unknown, and any may follow. */
  #last: number | null = null;

  constructor(
    private readonly dir: string,
    /** Gets what is damaged, in words. The same may be reported again. */
    private readonly report: (problem: string) => void,
    /** Ids in segments that must not be found: they are live again or removed. */
    private readonly hidden: () => Iterable<string>,
  ) {
    this.#index = HistoryIndex.open(this.#indexFile, report);
    this.#segment = this.#segments().at(-1) ?? 1;
    this.#indexed(() => {
      if (!this.#catchUp()) this.#rebuild();
    });
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
    return this.#read((index) => index.find(id))[0] ?? null;
  }

  has(id: string): boolean {
    return this.#indexed((index) => index.has(id));
  }

  /**
   * Ids of removed operations, as far as segments still say so. Reads all segments; an unreadable
   * one says nothing.
   */
  removedIds(): Set<string> {
    const ids = new Set<string>();
    for (const segment of this.#segments()) {
      try {
        for (const { text } of readLines(this.#file(segment))) {
          const removed = REMOVAL.exec(text)?.[1];
          if (removed !== undefined && isWhole(text)) ids.add(removed);
        }
      } catch (error) {
        this.report(`${this.#file(segment)} could not be read: ${(error as Error).message}`);
      }
    }
    return ids;
  }

  byKey(key: string): Entry | null {
    return this.#read((index) => index.findKey(key))[0] ?? null;
  }

  /** Ids that start with the prefix. */
  idsWithPrefix(prefix: string, limit: number): string[] {
    return this.#indexed((index) => index.idsWithPrefix(prefix, limit));
  }

  /** Newest first, unless the query has another order. */
  list(query: HistoryQuery, limit: number): Entry[] {
    return this.#read((index) => index.list(query, limit));
  }

  count(query: HistoryQuery): number {
    return this.#indexed((index) => index.count(query));
  }

  countsByState(): SealedCounts {
    return this.#indexed((index) => [index.countsByState(), index.countsInside()]);
  }

  get nextOrder(): number {
    return this.#indexed((index) => index.lastOrder()) + 1;
  }

  expired(keep: number, cutoff: number, limit: number): string[] {
    return this.#indexed((index) => index.expired(keep, cutoff, limit));
  }

  /**
   * Deletes the oldest segments that hold no operation any more. Only the oldest: a removal is in a
   * later segment than the record that it removes, and must not be deleted first.
   */
  dropUnused(): void {
    for (const segment of this.#segments()) {
      if (segment === this.#segment || this.#indexed((index) => index.isUsed(segment))) return;
      this.#indexed((index) => index.dropSegment(segment));
      rmSync(this.#file(segment), { force: true });
    }
  }

  close(): void {
    this.#closeSegment();
    this.#index.close();
  }

  #closeSegment(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #append(lines: Array<{ id: string; entry: Entry | null }>): void {
    const fd = this.#openForAppend();
    const chunks: Buffer[] = [];
    const places: Array<{ id: string; entry: Entry | null; place: RecordLocation }> = [];
    let offset = this.#length;
    let n = this.#last ?? 0;
    for (const { id, entry } of lines) {
      const bytes = Buffer.from(encodeNumberedRecord(++n, { id, entry }));
      places.push({
        id,
        entry,
        place: { id, segment: this.#segment, offset, length: bytes.length },
      });
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
    this.#last = n;
    this.#indexed((index) => index.put(places, { segment: this.#segment, offset, n }));
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

  /**
   * Somebody may have replaced or cut the file: records that are appended there would be lost, or
   * not be found.
   */
  #isUnchanged(fd: number): boolean {
    const { nlink, size } = fstatSync(fd);
    return nlink > 0 && size === this.#length;
  }

  #openForAppend(): number {
    if (this.#fd !== null && !this.#isUnchanged(this.#fd)) this.#closeSegment();
    if (this.#fd !== null && this.#length >= SEGMENT_BYTES) {
      this.#closeSegment();
      this.#segment++;
    }
    if (this.#fd === null) {
      this.#fd = openOwnFile(this.#file(this.#segment), APPEND);
      syncDirectory(this.dir);
      this.#length = fstatSync(this.#fd).size;
    }
    return this.#fd;
  }

  /**
   * The entries at the places. Where a place does not hold its record, the index is rebuilt and
   * asked again.
   */
  #read(ask: (index: HistoryIndex) => RecordLocation[]): Entry[] {
    const read = () => this.#indexed(ask).map((place) => this.#readAt(place));
    let found = read();
    if (found.includes(null)) {
      this.#indexed(() => this.#rebuild());
      found = read();
    }
    return found.filter((entry) => entry !== null && entry !== undefined);
  }

  /** Null: another record is there, or a damaged one. Undefined: the segment cannot be read. */
  #readAt(place: RecordLocation): Entry | null | undefined {
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
      if (!existsSync(file)) return null;
      this.report(`${file} could not be read: ${(error as Error).message}`);
      return undefined;
    }
    const line = parseNumberedRecord(bytes.toString("utf8", 0, place.length - 1));
    const value = line?.value as { id: string; entry: Entry | null } | undefined;
    return value?.id === place.id ? value.entry : null;
  }

  /**
   * Indexes the records after the index's position, left by a crash or missing in a new index.
   *
   * @returns false if the segments are not those that were indexed
   */
  #catchUp(): boolean {
    const segments = this.#segments();
    const indexed = this.#index.indexedSegments();
    const from = indexed.at(-1) ?? { segment: 0, offset: 0, n: null };
    for (const { segment, offset } of indexed) {
      const size = segments.includes(segment) ? sizeOf(this.#file(segment)) : 0;
      if (segment === from.segment ? size < offset : size !== offset) return false;
    }
    this.#last = from.n;
    for (const segment of segments) {
      if (segment < from.segment) continue;
      const start = segment === from.segment ? from.offset : 0;
      if (start > 0 && start === sizeOf(this.#file(segment))) continue;
      const problems: string[] = [];
      const read = readSegmentLines(
        this.#file(segment),
        { from: start, last: this.#last },
        problems,
      );
      if (read === null) return false;
      for (const problem of problems) this.report(problem);
      const { lines, end, last } = read;
      this.#last = last;
      const places = lines.map(({ id, entry, offset, length }) => ({
        id,
        entry,
        place: { id, segment, offset, length },
      }));
      if (places.length > 0 || end !== start)
        this.#index.put(places, { segment, offset: end, n: last });
    }
    return true;
  }

  #rebuild(): void {
    this.report(`${this.#indexFile} did not match the history, and was rebuilt from it`);
    this.#index.clear();
    // An editor puts another file in the place of the open one.
    this.#closeSegment();
    this.#catchUp();
    for (const id of this.hidden()) this.#index.delete(id);
    this.onRebuilt();
  }

  /**
   * Queries the index. A damaged index, or one without room, is rebuilt from the segments and
   * queried again.
   */
  #indexed<T>(ask: (index: HistoryIndex) => T): T {
    try {
      return ask(this.#index);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      this.#index.close();
      this.#index = HistoryIndex.remake(this.#indexFile, this.report, error as Error);
      this.#catchUp();
      for (const id of this.hidden()) this.#index.delete(id);
      return ask(this.#index);
    }
  }

  get #indexFile(): string {
    return join(this.dir, "index.sqlite");
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
