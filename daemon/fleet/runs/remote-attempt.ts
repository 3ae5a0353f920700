/**
 * One attempt that another host runs: tails its mirrored run files and reduces the events into the record. It observes
 * only, since its worker is not on this machine.
 */
import type { Outcome } from "../../../protocol/event.js";
import type { Bus } from "../../bus.js";
import { RecordTail } from "../../scheduler/record-tail.js";
import type { Entry } from "../../store/decision.js";

export class RemoteAttempt {
  readonly number: number;
  readonly #tail: RecordTail;

  /**
   * @param dir - directory of the attempt; may be missing yet
   * @param onDamage - some run files are damaged or cannot be read
   */
  constructor(
    readonly entry: Entry,
    readonly dir: string,
    bus: Bus,
    onDamage: (message: string) => void,
  ) {
    this.number = entry.record.attempt;
    this.#tail = new RecordTail(entry, dir, {
      bus,
      isOwn: false,
      // As in an attempt of this host: each event means that the worker accepted the operation.
      onEvent: () => {
        if (entry.run) entry.run.accepted = true;
      },
      onLine: () => {},
      // The host that runs the attempt records the outcome.
      onOutcome: () => {},
      onDamage,
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
