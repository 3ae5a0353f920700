/**
 * The journal: what the daemon decided, appended and fdatasynced before anyone is told.
 *
 * Natural group commit: while one batch is being synced the next one gathers, so an append costs one sync when
 * alone and a share of one under load. A batch that cannot be written is cut off again to the last durable length
 * and its waiters are refused where the disk is full. Any other I/O error breaks the journal for good: a failed write or
 * sync is never retried, since the kernel may have dropped the pages. The next start recovers from what is on disk.
 *
 * A record is a line with its number `n`, the keys of the decision, and its checksum `sum` (`protocol/record-line.ts`).
 * A segment ends in tabs, room for the records to come: their sync then writes no new size of the file.
 */
import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { withRoom } from "../../ops/runner/append-file.js";
import { IrregularFileError, SAFE, whyIrregular } from "../../protocol/own-file.js";
import { encodeNumberedRecord } from "../../protocol/record-line.js";
import { isDiskFull, isIoError, syncDirectory, writeAll } from "./durable-file.js";

/** Most bytes of room made at a time. */
const ROOM = 64 * 1024;

/** Characters of records written together: a long queue of appends must not become one string. */
const BATCH_CHARACTERS = 8 * 1024 * 1024;

/** The disk is full: nothing was written, nothing happened. */
export class StoreFullError extends Error {
  override name = "StoreFullError";
}

interface Waiting {
  values: readonly object[];
  resolve: (n: number) => void;
  reject: (error: Error) => void;
}

interface JournalOptions<T extends object> {
  dir: string;
  /** Number of the last record already durable. */
  last: number;
  /** Called in order, synchronously, when a record is on disk and before its append resolves. */
  onDurable: (value: T, n: number) => void;
  /** The disk failed: what was acknowledged is safe, nothing else is taken. Called once; the daemon must stop. */
  onBroken: (error: Error) => void;
}

export class Journal<T extends object> {
  #handle: FileHandle | null = null;
  #segment = "";
  #length = 0;
  /** Its name is on disk as well: made so with its first records, since until then nothing of it counts. */
  #isNamed = false;
  /** Of the segment, its room included. */
  #size = 0;
  #last: number;
  #waiting: Waiting[] = [];
  #betweenBatches: Array<() => Promise<void>> = [];
  #draining: Promise<void> | null = null;
  #broken: Error | null = null;
  /** When the batch under way began, by the monotonic clock. */
  #batchSince: number | null = null;
  /** The disk refused the last batch. */
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
  /** Milliseconds for which the batch under way has been written; 0 where there is none. */
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

  /** All of them or none: in one write. Resolves with the last one's number. */
  appendAll(values: readonly T[]): Promise<number> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ values, resolve, reject });
      this.#kick();
    });
  }

  /**
   * Between two batches: calls `snapshot` synchronously, so that what it sees is exactly what is durable, then opens
   * a new segment. Returns its value, the new segment, and the number of the last record before it.
   */
  rotate<S>(snapshot: () => S): Promise<{ value: S; segment: string; last: number }> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#betweenBatches.push(async () => {
        try {
          if (this.#broken) throw this.#broken;
          const value = snapshot();
          const last = this.#last;
          await this.#openSegment();
          resolve({ value, segment: this.#segment, last });
        } catch (error) {
          if (isIoError(error)) this.break(error as Error);
          reject(error as Error);
        }
      });
      this.#kick();
    });
  }

  /** The store's disk failed, here or in another file of the store: nothing is taken any more. */
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
    // What is appended in the same turn belongs to the same batch: a finishing and the start of what comes next.
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

  /** Appends that wait, as many as make one write of a moderate size. */
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
      await this.#write(handle, bytes);
      await handle.datasync();
      // The directory was removed: what is written into a file without a name is gone with this process.
      if (fstatSync(handle.fd).nlink === 0)
        throw new Error(`${this.#segment} was removed while it was written`);
      this.#nameSegment();
    } catch (error) {
      if (isDiskFull(error)) await this.#cutOff(handle);
      else this.break(error as Error);
      return this.#refuse(batch, this.#broken ?? asStoreError(error));
    }
    // Another file of the store failed meanwhile: what is on disk by now is for the next start to find.
    if (this.#broken) return this.#refuse(batch, this.#broken);
    this.#length += bytes.length;
    this.full = false;
    for (const { values, resolve } of batch) {
      for (const value of values) this.options.onDurable(value as T, ++this.#last);
      resolve(this.#last);
    }
  }

  async #write(handle: FileHandle, bytes: Buffer): Promise<void> {
    const end = this.#length + bytes.length;
    if (end > this.#size) {
      const roomy = withRoom(bytes, end, ROOM);
      try {
        await writeAll(handle, roomy, this.#length);
        this.#size = this.#length + roomy.length;
        return;
      } catch (error) {
        // There may still be room for the records alone.
        if (!isDiskFull(error)) throw error;
        await handle.truncate(this.#length);
        this.#size = end;
      }
    }
    await writeAll(handle, bytes, this.#length);
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
    } catch (error) {
      // What is left behind the end might be read as records that happened.
      this.break(error as Error);
    }
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

  /** Without its room: whoever reads it finds records alone. */
  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    // Where that cannot be, as on a full disk that copies on write, the next start takes it for what it is.
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
