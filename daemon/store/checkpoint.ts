/**
 * The checkpoint `state.json`: a lowdb document of what the daemon holds, so that the journal before it can go.
 *
 * lowdb's own file adapter does not fsync and rewrites the file for each change; ours writes temp file, fdatasync,
 * rename, directory fsync, and is called once in a few thousand decisions. The one before is kept as
 * `state.previous.json`, with the journal since it: should this one be unreadable, nothing is lost.
 */
import { existsSync, linkSync, readFileSync, rmSync } from "node:fs";
import { type Adapter, Low } from "lowdb";
import {
  checkpointPieces,
  decodeCheckpoint,
  type Salvaged,
  SUM_AT,
  salvageCheckpoint,
} from "./checkpoint-text.js";
import type { Entry } from "./decision.js";
import { replaceFile, writeAll } from "./durable-file.js";
import { quarantineFile } from "./quarantine.js";
import type { RemovedKey } from "./removed-keys.js";

export interface CheckpointDocument {
  format: 1;
  /** Number of the last journal record it holds. */
  journal: number;
  nextOrder: number;
  operations: Entry[];
  /** Keys of removed operations, for as long as they stand. */
  removedKeys: RemovedKey[];
}

/** @throws Error where the file is there but is not a whole checkpoint of this format */
export function readCheckpoint(file: string): CheckpointDocument | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return decodeCheckpoint(text);
}

class DurableJsonAdapter implements Adapter<CheckpointDocument> {
  /** Bytes of the newest. */
  size = 0;

  constructor(
    private readonly file: string,
    private readonly previous: string,
  ) {}

  async read(): Promise<CheckpointDocument | null> {
    return readCheckpoint(this.file);
  }

  async write(document: CheckpointDocument): Promise<void> {
    if (existsSync(this.file)) {
      rmSync(this.previous, { force: true });
      linkSync(this.file, this.previous);
    }
    let size = 0;
    const room = Buffer.allocUnsafe(ROOM);
    await replaceFile(this.file, async (handle) => {
      const pieces = checkpointPieces(document);
      // All else that waits has its turn with each write.
      for (let next = pieces.next(); ; next = pieces.next()) {
        const bytes = encoded(next.value, room);
        await writeAll(handle, bytes, next.done ? SUM_AT : size);
        if (next.done) return;
        size += bytes.length;
      }
    });
    this.size = size;
  }
}

/** Bytes for a piece, as most of them take. */
const ROOM = 128 * 1024;

/** In the room that is given, where it fits: what each piece takes is garbage that is collected late. */
function encoded(text: string, room: Buffer): Buffer {
  return text.length * 3 <= room.length || Buffer.byteLength(text) <= room.length
    ? room.subarray(0, room.write(text))
    : Buffer.from(text);
}

export const EMPTY: CheckpointDocument = {
  format: 1,
  journal: 0,
  nextOrder: 1,
  operations: [],
  removedKeys: [],
};

export class Checkpoint {
  readonly #low: Low<CheckpointDocument>;
  readonly #adapter: DurableJsonAdapter;
  /** Number of the last journal record in the previous checkpoint, once this one has written a newer. */
  previousJournal = 0;
  /** By id: what is whole in checkpoints that are not, where there is no whole one. */
  readonly salvaged = new Map<string, Salvaged>();

  constructor(
    private readonly file: string,
    private readonly previous: string,
  ) {
    this.#adapter = new DurableJsonAdapter(file, previous);
    this.#low = new Low(this.#adapter, EMPTY);
  }

  /** Bytes of the checkpoint written last; 0 before the first. */
  get size(): number {
    return this.#adapter.size;
  }

  /**
   * What the last run wrote. An unreadable file is put aside and said; the one before and the journal tell the rest.
   * Where neither can be read, what is whole in either is salvaged.
   */
  async read(problems: string[]): Promise<CheckpointDocument> {
    try {
      await this.#low.read();
      if (existsSync(this.file) || !existsSync(this.previous)) return this.#handOver();
      problems.push(`${this.file} is gone`);
    } catch (error) {
      const aside = this.#putAside(this.file);
      problems.push(`${this.file} could not be read (${(error as Error).message}); it is kept in ${aside}`);
    }
    this.#low.data = this.#readPrevious(problems) ?? EMPTY;
    if (this.salvaged.size > 0)
      problems.push(`${this.salvaged.size} operations were salvaged from what is whole in them`);
    return this.#handOver();
  }

  async write(document: CheckpointDocument): Promise<void> {
    const { journal } = this.#low.data;
    this.#low.data = document;
    await this.#low.write();
    this.previousJournal = journal;
    this.#handOver();
  }

  /** The document, kept here no longer: it would keep alive all that is settled from now on. */
  #handOver(): CheckpointDocument {
    const document = this.#low.data;
    this.#low.data = { ...EMPTY, journal: document.journal };
    return document;
  }

  #readPrevious(problems: string[]): CheckpointDocument | null {
    try {
      const document = readCheckpoint(this.previous);
      if (document) this.salvaged.clear();
      problems.push(
        document
          ? `${this.previous} and the journal since it are used instead: nothing is lost`
          : "there is no earlier checkpoint: what only it held is lost, the journal tells the rest",
      );
      return document;
    } catch (error) {
      const aside = this.#putAside(this.previous);
      problems.push(
        `${this.previous} could not be read either (${(error as Error).message}); it is kept in ${aside}`,
      );
      return null;
    }
  }

  #putAside(file: string): string {
    const aside = quarantineFile(file);
    for (const salvaged of salvageCheckpoint(readFileSync(aside, "utf8"))) {
      const { id } = salvaged.entry.record;
      if ((this.salvaged.get(id)?.journal ?? -1) < salvaged.journal) this.salvaged.set(id, salvaged);
    }
    return aside;
  }
}
