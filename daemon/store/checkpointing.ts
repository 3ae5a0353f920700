/**
 * A checkpoint: seals finished operations into the history, writes the state document with the live
 * ones, then deletes the journal that both cover. In this order a crash between two steps leaves an
 * operation twice and never loses it.
 */
import { rm } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { isFinal } from "../../protocol/state.js";
import type { Decision, Entry } from "./decision.js";
import type { History } from "./history.js";
import type { IdempotencyTombstones } from "./idempotency-tombstones.js";
import type { Journal } from "./journal.js";
import type { Layout } from "./layout.js";
import type { Ledger } from "./ledger.js";
import { segmentsBefore } from "./read-journal.js";
import type { Recent, StateCounts } from "./recent.js";
import type { StateDocument } from "./state-document.js";
import type { StateFile } from "./state-file.js";

/**
 * A checkpoint is due at once when the journal has grown by this much, and by the size of the state
 * document: with a long queue a checkpoint costs more, so it is written less often.
 */
const MOST_BYTES = 8 * 1024 * 1024;

/** Bound on a segment's size, since a start reads each segment into memory at once. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * A checkpoint begins a new segment after this many bytes: a start reads the records before it in
 * vain.
 */
const SEGMENT_BYTES = 256 * 1024;

/** Operations sealed at once: some milliseconds of work. */
const SEALED_AT_ONCE = 64;

/** The events of the attempts, which workers write. */
export interface AttemptEvents {
  /**
   * Finds what an earlier daemon left. Returns problems, in words. @param entryOf - operations in
   * memory
   */
  find(entryOf: (id: string) => Entry | undefined): string[];
  /**
   * Adds its events to an entry that moves to the history. Long events are durable when this
   * resolves.
   */
  add(entry: Entry): Promise<void>;
  /** The entry has moved, and was not retried or removed before. */
  sealed(entry: Entry): void;
  /**
   * A checkpoint covers the moves. Until then, a start takes the operations from the journal,
   * without their events.
   */
  covered(): void;
  /** The operation was removed. */
  forget(id: string): void;
}

interface CheckpointingParts {
  layout: Layout;
  journal: Journal<Decision>;
  ledger: Ledger;
  history: History;
  file: StateFile;
  recent: Recent;
  /** Ids removed since the last checkpoint; a checkpoint takes out the ids that it covers. */
  removed: Set<string>;
  tombstones: IdempotencyTombstones;
  counts: StateCounts;
  attemptEvents: AttemptEvents;
  /** A finished operation left the ledger. */
  onSealed: (id: string) => void;
}

export class Checkpointing {
  /** Bytes of the journal's segment that the newest document covers. */
  #covered = 0;

  constructor(private readonly parts: CheckpointingParts) {}

  isDue(): boolean {
    const { journal, file } = this.parts;
    return (
      journal.length - this.#covered > Math.min(LARGEST_BYTES, Math.max(MOST_BYTES, file.size))
    );
  }

  /** Writes a checkpoint. The caller waits for the one before. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.parts.ledger.beforeChange = () => {};
    }
  }

  async #run(): Promise<void> {
    const { layout, journal, history, file, removed, attemptEvents } = this.parts;
    // The files of another state directory must not be replaced by those of this daemon.
    if (!journal.isInPlace()) throw new Error(`${journal.segment} was removed or replaced`);
    const snapshot = await journal.rotate(() => this.#snapshot(), SEGMENT_BYTES);
    await this.#seal(snapshot.ended);
    history.seal([], snapshot.removed);
    // A write that fails is made again, and must not append them again.
    for (const id of snapshot.removed) removed.delete(id);
    await file.write(snapshot.document);
    attemptEvents.covered();
    history.dropUnused();
    // The journal since the document before stays, to recover from that document.
    for (const old of segmentsBefore(layout.journal, file.previousJournal))
      if (old !== journal.segment) await rm(old, { force: true });
  }

  /** Later decisions do not change the snapshot. */
  #snapshot(): { ended: Entry[]; removed: string[]; document: StateDocument } {
    const { journal, ledger, counts, recent, removed, tombstones } = this.parts;
    this.#covered = journal.length > SEGMENT_BYTES ? 0 : journal.length;
    const ended: Entry[] = [];
    const live: Entry[] = [];
    for (const entry of ledger.entries.values()) {
      const { state } = entry.record;
      if (isFinal(state)) ended.push(entry);
      // Only a decision changes a queued operation, and most stay queued until the write: they are
      // not copied.
      else live.push(state === "queued" ? entry : copied(entry));
    }
    const copies = new Map<Entry, Entry>();
    ledger.beforeChange = (entry) => {
      if (!copies.has(entry)) copies.set(entry, copied(entry));
    };
    // The history takes the order of its records for that of the ends (`HistoryIndex.expired`).
    ended.sort((a, b) => a.finishedBy - b.finishedBy);
    const document: StateDocument = {
      journal: journal.last,
      nextOrder: ledger.nextOrder,
      counts: ledger.withAsking(counts.get("none")),
      live: {
        *[Symbol.iterator]() {
          for (const entry of live) yield copies.get(entry) ?? entry;
        },
      },
      finished: [...recent.values()],
      tombstones: tombstones.all(),
    };
    return { ended, removed: [...removed], document };
  }

  /** Seals a few operations in each turn of the event loop. */
  async #seal(ended: Entry[]): Promise<void> {
    const { ledger, history, attemptEvents, onSealed } = this.parts;
    for (let from = 0; from < ended.length; from += SEALED_AT_ONCE) {
      // Skips operations retried or removed in the meantime: the journal after the checkpoint has
      // them.
      const isSame = (entry: Entry) => ledger.get(entry.record.id) === entry;
      const next = ended.slice(from, from + SEALED_AT_ONCE);
      for (const entry of next) if (isSame(entry)) await attemptEvents.add(entry);
      const entries = next.filter(isSame);
      history.seal(entries, []);
      // In the same turn: a sealed operation must not be in the ledger too.
      for (const entry of entries) {
        const { id } = entry.record;
        ledger.drop(id);
        attemptEvents.sealed(entry);
        onSealed(id);
      }
      await turn();
    }
  }
}

function copied(entry: Entry): Entry {
  return { ...entry, events: [...entry.events] };
}
