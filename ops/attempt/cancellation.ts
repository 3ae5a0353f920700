/**
 * Stops one attempt (`Cancellation`) and one inline run (`InlineStop`). Code that awaits uses
 * `p.signal`; code that does not await uses `check`.
 *
 * The first reason counts. Polling costs a system call, so it happens at most every `POLL_MS`.
 */
import type { Outcome, StopReason } from "../../protocol/event.js";
import { OperationCancelled } from "../sdk/live-operation.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import { type AttemptTime, type Clock, SYSTEM_CLOCK } from "./clock.js";
import type { StopControl } from "./sink.js";

const POLL_MS = 5;

export class Cancellation {
  /** A plain field, because a tracked loop reads it before every item. */
  stopped = false;
  reason: StopReason | null = null;
  /** Null: no lease. */
  readonly checkLease: (() => void) | null;
  readonly #abort = new AbortController();
  readonly #control: StopControl;
  readonly #onAbort: () => void;
  #polledAt = Number.NEGATIVE_INFINITY;

  constructor(
    control: StopControl,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.#control = control;
    this.checkLease = control.checkLease ?? null;
    this.#onAbort = () => this.stop(reasonOf(control.signal));
    if (control.signal.aborted) this.#onAbort();
    else control.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** @throws OperationCancelled after a stop was requested */
  check(now: number = this.clock.now()): void {
    this.checkLease?.();
    if (now - this.#polledAt >= POLL_MS) this.look(now);
    if (this.stopped) throw this.error();
  }

  /** Looks for a stop request that no event has reported. */
  look(now: number = this.clock.now()): void {
    if (this.stopped) return;
    this.#polledAt = now;
    const reason = this.#control.poll();
    if (reason !== null) this.stop(reason);
  }

  /** A new error each time, so that its stack shows where the operation stopped. */
  error(): OperationCancelled {
    return new OperationCancelled(
      this.reason === "timeout" ? "the operation ran longer than its timeout" : undefined,
    );
  }

  /**
   * Whether the error is a result of the stop: thrown by liveops, or by an API that received
   * `p.signal`.
   */
  explains(thrown: unknown): boolean {
    if (thrown instanceof OperationCancelled) return true;
    if (!this.stopped || !(thrown instanceof Error)) return false;
    return thrown.name === "AbortError" || thrown.cause instanceof OperationCancelled;
  }

  /** Stops code that is still running after the attempt is over. */
  abandon(): void {
    this.stopped = true;
    this.#abort.abort(new OperationCancelled("the attempt is over"));
  }

  dispose(): void {
    this.#control.signal.removeEventListener("abort", this.#onAbort);
  }

  protected stop(reason: StopReason): void {
    if (this.stopped) return;
    this.stopped = true;
    this.reason = reason;
    this.#abort.abort(this.error());
  }
}

/** Stops steps that run side by side: with their attempt, or when one of them has failed. */
export class StepsCancellation extends Cancellation {
  /** The step whose failure ended the others; null: none. */
  endedBy: string | null = null;
  readonly #parent: Cancellation;
  readonly #onParent: () => void;

  constructor(parent: Cancellation, clock: Clock) {
    const poll = () => {
      parent.look();
      return parent.reason;
    };
    const { checkLease } = parent;
    super(
      { signal: new AbortController().signal, poll, checkLease: checkLease ?? undefined },
      clock,
    );
    this.#parent = parent;
    this.#onParent = () => this.stop(parent.reason ?? "cancel");
    if (parent.signal.aborted) this.#onParent();
    else parent.signal.addEventListener("abort", this.#onParent, { once: true });
  }

  /** A step failed: the others end, as by a cancel. */
  end(step: string): void {
    if (this.stopped) return;
    this.endedBy = step;
    this.stop("cancel");
  }

  /** The stage has ended: nothing of it may run on. */
  stopAll(): void {
    this.stop("cancel");
  }

  override error(): OperationCancelled {
    if (this.endedBy === null) return super.error();
    return new OperationCancelled(`the step "${this.endedBy}" failed`);
  }

  override dispose(): void {
    super.dispose();
    this.#parent.signal.removeEventListener("abort", this.#onParent);
  }
}

function reasonOf(signal: AbortSignal): StopReason {
  return signal.reason === "timeout" ? "timeout" : "cancel";
}

/**
 * The stop of an inline run: the caller's signal, the type's timeout, and the grace period after
 * either.
 */
export class InlineStop implements StopControl {
  /** Resolves when the grace period after a stop is over. */
  readonly graceOver: Promise<Outcome>;
  readonly #abort = new AbortController();
  readonly #abandon = new AbortController();
  /** Each clears a timer. */
  readonly #timers: Array<() => void> = [];
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #timeout: number | null;
  readonly #gracePeriod: number;
  readonly #onCancel = () => this.#stop("cancel");
  #endGrace: (outcome: Outcome) => void = () => {};

  constructor(
    Type: OperationCtor,
    private readonly cancel: AbortSignal,
    private readonly onStop: (reason: StopReason) => void,
    /** Whether a cancel was requested; synchronous, because a busy loop receives no signal. */
    private readonly isCancelled: () => boolean = () => false,
    { clock = SYSTEM_CLOCK, timeout = readType(Type).timeout }: AttemptTime = {},
  ) {
    const { gracePeriod } = readType(Type);
    this.#clock = clock;
    this.#timeout = timeout;
    this.#gracePeriod = gracePeriod;
    this.#deadline = timeout === null ? Number.POSITIVE_INFINITY : clock.now() + timeout * 1000;
    this.graceOver = new Promise((resolve) => {
      this.#endGrace = resolve;
    });
    if (timeout !== null)
      this.#timers.push(clock.schedule(timeout * 1000, () => this.#stop("timeout"), true));
    if (cancel.aborted) this.#onCancel();
    else cancel.addEventListener("abort", this.#onCancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get abandoned(): AbortSignal {
    return this.#abandon.signal;
  }

  poll(): StopReason | null {
    if (this.#clock.now() >= this.#deadline) this.#stop("timeout");
    else if (!this.signal.aborted && this.isCancelled()) this.#stop("cancel");
    return this.signal.aborted ? (this.signal.reason as StopReason) : null;
  }

  dispose(): void {
    for (const clear of this.#timers) clear();
    this.cancel.removeEventListener("abort", this.#onCancel);
  }

  #stop(reason: StopReason): void {
    if (this.signal.aborted) return;
    this.onStop(reason);
    const over = () => {
      this.#abandon.abort();
      this.#endGrace(this.#gaveUp(reason));
    };
    this.#timers.push(this.#clock.schedule(this.#gracePeriod * 1000, over, true));
    this.#abort.abort(reason);
  }

  #gaveUp(reason: StopReason): Outcome {
    const after = `and did not end within its grace period of ${this.#gracePeriod} s`;
    const ended = { result: null, next: null };
    if (reason === "cancel") return { state: "cancelled", error: null, ...ended };
    const message = `it ran longer than its timeout of ${this.#timeout} s ${after}`;
    return { state: "failed", error: { code: "LIVEOPS_TIMEOUT", message, stack: null }, ...ended };
  }
}
