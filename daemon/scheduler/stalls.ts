/** Finds running operations that report nothing, once for each silence. */

import type { Bus } from "../bus.js";
import { isPausedNow } from "../lifecycle.js";
import type { Settings } from "../settings.js";
import type { Attempt } from "./attempt.js";

/** How often running operations are looked at, in ms. */
const LOOK_MS = 1000;

interface StallsOptions {
  bus: Bus;
  settings: Pick<Settings, "stallAfter">;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Pick<Attempt, "entry" | "outcome" | "stalledSince">>;
}

export class Stalls {
  /** When an operation reported last, by the monotonic clock in ms. */
  readonly #news = new Map<string, number>();
  /** Operations whose silence is told. */
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: StallsOptions) {
    options.bus.on("record", ({ record: { id } }) => {
      this.#news.set(id, performance.now());
      this.#told.delete(id);
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  look(now: number = performance.now()): void {
    const { attempts, bus, settings } = this.options;
    const running = [...attempts.values()].filter(({ outcome }) => outcome === null);
    const ids = new Set(running.map(({ entry }) => entry.record.id));
    for (const id of [...this.#news.keys()]) {
      if (ids.has(id)) continue;
      this.#news.delete(id);
      this.#told.delete(id);
    }
    for (const { entry, stalledSince } of running) {
      const { id } = entry.record;
      if (isPausedNow(entry.record) || !this.#news.has(id)) {
        this.#news.set(id, now);
        continue;
      }
      const isSilent = now - this.#news.get(id)! >= settings.stallAfter * 1000;
      if (!(isSilent || stalledSince !== null) || this.#told.has(id)) continue;
      this.#told.add(id);
      bus.emit("stalled", entry);
    }
  }
}
