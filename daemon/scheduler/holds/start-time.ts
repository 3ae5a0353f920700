/**
 * Operations that wait for a time: their start time, the delay of a retry, or the pace of their
 * chain.
 */
import type { Blocked, Operation } from "../../../protocol/operation.js";
import type { Entry } from "../../store/decision.js";
import { ChainPace } from "../chain-bounds.js";
import type { Waiting } from "../waiting.js";
import { Hold, type Reason } from "./hold.js";

/**
 * Longest timer in ms. Afterwards the wall clock is read again: somebody may have set it, or the
 * machine slept.
 */
const LONGEST_TIMER_MS = 20_000;

interface StartTimesOptions {
  waiting: Pick<Waiting, "again" | "heldBy">;
  /** The clock of the store, in ms since 1970. */
  now(): number;
}

export class StartTimes extends Hold {
  override readonly isPlanned = true;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /**
   * By id: until when the operation pauses after its last attempt or within its chain, by the
   * monotonic clock.
   */
  readonly #pauses = new Map<string, number>();
  readonly #pace = new ChainPace();

  constructor(private readonly options: StartTimesOptions) {
    super();
  }

  /** `notBefore` and `retryAt` of the record show it. */
  why(): Blocked | null {
    return null;
  }

  override reason({ record }: Entry): Reason | null {
    const until = earliestStart(record);
    if (until === null || until <= this.options.now()) return null;
    const at = new Date(until).toISOString();
    const isRetry = record.retryAt !== null && Date.parse(record.retryAt) === until;
    return {
      what: isRetry ? "it failed, and is retried after a pause" : "its start time has not come",
      until: "the time",
      at,
    };
  }

  override holds(entry: Entry): boolean {
    const { id } = entry.record;
    this.#clear(id);
    const ms = Math.max(this.#untilStart(entry), this.#pause(entry.record));
    if (ms <= 0) return false;
    this.#timers.set(
      id,
      setTimeout(() => this.#over(entry), Math.min(ms, LONGEST_TIMER_MS)),
    );
    return true;
  }

  override forget({ id }: Operation): void {
    this.#clear(id);
    this.#pauses.delete(id);
  }

  override stop(): void {
    for (const id of [...this.#timers.keys()]) this.#clear(id);
  }

  /**
   * Operations with one start time join together: their timers do not end in the order of the
   * submits.
   */
  #over(entry: Entry): void {
    const { id } = entry.record;
    this.#timers.delete(id);
    const isStart = (it: Entry) => it.record.notBefore !== null && this.#untilStart(it) <= 0;
    const others = isStart(entry) ? this.options.waiting.heldBy(this).filter(isStart) : [];
    this.options.waiting.again(new Set([id, ...others.map(({ record }) => record.id)]));
  }

  #untilStart({ record: { notBefore } }: Entry): number {
    return notBefore === null ? 0 : Date.parse(notBefore) - this.options.now();
  }

  /** Milliseconds. The pause begins when the operation is queued, whatever happens to the clock. */
  #pause({ id, retryAt, updatedAt, attempt, chain }: Operation): number {
    const isPaced = chain.index > 0 && attempt === 0;
    if (retryAt === null && !isPaced) return 0;
    const now = performance.now();
    let until = this.#pauses.get(id);
    if (until === undefined) {
      const ms =
        retryAt === null
          ? this.#pace.delay(chain.id)
          : remainingDelay(retryAt, updatedAt, this.options.now());
      until = now + ms;
      this.#pauses.set(id, until);
    }
    return until - now;
  }

  #clear(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}

/** When the operation may start by its own times, in ms since 1970; null: at any time. */
export function earliestStart({
  notBefore,
  retryAt,
}: Pick<Operation, "notBefore" | "retryAt">): number | null {
  const times = [notBefore, retryAt].flatMap((time) => (time === null ? [] : Date.parse(time)));
  return times.length === 0 ? null : Math.max(...times);
}

/**
 * Milliseconds until a waiting operation may start. Where the clock was set back, at most the
 * original delay.
 */
function remainingDelay(retryAt: string, queuedAt: string, now: number): number {
  const whole = Math.max(0, Date.parse(retryAt) - Date.parse(queuedAt));
  return Math.min(Math.max(0, Date.parse(retryAt) - now), whole);
}
