/**
 * Checkpointing: seals finished operations into the history, writes a checkpoint of the live ones, then deletes the
 * journal that both cover. In this order a crash between two steps leaves an operation twice and never loses it.
 */
import { rmSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { isFinal } from "../../protocol/state.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Decision, Entry } from "./decision.js";
import type { History } from "./history.js";
import type { IdempotencyTombstones } from "./idempotency-tombstones.js";
import type { Journal } from "./journal.js";
import type { Layout } from "./layout.js";
import type { Ledger } from "./ledger.js";
import { segmentsBefore } from "./read-journal.js";

/**
 * A checkpoint is due when the journal has grown by this much, and by the size of the last checkpoint: with a long
 * queue a checkpoint costs more, so it is written less often.
 */
const MOST_BYTES = 8 * 1024 * 1024;

/** Bound on a segment's size, since a start reads each segment into memory at once. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * With this many finished operations, which stay in memory until sealed, a checkpoint is due at `LEAST_BYTES` already,
 * but not before the journal is twice the size of the last checkpoint.
 */
const FINISHED = 1000;
const LEAST_BYTES = 2 * 1024 * 1024;

/** Operations sealed at once: some milliseconds of work. */
const SEALED_AT_ONCE = 64;

/** The events of the attempts, which workers write. */
export interface AttemptEvents {
  /** Finds what an earlier daemon left. Returns problems, in words. @param entryOf - operations in memory */
  find(entryOf: (id: string) => Entry | undefined): string[];
  /** Adds its events to an entry that moves to the history. Long events are durable when this resolves. */
  add(entry: Entry): Promise<void>;
  /** The entry has moved, and was not retried or removed before. */
  sealed(entry: Entry): void;
  /** A checkpoint covers the moves. Until then, a start takes the operations from the journal, without their events. */
  covered(): void;
  /** The operation was removed. */
  forget(id: string): void;
}

interface CheckpointingParts {
  layout: Layout;
  journal: Journal<Decision>;
  ledger: Ledger;
  history: History;
  checkpoint: Checkpoint;
  /** Ids removed since the last checkpoint; a checkpoint takes out the ids that it covers. */
  removed: Set<string>;
  tombstones: IdempotencyTombstones;
  /** Number of operations that are not finished. */
  live: () => number;
  attemptEvents: AttemptEvents;
  /** A finished operation left the ledger. */
  onSealed: (id: string) => void;
}

export class Checkpointing {
  #running: Promise<void> | null = null;

  constructor(private readonly parts: CheckpointingParts) {}

  isDue(): boolean {
    const { journal, checkpoint, ledger, live } = this.parts;
    if (journal.length > Math.min(LARGEST_BYTES, Math.max(MOST_BYTES, checkpoint.size))) return true;
    const finished = ledger.entries.size - live();
    return finished > FINISHED && journal.length > Math.max(LEAST_BYTES, 2 * checkpoint.size);
  }

  /** Writes a checkpoint, or resolves with the one in progress. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.parts.ledger.beforeChange = () => {};
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { layout, journal, ledger, history, checkpoint, removed, tombstones, attemptEvents } = this.parts;
    const { value, segment, last } = await journal.rotate(() => ({
      ...this.#snapshot(),
      nextOrder: ledger.nextOrder,
      removed: [...removed],
    }));
    await this.#seal(value.finished);
    history.seal([], value.removed);
    await checkpoint.write({
      journal: last,
      nextOrder: value.nextOrder,
      operations: value.live,
      tombstones: tombstones.all(),
    });
    attemptEvents.covered();
    for (const id of value.removed) removed.delete(id);
    history.dropUnused();
    // The journal since the previous checkpoint stays, to recover from that checkpoint.
    for (const old of segmentsBefore(layout.journal, checkpoint.previousJournal)) {
      if (old !== segment) rmSync(old, { force: true });
    }
  }

  /** Later decisions do not change the snapshot. */
  #snapshot(): { finished: Entry[]; live: Entry[] } {
    const { ledger } = this.parts;
    const finished: Entry[] = [];
    const live: Entry[] = [];
    for (const entry of ledger.entries.values()) {
      const { state } = entry.record;
      if (isFinal(state)) finished.push(entry);
      // Only a decision changes a queued operation, and most stay queued until the write: they are not copied.
      else live.push(state === "queued" ? entry : copied(entry));
    }
    ledger.beforeChange = (entry) => {
      const index = live.indexOf(entry);
      if (index !== -1) live[index] = copied(entry);
    };
    // The history takes the order of its records for that of the ends (`HistoryIndex.expired`).
    finished.sort((a, b) => a.finishedBy - b.finishedBy);
    return { finished, live };
  }

  /** Seals a few operations in each turn of the event loop. */
  async #seal(finished: Entry[]): Promise<void> {
    const { ledger, history, attemptEvents, onSealed } = this.parts;
    for (let from = 0; from < finished.length; from += SEALED_AT_ONCE) {
      // Skips operations retried or removed in the meantime: the journal after the checkpoint has them.
      const isSame = (entry: Entry) => ledger.get(entry.record.id) === entry;
      const next = finished.slice(from, from + SEALED_AT_ONCE);
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
