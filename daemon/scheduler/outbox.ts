/**
 * Sends the run files of this host's attempts to where other hosts read them. The embedded engine
 * sends none.
 */
import type { EventsPlace } from "../run-files/events-reader.js";
import type { Entry } from "../store/decision.js";

/** An attempt whose files are sent. */
export interface SentAttempt {
  readonly id: string;
  readonly number: number;
  readonly entry: Entry;
  /** Directory of the attempt. */
  readonly dir: string;
  readonly events: EventsPlace;
  /** Null: an earlier daemon began the attempt. */
  readonly worker: object | null;
}

export interface Outbox {
  /** The attempt runs here from now on. */
  follow(attempt: SentAttempt): void;
  /**
   * Resolves when the files are sent to their end, which must come before the end of the attempt is
   * recorded.
   *
   * @throws Error if the daemon stops before
   */
  flush(attempt: SentAttempt): Promise<void>;
  /** The end of the attempt is recorded, or is no longer this host's to record. */
  release(attempt: SentAttempt): void;
}

export const NO_OUTBOX: Outbox = {
  follow: () => {},
  flush: async () => {},
  release: () => {},
};
