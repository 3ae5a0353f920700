/**
 * Prepares the daemon's stop: refuses new operations; with `now`, cancels running operations and
 * awaits their end.
 */
import { Refusal } from "../../protocol/errors.js";
import type { StopReply } from "../../protocol/replies.js";
import type { Lifecycle } from "../lifecycle.js";
import { NotRecordedError, StoreFullError } from "../store/not-recorded.js";
import type { Store } from "../store/store.js";
import type { Scheduler } from "./scheduler.js";

export class Stopping {
  /** Whether new operations are refused. */
  begun = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly lifecycle: Lifecycle,
    private readonly store: Store,
  ) {}

  /**
   * Returns how many operations continue without the daemon.
   *
   * @throws Refusal where the disk has no room to record the cancels: the daemon continues
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
      throw error instanceof NotRecordedError ? notStopped(scheduler.attempts.size, error) : error;
    }
  }

  async #cancelAll(ids: string[]): Promise<number> {
    // On a full disk a cancel might still fit where the finish does not, so no cancel is tried.
    if (ids.length > 0 && this.store.isFull) this.store.probe();
    if (ids.length > 0 && this.store.isFull)
      throw new StoreFullError("no room to record the end of operations");
    this.scheduler.pause();
    // Appended in one turn, so that all are recorded or none.
    const cancelled = await Promise.all(ids.map((id) => this.#cancel(id)));
    await this.scheduler.idle();
    return cancelled.filter(Boolean).length;
  }

  /** False where the operation is already finished. */
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

function notStopped(running: number, error: NotRecordedError): Refusal {
  const what =
    running === 1 ? "the end of a running operation" : `the end of ${running} running operations`;
  const isFull = error instanceof StoreFullError;
  const why = isFull ? "the state directory's disk is full" : error.message;
  const next = isFull ? "make room and try again" : "try again later";
  return new Refusal(
    error.code,
    `the daemon is not stopped: ${why}, so ${what} cannot be recorded; ${next}, or run: liveops stop (running ` +
      "operations continue under the next daemon)",
  );
}
