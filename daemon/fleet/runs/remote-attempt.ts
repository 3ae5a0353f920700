/**
 * One attempt that another host runs: reduces its events, as they come from the engine, into the record. It observes
 * only, since its worker is not on this machine.
 */
import type { Outcome } from "../../../protocol/event.js";
import type { Bus } from "../../bus.js";
import { RecordTail } from "../../scheduler/record-tail.js";
import type { Entry } from "../../store/decision.js";
import type { RemoteFiles } from "./remote-files.js";

export class RemoteAttempt {
  readonly number: number;
  readonly #tail: RecordTail;

  /**
   * @param dir names the attempt in messages
   * @param onDamage some run files are damaged
   */
  constructor(
    readonly entry: Entry,
    dir: string,
    files: RemoteFiles,
    bus: Bus,
    onDamage: (message: string) => void,
  ) {
    this.number = entry.record.attempt;
    this.#tail = new RecordTail(entry, dir, {
      bus,
      isOwn: false,
      files: { events: files.reader("events"), log: files.reader("log") },
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

  /** Reads both files to their end. `onRecords` of `RemoteRuns` tells when. */
  read(): void {
    this.#tail.read();
  }

  close(): void {
    this.#tail.close();
  }
}
