/**
 * The checkpoint: the live operations, one a line, so that the journal before it can be deleted.
 *
 * The checkpoint is written and read as a stream, so only the disk limits its size. Each line has a checksum, and the
 * last line holds the number of lines. The previous checkpoint is kept with the journal since then: where the newest
 * cannot be read, nothing is lost. Where both are damaged, the intact lines of both are used.
 */
import { existsSync, linkSync, rmSync } from "node:fs";
import { encodeRecord, parseRecord } from "../../protocol/record-line.js";
import type { Entry } from "./decision.js";
import { replaceFile, writeAll } from "./durable-file.js";
import { entryOf, type StoredEntry, storedEntry } from "./entry-events.js";
import type { IdempotencyTombstone } from "./idempotency-tombstones.js";
import { STATE_FORMAT } from "./layout.js";
import { quarantineFile } from "./quarantine.js";
import { readLines } from "./read-lines.js";

interface CheckpointContent {
  /** Number of the last journal record that the checkpoint covers. */
  journal: number;
  nextOrder: number;
  operations: Entry[];
  /** Idempotency keys of removed operations, while they are valid. */
  tombstones: IdempotencyTombstone[];
}

/** An operation of a damaged checkpoint, and the number of the last journal record that it reflects. */
interface Salvaged {
  entry: Entry;
  journal: number;
}

type CheckpointLine =
  | { type: "checkpoint"; format: number; journal: number; nextOrder: number }
  | { type: "operation"; journal: number; entry: StoredEntry }
  | { type: "tombstone"; key: IdempotencyTombstone }
  | { type: "end"; lines: number };

/** The file exists and is not a complete checkpoint. An error of memory or size never counts as damage. */
class DamagedCheckpointError extends Error {
  override name = "DamagedCheckpointError";
}

/** Approximate bytes of one write. */
const PIECE = 64 * 1024;

const EMPTY: CheckpointContent = { journal: 0, nextOrder: 1, operations: [], tombstones: [] };

/**
 * Null where the file does not exist.
 *
 * @throws DamagedCheckpointError where the file is not a complete checkpoint of this format
 */
export function readCheckpoint(file: string): CheckpointContent | null {
  if (!existsSync(file)) return null;
  const content: CheckpointContent = { ...EMPTY, operations: [], tombstones: [] };
  let lines = 0;
  let isWhole = false;
  for (const { text, isComplete } of readLines(file)) {
    const line = isComplete && !isWhole ? parseRecord<CheckpointLine>(text) : null;
    if (!line) throw new DamagedCheckpointError(`line ${lines + 1} is damaged`);
    if ((lines === 0) !== (line.type === "checkpoint"))
      throw new DamagedCheckpointError("it does not begin as a checkpoint does");
    switch (line.type) {
      case "checkpoint":
        if (line.format !== STATE_FORMAT) throw new DamagedCheckpointError(`its format is ${line.format}`);
        content.journal = line.journal;
        content.nextOrder = line.nextOrder;
        break;
      case "operation":
        content.operations.push(entryOf(line.entry));
        break;
      case "tombstone":
        content.tombstones.push(line.key);
        break;
      case "end":
        if (line.lines !== lines) throw new DamagedCheckpointError(`it has ${lines} of ${line.lines} lines`);
        isWhole = true;
    }
    lines++;
  }
  if (!isWhole) throw new DamagedCheckpointError("its end is missing");
  return content;
}

/** Writes the checkpoint in pieces, off the event loop; durable when it resolves. Returns the size in bytes. */
export async function writeCheckpoint(file: string, content: CheckpointContent): Promise<number> {
  let size = 0;
  const room = Buffer.allocUnsafe(2 * PIECE);
  await replaceFile(file, async (handle) => {
    for (const piece of pieces(content)) {
      const bytes = encoded(piece, room);
      await writeAll(handle, bytes, size);
      size += bytes.length;
    }
  });
  return size;
}

