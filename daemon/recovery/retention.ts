/**
 * Retention of finished operations: the newest `keepFinished`, for at most `keepDays`. Expired operations are removed
 * in batches, as by `liveops rm`. Age goes by the trusted clock: a clock that leaps removes nothing.
 */

import { Refusal } from "../../protocol/errors.js";
import type { Limits } from "../../protocol/system/config-limits.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Log } from "../log/log.js";
import type { Archive } from "../store/store.js";
import type { TrustedClock } from "../store/trusted-clock.js";

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
  archive: Pick<Archive, "expired" | "list">;
  lifecycle: Pick<Lifecycle, "remove">;
  limits: Pick<Limits, "keepFinished" | "keepDays">;
  clock: TrustedClock;
  log: Log;
}

export class Retention {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;
  #stopped = false;
  #hasLeaped = false;

  constructor(private readonly options: RetentionOptions) {}

  async start(): Promise<void> {
    const [newest] = await this.options.archive.list({}, 1);
    if (this.#stopped) return;
    this.options.clock.begin(newest ? Date.parse(newest.record.updatedAt) : null);
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
    this.#checkClock();
    let removed = 0;
    while (!this.#stopped) {
      const now = this.options.clock.now();
      const ids = await archive.expired(keepFinished, now - keepDays * DAY_MS, now + DAY_MS, PIECE);
      if (ids.length === 0) break;
      const done = await Promise.all(ids.map((id) => lifecycle.remove(id).then(isDone, isKept)));
      const count = done.filter(Boolean).length;
      removed += count;
      // The others are tried again at the next sweep.
      if (count === 0) break;
    }
    if (removed > 0) log.info({ count: removed }, "expired operations were removed");
  }

  /** Logs the start or end of a leap, and saves the clock reading for the next daemon. */
  #checkClock(): void {
    const { clock, log } = this.options;
    const problem = clock.problem();
    if (problem !== null && !this.#hasLeaped) log.warn(problem);
    if (problem === null && this.#hasLeaped) log.info("the system clock is trusted again");
    this.#hasLeaped = problem !== null;
    try {
      clock.save();
    } catch (error) {
      log.warn({ err: error }, "the clock reading could not be saved; the next try is in an hour");
    }
  }
}
