/**
 * Retention of finished operations: the newest `keepFinished`, for at most `keepDays`. Expired
 * operations are removed in batches, as by `liveops rm`.
 */

import { Refusal } from "../../protocol/errors.js";
import type { Limits } from "../../protocol/system/config-limits.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Log } from "../log/log.js";
import type { Archive } from "../store/store.js";

const EVERY_MS = 3600 * 1000;

const isDone = () => true;

/** An operation for whose chain others wait is not removed yet. */
function isKept(error: unknown): boolean {
  if (error instanceof Refusal) return false;
  throw error;
}

/** Operations removed in one batch, so that other work is not delayed. */
const PIECE = 200;

const DAY_MS = 24 * 3600 * 1000;

interface RetentionOptions {
  archive: Pick<Archive, "expired">;
  lifecycle: Pick<Lifecycle, "remove">;
  limits: Pick<Limits, "keepFinished" | "keepDays">;
  now(): number;
  log: Log;
}

export class Retention {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;
  #stopped = false;

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    this.#timer = setInterval(() => void this.sweep(), EVERY_MS);
    void this.sweep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Removes all expired operations. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#removeExpired()
      .catch((error: Error) =>
        this.options.log.error({ err: error }, "expired operations could not be removed"),
      )
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  async #removeExpired(): Promise<void> {
    const { archive, lifecycle, limits, log } = this.options;
    const { keepFinished, keepDays } = limits;
    let removed = 0;
    while (!this.#stopped) {
      const ids = await archive.expired(
        keepFinished,
        this.options.now() - keepDays * DAY_MS,
        PIECE,
      );
      if (ids.length === 0) break;
      const done = await Promise.all(ids.map((id) => lifecycle.remove(id).then(isDone, isKept)));
      const count = done.filter(Boolean).length;
      removed += count;
      // The others are tried again at the next sweep.
      if (count === 0) break;
    }
    if (removed > 0) log.info({ count: removed }, "expired operations were removed");
  }
}
