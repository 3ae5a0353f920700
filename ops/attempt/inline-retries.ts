/** The automatic retries of an inline run: when the next attempt begins, and what the attempts before left to it. */
import type { Outcome } from "../../protocol/event.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import type { Clock } from "./clock.js";
import { MemoryStageValues } from "./memory-values.js";
import { retryDelay } from "./retry-delay.js";
import type { StageValues } from "./sink.js";

export interface InlineRetry {
  reason: string;
  ms: number;
}

export class InlineRetries {
  #tries = 0;
  #values: MemoryStageValues | null = null;

  constructor(
    private readonly Type: OperationCtor,
    private readonly params: Record<string, unknown>,
  ) {}

  /** The stage values of the attempt; null if no attempt can follow, or the type is not resumable. */
  valuesOf(attempt: number): StageValues | null {
    const { retry, resumable } = readType(this.Type);
    if (retry === null || !resumable) return null;
    this.#values = new MemoryStageValues(this.params, attempt, this.#values?.before(null, []));
    return this.#values;
  }

  /** The retry after this outcome; null: the operation is finished. */
  after(outcome: Outcome): InlineRetry | null {
    const seconds = retryDelay(readType(this.Type).retry, this.#tries, outcome);
    if (seconds === null) return null;
    this.#tries++;
    const { message = "", code } = outcome.error ?? {};
    return { reason: `${firstLine(message)} (${code})`, ms: seconds * 1000 };
  }
}

/** Waits for the time. Resolves with false, at once, if the signal is aborted. */
export function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isOver: boolean) => {
      clear();
      signal.removeEventListener("abort", onAbort);
      resolve(isOver);
    };
    const onAbort = () => end(false);
    const clear = clock.schedule(ms, () => end(true), true);
    signal.addEventListener("abort", onAbort);
  });
}
