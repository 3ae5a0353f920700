/**
 * The daemon's state put in order: what is finished is sealed into the history, a checkpoint is written of what is live,
 * the journal they cover is deleted. In this order: a crash between any two of these leaves something twice, never
 * nothing.
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
 * Checkpoint when the journal has grown by so much, and by as much as the last checkpoint took: with a long queue one
 * costs more, and comes as much more rarely.
 */
const MOST_BYTES = 8 * 1024 * 1024;

/** A start reads a segment as a whole, so it does not grow without end. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/** Earlier where many are finished, which stay in memory until they are sealed; but not where much else is written too. */
const FINISHED = 1000;
const LEAST_BYTES = 2 * 1024 * 1024;

/** Operations: some milliseconds of work. */
const SEALED_AT_ONCE = 64;

interface CheckpointingParts {
  layout: Layout;
  journal: Journal<Decision>;
  ledger: Ledger;
  history: History;
  checkpoint: Checkpoint;
  /** Removed since the checkpoint; what it covers is taken out. */
  removed: Set<string>;
  tombstones: IdempotencyTombstones;
  /** How many of the ledger's operations are not finished. */
  live: () => number;
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

  /** Where one is under way already, resolves with it. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.parts.ledger.beforeChange = () => {};
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { layout, journal, ledger, history, checkpoint, removed, tombstones } = this.parts;
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
    for (const id of value.removed) removed.delete(id);
    history.dropUnused();
    // The journal since the previous checkpoint stays with it.
    for (const old of segmentsBefore(layout.journal, checkpoint.previousJournal)) {
      if (old !== segment) rmSync(old, { force: true });
    }
  }

  /** What is decided from here on does not show in it. */
  #snapshot(): { finished: Entry[]; live: Entry[] } {
    const { ledger } = this.parts;
    const finished: Entry[] = [];
    const live: Entry[] = [];
    for (const entry of ledger.entries.values()) {
      const { state } = entry.record;
      if (isFinal(state)) finished.push(entry);
      // One that waits changes by a decision alone, and most that wait still will when it is written: no copies of them.
      else live.push(state === "queued" ? entry : copied(entry));
    }
    ledger.beforeChange = (entry) => {
      const index = live.indexOf(entry);
      if (index !== -1) live[index] = copied(entry);
    };
    return { finished, live };
  }

  /** A few at a time, with all else that waits in between. */
  async #seal(finished: Entry[]): Promise<void> {
    const { ledger, history, onSealed } = this.parts;
    for (let from = 0; from < finished.length; from += SEALED_AT_ONCE) {
      // Retried or removed since: the journal after the checkpoint says so.
      const entries = finished
        .slice(from, from + SEALED_AT_ONCE)
        .filter((entry) => ledger.get(entry.record.id) === entry);
      history.seal(entries, []);
      // At once: what is sealed must not be found here too.
      for (const { record } of entries) {
        ledger.drop(record.id);
        onSealed(record.id);
      }
      await turn();
    }
  }
}

function copied(entry: Entry): Entry {
  return { ...entry, events: [...entry.events] };
}
