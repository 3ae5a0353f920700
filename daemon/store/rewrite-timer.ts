/**
 * When the state document is written again: within a second of a change. A large document is
 * written less often, so that building it takes at most 0.25 % of the time. Waiting for the disk
 * does not count.
 */
import type { Bus } from "../bus.js";

/** Time in ms between a change and the start of its write, for a small document. */
const DELAY_MS = 800;

/** Building the document takes at most 1/`SHARE` of the time. */
const SHARE = 400;

export class RewriteTimer {
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #isChanged = false;
  /** Earliest start of the next write, by the monotonic clock in ms. */
  #nextAt = 0;
  #isStopped = false;

  /** @param write - never rejects; returns the time in ms for which it occupied the event loop */
  constructor(
    bus: Bus,
    private readonly write: () => Promise<number>,
  ) {
    bus.on("decided", () => this.changed());
    bus.on("record", () => this.changed());
  }

  /** Something that the document shows has changed. */
  changed(): void {
    this.#isChanged = true;
    if (this.#timer || this.#writing || this.#isStopped) return;
    const delay = Math.max(DELAY_MS, this.#nextAt - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing = this.#run();
    }, delay);
    this.#timer.unref();
  }

  /** Resolves when no write is in progress. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#writing;
  }

  async #run(): Promise<void> {
    this.#isChanged = false;
    const busyMs = await this.write();
    this.#nextAt = performance.now() + busyMs * SHARE;
    this.#writing = null;
    if (this.#isChanged) this.changed();
  }
}
