/**
 * The clock of an attempt, which stands still while the operation is paused: rates, remaining times
 * and durations do not count a pause. The daemon writes how long the pauses were, and then
 * continues the process.
 */
import { type Clock, SYSTEM_CLOCK } from "../../ops/attempt/clock.js";
import { readOwnFile } from "../../protocol/system/own-file.js";
import { pauseFile } from "../run-files/attempt-files.js";

/** A timer that is later than this may have been due during a pause. */
const LATE_MS = 20;

/** Bytes that the file may have. */
const MOST_BYTES = 4096;

export class PausableClock implements Clock {
  #pausedMs = 0;

  constructor(private readonly attemptDir: string) {}

  now(): number {
    return performance.now() - this.#pausedMs;
  }

  time(): string {
    return SYSTEM_CLOCK.time();
  }

  /**
   * A timer of the system is due after a pause at once; it is set again for the time that is left
   * of its own.
   */
  schedule(ms: number, callback: () => void, keepAlive?: boolean): () => void {
    const due = this.now() + ms;
    let clear = () => {};
    const set = (left: number) => {
      const from = performance.now();
      clear = SYSTEM_CLOCK.schedule(
        left,
        () => {
          // The timers come before SIGCONT in the turn after a pause.
          if (performance.now() - from - left > LATE_MS) this.continued();
          const rest = due - this.now();
          if (rest >= 1) set(rest);
          else callback();
        },
        keepAlive,
      );
    };
    set(ms);
    return () => clear();
  }

  /** The process runs again. Without the file, somebody else stopped it: the clock goes on. */
  continued(): void {
    try {
      const { seconds } = JSON.parse(
        readOwnFile(pauseFile(this.attemptDir), MOST_BYTES).toString("utf8"),
      );
      if (Number.isFinite(seconds) && seconds >= 0) this.#pausedMs = seconds * 1000;
    } catch {
      // The pauses so far stay.
    }
  }
}
