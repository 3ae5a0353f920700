/** Turns records into progress notifications. */

import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import { plainText } from "./plain.js";
import type { SendProgress } from "./tool.js";

/** Shortest time between two notifications within one stage, in ms. */
const PAUSE_MS = 500;

/** Longest time without a notification, in ms: many clients give up after a minute without one. */
const QUIET_MS = 10_000;

/** MCP wants a greater value in each notification, also where only the message changes. */
const STEP = 0.001;

/**
 * Sends the progress of one wait: 100 for each operation of the chain. A change of the stage is
 * sent at once; changes within a stage are merged.
 */
export class ProgressReporter {
  readonly #timer = setInterval(() => this.#tick(), PAUSE_MS);
  #latest: Operation | null = null;
  /** Number of the operation within the wait, from 0. */
  #link = 0;
  #key = "";
  #sentAt = 0;
  #sentValue = -STEP;
  #pending = false;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(private readonly sendProgress: SendProgress) {}

  report(record: Operation): void {
    if (this.#latest !== null && record.id !== this.#latest.id) this.#link++;
    const { id, state, attempt, currentStage, untrackedStage } = record;
    const key = JSON.stringify([id, state, attempt, currentStage, untrackedStage]);
    this.#latest = record;
    this.#pending = true;
    if (key !== this.#key) this.#send();
    this.#key = key;
  }

  lost(): void {
    this.#send("The daemon is away; the operation continues. Reconnecting…");
  }

  /** Sends what is pending. Resolves when everything is handed over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#pending) this.#send();
    await this.#sending;
  }

  #tick(): void {
    if (this.#pending || performance.now() - this.#sentAt >= QUIET_MS) this.#send();
  }

  #send(message?: string): void {
    if (this.#latest === null) return;
    const percent = overallProgress(this.#latest).percent;
    const value = Math.max(this.#link * 100 + percent, this.#sentValue + STEP);
    const total = Math.max((this.#link + 1) * 100, Math.ceil(value / 100) * 100);
    this.#sentValue = value;
    this.#sentAt = performance.now();
    this.#pending = false;
    // A client that closed the connection reads no more; the wait ends by its signal.
    this.#sending = this.sendProgress({
      progress: value,
      total,
      message: message ?? messageOf(this.#latest, percent),
    }).catch(() => {});
  }
}

/** `backup (k3fq…): Archive, 42 %, 3 of 7 files, copying`. */
function messageOf(operation: Operation, percent: number): string {
  const { id, title, op, state, stages, currentStage, untrackedStage, progress, status } =
    operation;
  const stage = untrackedStage ?? stages[currentStage];
  const isRunning = state === "running";
  const { done, total, unit } = progress ?? { done: 0, total: null, unit: null };
  const parts = [
    isRunning ? (stage ?? state) : state,
    isRunning ? `${Math.floor(percent)} %` : null,
    isRunning && total !== null ? `${done} of ${total} ${unit ?? ""}`.trim() : null,
    status?.text ?? null,
  ];
  return plainText(`${title || op} (${id}): ${parts.filter((part) => part !== null).join(", ")}`);
}