function* pieces(content: CheckpointContent): Generator<string> {
  let piece = "";
  for (const line of linesOf(content)) {
    piece += encodeRecord(line);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

function* linesOf({
  journal,
  nextOrder,
  operations,
  tombstones,
}: CheckpointContent): Generator<CheckpointLine> {
  yield { type: "checkpoint", format: STATE_FORMAT, journal, nextOrder };
  for (const entry of operations) yield { type: "operation", journal, entry: storedEntry(entry) };
  for (const key of tombstones) yield { type: "tombstone", key };
  yield { type: "end", lines: 1 + operations.length + tombstones.length };
}

/** Uses the given buffer where the text fits: a new buffer for each piece is garbage that is collected late. */
function encoded(text: string, room: Buffer): Buffer {
  return text.length * 3 <= room.length || Buffer.byteLength(text) <= room.length
    ? room.subarray(0, room.write(text))
    : Buffer.from(text);
}

/** The operations in the intact lines of a damaged checkpoint. */
function* salvage(file: string): Generator<Salvaged> {
  for (const { text } of readLines(file)) {
    const line = parseRecord<CheckpointLine>(text);
    if (line?.type === "operation") yield { entry: entryOf(line.entry), journal: line.journal };
  }
}

export class Checkpoint {
  /** Number of the last journal record in the newest checkpoint, and in the previous one once a newer is written. */
  #journal = 0;
  previousJournal = 0;
  /** Bytes of the last written checkpoint; 0 before the first. */
  size = 0;
  /** By id: the intact lines of damaged checkpoints, where no checkpoint is complete. */
  readonly salvaged = new Map<string, Salvaged>();

  constructor(
    private readonly file: string,
    private readonly previous: string,
  ) {}

  /**
   * Reads the last daemon's checkpoint. A damaged file is moved aside and reported; the previous checkpoint and the
   * journal replace it. Where both are damaged, the intact lines of both are salvaged.
   */
  read(problems: string[]): CheckpointContent {
    const content = this.#read(problems) ?? EMPTY;
    this.#journal = content.journal;
    return content;
  }

  async write(content: CheckpointContent): Promise<void> {
    if (existsSync(this.file)) {
      rmSync(this.previous, { force: true });
      linkSync(this.file, this.previous);
    }
    this.size = await writeCheckpoint(this.file, content);
    this.previousJournal = this.#journal;
    this.#journal = content.journal;
  }

  #read(problems: string[]): CheckpointContent | null {
    try {
      const content = readCheckpoint(this.file);
      if (content || !existsSync(this.previous)) return content;
      problems.push(`${this.file} is missing`);
    } catch (error) {
      const aside = this.#moveAside(this.file, error);
      problems.push(`${this.file} could not be read (${(error as Error).message}); it is kept in ${aside}`);
    }
    const content = this.#readPrevious(problems);
    if (this.salvaged.size > 0)
      problems.push(`${this.salvaged.size} operations were salvaged from the intact lines of both`);
    return content;
  }

  #readPrevious(problems: string[]): CheckpointContent | null {
    try {
      const content = readCheckpoint(this.previous);
      if (content) this.salvaged.clear();
      problems.push(
        content
          ? `${this.previous} and the journal since then are used instead: nothing is lost`
          : "there is no earlier checkpoint: operations found only in the damaged one are lost, the journal restores the rest",
      );
      return content;
    } catch (error) {
      const aside = this.#moveAside(this.previous, error);
      problems.push(
        `${this.previous} could not be read either (${(error as Error).message}); it is kept in ${aside}`,
      );
      return null;
    }
  }

  /** Returns the file's new path. Moves nothing and rethrows where the error does not come from the file's content. */
  #moveAside(file: string, error: unknown): string {
    if (!(error instanceof DamagedCheckpointError)) throw error;
    const aside = quarantineFile(file);
    for (const salvaged of salvage(aside)) {
      const { id } = salvaged.entry.record;
      if ((this.salvaged.get(id)?.journal ?? -1) < salvaged.journal) this.salvaged.set(id, salvaged);
    }
    return aside;
  }
}
