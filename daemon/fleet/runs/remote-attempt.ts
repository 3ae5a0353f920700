/**
 * One attempt that another host runs: tails its mirrored run files and reduces the events into the record. It observes
 * only, since its worker is not on this machine.
 */
import type { Outcome, WorkerEvent } from "../../../protocol/event.js";
import { type RecordListener, RecordTail } from "../../scheduler/record-tail.js";
import type { Entry } from "../../store/decision.js";

export interface RemoteAttemptListener extends RecordListener {
  /** An event was read. Called before the event is in the record. */
  onEvent(entry: Entry, event: WorkerEvent): void;
  /** The outcome is in the files. The host that runs the attempt records it. */
  onOutcome(attempt: RemoteAttempt, outcome: Outcome): void;
  /** Some run files are damaged or cannot be read. */
  onDamage(message: string): void;
}

export class RemoteAttempt {
  readonly number: number;
  readonly #tail: RecordTail;

  /** @param dir - directory of the attempt; may be missing yet */
  constructor(
    readonly entry: Entry,
    readonly dir: string,
    listener: RemoteAttemptListener,
  ) {
    this.number = entry.record.attempt;
    this.#tail = new RecordTail(entry, dir, {
      onChange: (...args) => listener.onChange(...args),
      onLines: (...args) => listener.onLines(...args),
      // As in an attempt of this host: each event means that the worker accepted the operation.
      onEvent: (event) => {
        if (entry.run) entry.run.accepted = true;
        listener.onEvent(entry, event);
      },
      onLine: () => {},
      // The lines logged before the outcome are in the log first.
      onOutcome: (outcome) => queueMicrotask(() => listener.onOutcome(this, outcome)),
      onDamage: (message) => listener.onDamage(message),
      onDamagedEvent: () => {},
    });
  }

  get id(): string {
    return this.entry.record.id;
  }

  /** Number of the last event or line read. */
  get seq(): number {
    return this.#tail.seq;
  }

  /** How the attempt ended, as its worker says; null: nothing is known of an end. */
  get outcome(): Outcome | null {
    return this.#tail.outcome;
  }

  /** Reads both files to their end. The mirror's `onRecords` tells when. */
  read(): void {
    this.#tail.read();
  }

  close(): void {
    this.#tail.close();
  }
}
