/**
 * How long finished operations are kept: the newest `keepFinished`, for at most `keepDays`. What is over that is
 * removed as `liveops rm` would, a piece at a time.
 */
import type { Logger } from "pino";
import type { Limits } from "../protocol/command/config.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Store } from "./store/store.js";

const EVERY_MS = 3600 * 1000;

/** Removed in one go, before others have their turn. */
const PIECE = 200;

const DAY_MS = 24 * 3600 * 1000;

export class Retention {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;
  #stopped = false;

  constructor(
    private readonly store: Store,
    private readonly lifecycle: Lifecycle,
    private readonly limits: Pick<Limits, "keepFinished" | "keepDays">,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.sweep(), EVERY_MS);
    void this.sweep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Removes all that is over the bounds now. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#removeExpired()
      .catch((error: Error) => this.log.error({ err: error }, "expired operations could not be removed"))
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  async #removeExpired(): Promise<void> {
    const { keepFinished, keepDays } = this.limits;
    let removed = 0;
    while (!this.#stopped) {
      const ids = this.store.expired(keepFinished, Date.now() - keepDays * DAY_MS, PIECE);
      if (ids.length === 0) break;
      await Promise.all(ids.map((id) => this.lifecycle.remove(id)));
      removed += ids.length;
    }
    if (removed > 0) this.log.info({ removed, keepFinished, keepDays }, "expired operations were removed");
  }
}
