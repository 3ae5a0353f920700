/**
 * How a stop reaches the code of one attempt: `p.signal` for what awaits, `check` for what does not.
 *
 * The first reason sticks. Polling costs a system call, so it happens at most every `POLL_MS`.
 */
import type { StopReason } from "../../protocol/event.js";
import { OperationCancelled } from "./operation-cancelled.js";
import type { StopControl } from "./sink.js";

const POLL_MS = 5;

export class Cancellation {
  /** Read before every item of a tracked loop: a plain field, so that it costs nothing. */
  stopped = false;
  reason: StopReason | null = null;
  readonly #abort = new AbortController();
  readonly #control: StopControl;
  readonly #onAbort: () => void;
  #polledAt = Number.NEGATIVE_INFINITY;

  constructor(control: StopControl) {
    this.#control = control;
    this.#onAbort = () => this.#stop(reasonOf(control.signal));
    if (control.signal.aborted) this.#onAbort();
    else control.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** @throws OperationCancelled once a stop was asked for. */
  check(now: number = performance.now()): void {
    if (!this.stopped && now - this.#polledAt >= POLL_MS) {
      this.#polledAt = now;
      const reason = this.#control.poll();
      if (reason !== null) this.#stop(reason);
    }
    if (this.stopped) throw this.error();
  }

  /** A new one each time, so that its stack shows where the operation was stopped. */
  error(): OperationCancelled {
    return new OperationCancelled(
      this.reason === "timeout" ? "the operation ran longer than its timeout" : undefined,
    );
  }

  /** Whether what was thrown is the stop coming through: ours, or an API's that was given `p.signal`. */
  explains(thrown: unknown): boolean {
    if (thrown instanceof OperationCancelled) return true;
    if (!this.stopped || !(thrown instanceof Error)) return false;
    return thrown.name === "AbortError" || thrown.cause instanceof OperationCancelled;
  }

  /** Tells what is left of an attempt that is over to stop too. */
  abandon(): void {
    this.stopped = true;
    this.#abort.abort(new OperationCancelled("the attempt is over"));
  }

  dispose(): void {
    this.#control.signal.removeEventListener("abort", this.#onAbort);
  }

  #stop(reason: StopReason): void {
    if (this.stopped) return;
    this.stopped = true;
    this.reason = reason;
    this.#abort.abort(this.error());
  }
}

function reasonOf(signal: AbortSignal): StopReason {
  return signal.reason === "timeout" ? "timeout" : "cancel";
}
