/**
 * The clock of an attempt, which stands still while the operation is paused: rates, remaining times and durations do
 * not count a pause. The daemon writes how long the pauses were, and then continues the process.
 */
import { type Clock, SYSTEM_CLOCK } from "../../ops/runner/clock.js";
import { readOwnFile } from "../../protocol/own-file.js";
import { pauseFile } from "../run-files/attempt-files.js";

/** Bytes that the file may have. */
const MOST_BYTES = 4096;

export class PausableClock implements Clock {
  #pausedMs = 0;
  readonly #onContinue = () => this.#read();

  constructor(private readonly attemptDir: string) {
    process.on("SIGCONT", this.#onContinue);
  }

  now(): number {
    return performance.now() - this.#pausedMs;
  }

  time(): string {
    return SYSTEM_CLOCK.time();
  }

  schedule(ms: number, callback: () => void, keepAlive?: boolean): () => void {
    return SYSTEM_CLOCK.schedule(ms, callback, keepAlive);
  }

  stop(): void {
    process.off("SIGCONT", this.#onContinue);
  }

  /** Without the file, somebody else stopped the process: the clock goes on. */
  #read(): void {
    try {
      const { seconds } = JSON.parse(readOwnFile(pauseFile(this.attemptDir), MOST_BYTES).toString("utf8"));
      if (Number.isFinite(seconds) && seconds >= 0) this.#pausedMs = seconds * 1000;
    } catch {
      // The pauses so far stay.
    }
  }
}
