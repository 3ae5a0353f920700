/**
 * The state document on disk, by lowdb with an adapter that writes and reads in pieces, so that
 * only the disk limits its size.
 *
 * lowdb's own file adapter does not sync and builds one string. This adapter writes a temporary
 * file, an fdatasync, a rename and a directory fsync. The document before is kept with the journal
 * since then: where the newest cannot be read, nothing is lost. Where both are damaged, the intact
 * lines of both are used.
 */
import { existsSync } from "node:fs";
import { type FileHandle, link, rename, rm } from "node:fs/promises";
import { Low } from "lowdb";
import type { Operation } from "../../protocol/operation.js";
import type { Entry } from "./decision.js";
import { replaceFile } from "./durable-file.js";
import { quarantineFile } from "./quarantine.js";
import { type ReadState, readStateDocument } from "./read-state.js";
import { EMPTY, type StateDocument, textOf } from "./state-document.js";

/** Approximate characters of one write. */
const PIECE = 64 * 1024;

export class StateFile {
  /** What a read has found damaged, in words. */
  readonly problems: string[] = [];
  /** No document could be read: the operations are those of the intact lines. */
  isSalvaged = false;
  /** Bytes of the last write; 0 before the first. */
  size = 0;
  /** Time in ms for which the last write occupied the event loop. */
  busyMs = 0;
  /** Number of the last journal record in the newest document. */
  #journal = 0;
  /** The same in the document before; 0: there is none. */
  previousJournal = 0;
  readonly #low: Low<StateDocument>;

  /**
   * @param previous - file of the document before; null: it is not kept
   * @param shown - the record as everyone sees it
   * @param firstRecord - number of the first record that the journal has or had; null: there is
   *   no journal. Default: null
   */
  constructor(
    private readonly file: string,
    private readonly previous: string | null,
    private readonly shown: (entry: Entry) => Operation,
    private readonly firstRecord: () => number | null = () => null,
  ) {
    const adapter = {
      read: async () => this.#read(),
      write: (data: StateDocument) => this.#write(data),
    };
    this.#low = new Low(adapter, EMPTY);
  }

  /**
   * The document of the last daemon; `EMPTY` where there is none. A damaged file is moved aside and
   * reported: the document before and the journal replace it. Where both are damaged, the
   * operations in the intact lines of both are returned, for a journal that is read from its
   * beginning.
   */
  async read(): Promise<StateDocument> {
    await this.#low.read();
    const { data } = this.#low;
    this.#low.data = EMPTY;
    this.#journal = data.journal;
    return data;
  }

  /** Durable when it resolves. */
  async write(document: StateDocument): Promise<void> {
    this.#low.data = document;
    try {
      await this.#low.write();
    } finally {
      // Operations would stay in memory that are forgotten later.
      this.#low.data = EMPTY;
    }
  }

  async #write(document: StateDocument): Promise<void> {
    const isThere = existsSync(this.file);
    this.busyMs = 0;
    let size = 0;
    const room = Buffer.allocUnsafe(2 * PIECE);
    const fill = async (handle: FileHandle) => {
      let since = performance.now();
      for (const piece of piecesOf(document, this.shown)) {
        const bytes = encoded(piece, room);
        this.busyMs += performance.now() - since;
        await handle.writeFile(bytes);
        size += bytes.length;
        since = performance.now();
      }
    };
    await replaceFile(this.file, fill, async () => {
      if (isThere) await this.#keepAsPrevious();
    });
    this.size = size;
    if (isThere) this.previousJournal = this.#journal;
    this.#journal = document.journal;
  }

  /** Called when the new document is durable: the one before the newest stays until then. */
  async #keepAsPrevious(): Promise<void> {
    if (this.previous === null) return;
    const temporary = `${this.previous}.tmp`;
    await rm(temporary, { force: true });
    await link(this.file, temporary);
    await rename(temporary, this.previous);
  }

  #read(): StateDocument | null {
    const { file, previous, problems } = this;
    const newest = this.#readOf(file);
    if (newest?.problem === null) return newest.document;
    if (newest !== null)
      problems.push(
        `${file} could not be read (${newest.problem}); it is kept in ${quarantineFile(file)}`,
      );
    if (previous === null || (newest === null && !existsSync(previous))) return null;
    if (newest === null) problems.push(`${file} is missing`);
    const before = this.#readOf(previous);
    if (before?.problem === null) {
      problems.push(
        this.firstRecord() === null
          ? `${previous} is used instead, without what happened since: there is no journal`
          : `${previous} and the journal since then are used instead: nothing is lost`,
      );
      this.previousJournal = before.document.journal;
      return before.document;
    }
    problems.push(
      before === null
        ? "there is no earlier document: operations found only in the damaged one are lost, the journal restores the rest"
        : `${previous} could not be read either (${before.problem}); it is kept in ${quarantineFile(previous)}`,
    );
    return this.#salvage([before, newest].flatMap((read) => read?.document ?? []));
  }

  /** An older document than the journal needs is as good as a damaged one. */
  #readOf(file: string): ReadState | null {
    const read = readStateDocument(file);
    const first = this.firstRecord();
    if (read?.problem === null && first !== null && first > read.document.journal + 1)
      read.problem = `it is too old: the journal since then begins with record ${first}`;
    return read;
  }

  /** Of two copies of an operation, the later one counts. */
  #salvage(documents: ReadonlyArray<ReadState["document"]>): StateDocument {
    const byId = new Map<string, Entry>();
    for (const entry of documents.flatMap(({ live }) => live)) {
      const other = byId.get(entry.record.id);
      if (other === undefined || other.version <= entry.version) byId.set(entry.record.id, entry);
    }
    if (byId.size > 0) {
      this.problems.push(`${byId.size} operations were salvaged from the intact lines`);
      this.isSalvaged = true;
    }
    return {
      ...EMPTY,
      live: [...byId.values()],
      tombstones: documents.flatMap(({ tombstones }) => tombstones),
    };
  }
}

function* piecesOf(document: StateDocument, shown: (entry: Entry) => Operation): Generator<string> {
  let piece = "";
  for (const text of textOf(document, shown)) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

/**
 * Uses the given buffer where the text fits: a new buffer for each piece is garbage that is
 * collected late.
 */
function encoded(text: string, room: Buffer): Buffer {
  return text.length * 3 <= room.length || Buffer.byteLength(text) <= room.length
    ? room.subarray(0, room.write(text))
    : Buffer.from(text);
}
