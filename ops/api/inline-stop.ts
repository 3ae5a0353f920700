/** The stop of an inline run: the caller's signal, the type's timeout, and the end of patience after either. */
import type { Outcome, StopReason } from "../../protocol/event.js";
import { type OperationCtor, readType } from "./read-type.js";
import type { StopControl } from "./sink.js";

export class InlineStop implements StopControl {
  /** Resolves when the grace period after a stop is over and the operation has not ended. */
  readonly graceOver: Promise<Outcome>;
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #deadline: number;
  readonly #timeout: number | null;
  readonly #gracePeriod: number;
  readonly #onCancel = () => this.#stop("cancel");
  #endGrace: (outcome: Outcome) => void = () => {};

  constructor(
    Type: OperationCtor,
    private readonly cancel: AbortSignal,
    private readonly onStop: (reason: StopReason) => void,
    /** Whether a cancel has come, found out synchronously: a busy loop hears of no signal. */
    private readonly isCancelled: () => boolean = () => false,
  ) {
    const { timeout, gracePeriod } = readType(Type);
    this.#timeout = timeout;
    this.#gracePeriod = gracePeriod;
    this.#deadline = timeout === null ? Number.POSITIVE_INFINITY : performance.now() + timeout * 1000;
    this.graceOver = new Promise((resolve) => {
      this.#endGrace = resolve;
    });
    if (timeout !== null) this.#timers.push(setTimeout(() => this.#stop("timeout"), timeout * 1000));
    if (cancel.aborted) this.#onCancel();
    else cancel.addEventListener("abort", this.#onCancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  poll(): StopReason | null {
    if (performance.now() >= this.#deadline) this.#stop("timeout");
    else if (!this.signal.aborted && this.isCancelled()) this.#stop("cancel");
    return this.signal.aborted ? (this.signal.reason as StopReason) : null;
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.cancel.removeEventListener("abort", this.#onCancel);
  }

  #stop(reason: StopReason): void {
    if (this.signal.aborted) return;
    this.onStop(reason);
    const over = () => this.#endGrace(this.#gaveUp(reason));
    this.#timers.push(setTimeout(over, this.#gracePeriod * 1000));
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
