/** The way to the daemon's end: nothing new is taken on, and with `now` what runs is cancelled and waited for first. */
import { Refusal } from "../protocol/errors.js";
import type { StopReply } from "../protocol/replies.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Scheduler } from "./scheduler/scheduler.js";
import { StoreFullError } from "./store/journal.js";
import type { Store } from "./store/store.js";

export class Stopping {
  /** Nothing new is taken on any more. */
  begun = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly lifecycle: Lifecycle,
    private readonly store: Store,
  ) {}

  /**
   * Says what goes on without the daemon.
   *
   * @throws Refusal where what runs is to be cancelled and the disk has no room to record that: the daemon goes on
   */
  async prepare(now: boolean): Promise<StopReply> {
    const { scheduler } = this;
    this.begun = true;
    try {
      const cancelled = now ? await this.#cancelAll([...scheduler.attempts.keys()]) : 0;
      return { running: scheduler.attempts.size, cancelled };
    } catch (error) {
      this.begun = false;
      scheduler.resume();
      throw error instanceof StoreFullError ? notStopped(scheduler.attempts.size) : error;
    }
  }

  async #cancelAll(ids: string[]): Promise<number> {
    // A cancel might still fit where the end that follows does not: what is known to be full is not tried.
    if (ids.length > 0 && this.store.isFull) this.store.probe();
    if (ids.length > 0 && this.store.isFull) throw new StoreFullError("no room for what ends");
    this.scheduler.pause();
    // Appended in one turn, so that all are recorded or none.
    const cancelled = await Promise.all(ids.map((id) => this.#cancel(id)));
    await this.scheduler.idle();
    return cancelled.filter(Boolean).length;
  }

  /** False where it is over by now. */
  async #cancel(id: string): Promise<boolean> {
    try {
      await this.lifecycle.cancel(id);
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
    this.scheduler.stopOperation(id);
    return true;
  }
}

function notStopped(running: number): Refusal {
  const what = running === 1 ? "the end of a running operation" : `the end of ${running} running operations`;
  return new Refusal(
    "LIVEOPS_STORE_FULL",
    `the daemon goes on: the state directory's disk is full, and ${what} cannot be recorded; make room and try ` +
      "again, or stop it without --now (what runs goes on under the next daemon)",
  );
}
