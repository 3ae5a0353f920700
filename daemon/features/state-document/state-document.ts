/**
 * The state document `state.json`: a lowdb document for people, with what runs, the newest finished operations and the
 * first queued ones.
 *
 * The document is a view. The journal makes decisions durable, and no start reads this file. The file is rewritten
 * within a second of a change. A large document is rewritten less often: building its JSON takes at most 0.25 % of the
 * time. lowdb's own file adapter does not sync and builds one string; this adapter writes in pieces: temporary file,
 * fdatasync, rename, directory fsync.
 */
import { type Adapter, Low } from "lowdb";
import type { Operation } from "../../../protocol/operation.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import { type Counts, NO_COUNTS } from "../../../protocol/watch.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import { isDiskFull, replaceFile, writeAll } from "../../store/durable-file.js";
import { STATE_FORMAT } from "../../store/layout.js";
import type { Store } from "../../store/store.js";

export interface StateDocument {
  format: number;
  /** ISO 8601, UTC. */
  savedAt: string;
  /** Number of the last journal record that the document reflects. */
  journal: number;
  counts: Counts;
  /** Queued operations that are not listed. */
  moreQueued: number;
  /** By id, oldest first. */
  operations: Record<string, Operation>;
}

const EMPTY: StateDocument = {
  format: STATE_FORMAT,
  savedAt: "",
  journal: 0,
  counts: NO_COUNTS,
  moreQueued: 0,
  operations: {},
};

/** Time in ms between a change and the start of its write, for a small document. */
const DELAY_MS = 800;

/** Building the document takes at most 1/`SHARE` of the time. Waiting for the disk does not count. */
const SHARE = 400;

/** Approximate characters of one write. */
const PIECE = 64 * 1024;

class PiecewiseAdapter implements Adapter<StateDocument> {
  /** Time in ms for which the last write occupied the event loop. */
  busyMs = 0;

  constructor(private readonly file: string) {}

  async read(): Promise<StateDocument | null> {
    try {
      return JSON.parse(readOwnFile(this.file).toString("utf8")) as StateDocument;
    } catch {
      return null;
    }
  }

  write(document: StateDocument): Promise<void> {
    this.busyMs = 0;
    return replaceFile(this.file, async (handle) => {
      let size = 0;
      let since = performance.now();
      for (const piece of pieces(document)) {
        const bytes = Buffer.from(piece);
        this.busyMs += performance.now() - since;
        await writeAll(handle, bytes, size);
        size += bytes.length;
        since = performance.now();
      }
    });
  }
}

/** The document's JSON, an operation a line. */
function* pieces({ operations, ...head }: StateDocument): Generator<string> {
  let piece = `${JSON.stringify(head).slice(0, -1)},"operations":{`;
  let separator = "\n";
  for (const [id, operation] of Object.entries(operations)) {
    piece += `${separator}${JSON.stringify(id)}:${JSON.stringify(operation)}`;
    separator = ",\n";
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}\n}}\n`;
}

interface StateDocumentParts {
  bus: Bus;
  log: Pick<Log, "error">;
  store: Pick<Store, "journalNumber" | "counts">;
  /** The operations to show, oldest first. A long queue is not among them: the document is rewritten at each change. */
  view: { newest(): Operation[] };
}

export class StateDocumentWriter {
  readonly #adapter: PiecewiseAdapter;
  readonly #low: Low<StateDocument>;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** Earliest start of the next write, by the monotonic clock in ms. */
  #nextAt = 0;
  #isStopped = false;

  constructor(
    private readonly file: string,
    private readonly parts: StateDocumentParts,
  ) {
    parts.bus.on("decided", () => this.changed());
    parts.bus.on("record", () => this.changed());
    this.#adapter = new PiecewiseAdapter(file);
    this.#low = new Low(this.#adapter, EMPTY);
  }

  /** Schedules a write after a change of the shown state. */
  changed(): void {
    if (this.#timer || this.#isStopped) return;
    const delay = Math.max(DELAY_MS, this.#nextAt - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.write();
    }, delay);
    this.#timer.unref();
  }

  /** Writes the current document, after a write in progress. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Writes the document a last time. */
  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#isStopped = true;
    await this.write();
  }

  async #write(): Promise<void> {
    const began = performance.now();
    this.#low.data = this.#document();
    const buildMs = performance.now() - began;
    try {
      await this.#low.write();
    } catch (error) {
      if (!isDiskFull(error)) this.parts.log.error({ err: error }, `${this.file} could not be written`);
      this.changed();
    } finally {
      // The document would keep operations in memory that are forgotten later.
      this.#low.data = { ...this.#low.data, operations: {} };
      this.#nextAt = performance.now() + (buildMs + this.#adapter.busyMs) * SHARE;
    }
  }

  #document(): StateDocument {
    const { store, view } = this.parts;
    const counts = store.counts();
    const operations = view.newest();
    const queued = operations.filter(({ state }) => state === "queued").length;
    return {
      format: STATE_FORMAT,
      savedAt: new Date().toISOString(),
      journal: store.journalNumber,
      counts,
      moreQueued: counts.queued - queued,
      operations: Object.fromEntries(operations.map((operation) => [operation.id, operation])),
    };
  }
}
