/**
 * The journal: the daemon's decisions, appended and fdatasynced before they are announced.
 *
 * Natural group commit: while one batch is being synced, the next batch gathers. So a single append
 * costs one sync, and an append under load a share of one. On a full disk the file is truncated to
 * the last durable length, or the rest is made room, and the batch's waiters are refused. Any other
 * I/O error breaks the journal for good: a failed write or sync is never retried, since the kernel
 * may have dropped the pages. The next start recovers from the disk.
 *
 * A record is a line with its number `n`, the keys of the decision, and its checksum `sum`
 * (`protocol/record-line.ts`). A segment ends in tabs, room for later records, so their sync need
 * not write a new file size.
 */
import { constants, fstatSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { encodeNumberedRecord } from "../../protocol/record-line.js";
import { endOfText, FILLER, withRoom } from "../../protocol/system/append-file.js";
import { IrregularFileError, SAFE, whyIrregular } from "../../protocol/system/own-file.js";
import { isDiskFull, isIoError, syncDirectory, writeAllSync } from "./durable-file.js";
import { StoreFullError } from "./not-recorded.js";

/** Most bytes of room added at a time. */
const ROOM = 64 * 1024;

/** Characters of records written together: a long queue of appends must not become one string. */
const BATCH_CHARACTERS = 8 * 1024 * 1024;

interface Waiting {
  values: readonly object[];
  resolve: (n: number) => void;
  reject: (error: Error) => void;
}

interface JournalOptions<T extends object> {
  dir: string;
  /** Number of the last durable record. */
  last: number;
  /** Called in order, synchronously, when a record is on disk and before its append resolves. */
  onDurable: (value: T, n: number) => void;
  /**
   * The disk failed: acknowledged records are safe, no more are accepted. Called once; the daemon
   * must stop.
   */
  onBroken: (error: Error) => void;
}

export class Journal<T extends object> {
  #handle: FileHandle | null = null;
  #segment = "";
  #length = 0;
  /**
   * Whether the segment's name is durable: it is synced with the first records, since nothing
   * counts before.
   */
  #isNamed = false;
  /** Bytes of the segment, including its room. */
  #size = 0;
  #last: number;
  #waiting: Waiting[] = [];
  #betweenBatches: Array<() => Promise<void>> = [];
  #draining: Promise<void> | null = null;
  #broken: Error | null = null;
  /** When the current batch began, by the monotonic clock. */
  #batchSince: number | null = null;
  /** Whether the disk had no room for the last batch. */
  full = false;
  /** Bytes of records in the current segment. */
  get length(): number {
    return this.#length;
  }
  get last(): number {
    return this.#last;
  }
  /** Path of the current segment. */
  get segment(): string {
    return this.#segment;
  }
  /**
   * Whether the path of the segment leads to it: the state directory may have been removed, or
   * replaced by another.
   */
  isInPlace(): boolean {
    if (this.#handle === null) return false;
    const there = statSync(this.#segment, { throwIfNoEntry: false });
    const { dev, ino } = fstatSync(this.#handle.fd);
    return there?.ino === ino && there.dev === dev;
  }

  /** Milliseconds since the current batch began; 0 where there is none. */
  get waitingMs(): number {
    return this.#batchSince === null ? 0 : performance.now() - this.#batchSince;
  }

  constructor(private readonly options: JournalOptions<T>) {
    this.#last = options.last;
  }

  /** Opens the first segment, numbered after its first record. */
  async start(): Promise<void> {
    await this.#openSegment();
  }

  /** Resolves with the record's number once it is on disk and applied. */
  append(value: T): Promise<number> {
    return this.appendAll([value]);
  }

  /** Appends all values or none, in one write. Resolves with the number of the last record. */
  appendAll(values: readonly T[]): Promise<number> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ values, resolve, reject });
      this.#kick();
    });
  }

  /**
   * Calls `snapshot` between two batches, synchronously, so that it sees exactly the durable state.
   * Then opens a new segment where the current one has more than `most` bytes. Returns the
   * snapshot.
   */
  rotate<S>(snapshot: () => S, most = 0): Promise<S> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#betweenBatches.push(async () => {
        try {
          if (this.#broken) throw this.#broken;
          const value = snapshot();
          if (this.#length > most) await this.#openSegment();
          resolve(value);
        } catch (error) {
          if (isIoError(error)) this.break(error as Error);
          reject(error as Error);
        }
      });
      this.#kick();
    });
  }

  /** Refuses all further appends, after an I/O error in any file of the store. */
  break(error: Error): void {
    if (this.#broken) return;
    this.#broken = error;
    this.options.onBroken(error);
  }

  async stop(): Promise<void> {
    await this.#draining;
    await this.#close();
  }

  #kick(): void {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = null;
      if (this.#hasWork()) this.#kick();
    });
  }

  #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#betweenBatches.length > 0;
  }

  async #drain(): Promise<void> {
    // Appends of one turn share a batch, such as a finish and the next start.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#hasWork()) {
      await this.#betweenBatches.shift()?.();
      const { batch, bytes } = this.#nextBatch();
      if (batch.length === 0) continue;
      this.#batchSince = performance.now();
      await this.#commit(batch, bytes);
      this.#batchSince = null;
    }
  }

  /** Takes waiting appends for one write of moderate size. */
  #nextBatch(): { batch: Waiting[]; bytes: Buffer } {
    let n = this.#last;
    let text = "";
    let count = 0;
    for (const { values } of this.#waiting) {
      if (text.length > BATCH_CHARACTERS) break;
      for (const value of values) text += encodeNumberedRecord(++n, value);
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return { batch, bytes: Buffer.from(text) };
  }

  async #commit(batch: Waiting[], bytes: Buffer): Promise<void> {
    const handle = this.#handle;
    if (this.#broken) return this.#refuse(batch, this.#broken);
    if (!handle) return this.#refuse(batch, new Error("the journal is closed"));
    try {
      this.#write(handle, bytes);
      await handle.datasync();
      // A file without a name (its directory was removed) vanishes with this process.
      if (fstatSync(handle.fd).nlink === 0)
        throw new Error(`${this.#segment} was removed while it was written`);
      this.#nameSegment();
    } catch (error) {
      if (isDiskFull(error)) await this.#cutOff(handle);
      else this.break(error as Error);
      return this.#refuse(batch, this.#broken ?? asStoreError(error));
    }
    // Another file of the store failed in the meantime: the next start finds the records on disk.
    if (this.#broken) return this.#refuse(batch, this.#broken);
    this.#length += bytes.length;
    this.full = false;
    for (const { values, resolve } of batch) {
      for (const value of values) this.options.onDurable(value as T, ++this.#last);
      resolve(this.#last);
    }
  }

  /**
   * In this thread: the kernel copies the bytes in less time than another thread needs to wake up.
   * The sync waits.
   */
  #write(handle: FileHandle, bytes: Buffer): void {
    const end = this.#length + bytes.length;
    if (end > this.#size) {
      const roomy = withRoom(bytes, end, ROOM);
      try {
        writeAllSync(handle.fd, roomy, this.#length);
        this.#size = this.#length + roomy.length;
        return;
      } catch (error) {
        // The records may be there without all of the room, or there may be room for them alone.
        if (!isDiskFull(error)) throw error;
        const { size } = fstatSync(handle.fd);
        this.#size = Math.max(size, end);
        if (size >= end) return;
      }
    }
    writeAllSync(handle.fd, bytes, this.#length);
  }

  #nameSegment(): void {
    if (this.#isNamed) return;
    syncDirectory(this.options.dir);
    this.#isNamed = true;
  }

  #refuse(batch: Waiting[], error: Error): void {
    if (error instanceof StoreFullError) this.full = true;
    for (const { reject } of batch) reject(error);
  }

  async #cutOff(handle: FileHandle): Promise<void> {
    try {
      await handle.truncate(this.#length);
      this.#size = this.#length;
    } catch {
      // A full disk that copies on write cuts nothing off.
      await this.#blank(handle).catch((error: Error) => this.break(error));
    }
  }

  /** Makes room of the bytes after the durable end, which might be read as records. */
  async #blank(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat();
    const { end } = endOfText(handle.fd, size);
    if (end > this.#length)
      writeAllSync(handle.fd, Buffer.alloc(end - this.#length, FILLER), this.#length);
    this.#size = size;
  }

  async #openSegment(): Promise<void> {
    const segment = join(this.options.dir, segmentName(this.#last + 1));
    const handle = await open(segment, constants.O_RDWR | constants.O_CREAT | SAFE, 0o600);
    const stats = await handle.stat();
    const why = whyIrregular(stats);
    if (why !== null) {
      await handle.close();
      throw new IrregularFileError(`${segment} ${why}`);
    }
    this.#isNamed = false;
    await this.#close();
    this.#handle = handle;
    this.#segment = segment;
    this.#length = stats.size;
    this.#size = stats.size;
  }

  /** Truncates the room, so that readers find only records. */
  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    // Where that fails, as on a full copy-on-write disk, the next start recognises the room.
    if (handle && this.#size > this.#length) await handle.truncate(this.#length).catch(() => {});
    await handle?.close();
  }
}

/** Segments sort by the number of their first record. */
export function segmentName(first: number): string {
  return `${String(first).padStart(12, "0")}.ndjson`;
}

function asStoreError(error: unknown): Error {
  return isDiskFull(error) ? new StoreFullError((error as Error).message) : (error as Error);
}
