/**
 * The checkpoint `state.json`: a lowdb document of what the daemon holds, so that the journal before it can go.
 *
 * lowdb's own file adapter does not fsync and rewrites the file for each change; ours writes temp file, fdatasync,
 * rename, directory fsync, and is called once in a few thousand decisions.
 */
import { readFileSync } from "node:fs";
import { type Adapter, Low } from "lowdb";
import type { Entry } from "./decision.js";
import { replaceFile } from "./durable-file.js";
import { quarantineFile } from "./quarantine.js";

export interface CheckpointDocument {
  format: 1;
  /** Number of the last journal record it holds. */
  journal: number;
  nextOrder: number;
  operations: Entry[];
}

class DurableJsonAdapter implements Adapter<CheckpointDocument> {
  constructor(private readonly file: string) {}

  async read(): Promise<CheckpointDocument | null> {
    try {
      return JSON.parse(readFileSync(this.file, "utf8")) as CheckpointDocument;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  write(document: CheckpointDocument): Promise<void> {
    return replaceFile(this.file, `${JSON.stringify(document)}\n`);
  }
}

export const EMPTY: CheckpointDocument = { format: 1, journal: 0, nextOrder: 1, operations: [] };

export class Checkpoint {
  readonly #low: Low<CheckpointDocument>;

  constructor(private readonly file: string) {
    this.#low = new Low(new DurableJsonAdapter(file), EMPTY);
  }

  /** What the last run wrote. An unreadable file is put aside and said; the journal still tells the rest. */
  async read(problems: string[]): Promise<CheckpointDocument> {
    try {
      await this.#low.read();
      const { format, journal, operations } = this.#low.data;
      if (format !== 1 || !Number.isSafeInteger(journal) || !Array.isArray(operations)) {
        throw new Error("it is not a checkpoint of this format");
      }
    } catch (error) {
      const aside = quarantineFile(this.file);
      problems.push(`${this.file} could not be read (${(error as Error).message}); it is kept in ${aside}`);
      this.#low.data = EMPTY;
    }
    return this.#low.data;
  }

  async write(document: CheckpointDocument): Promise<void> {
    this.#low.data = document;
    await this.#low.write();
  }
}
