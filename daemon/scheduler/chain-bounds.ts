/** Bounds the length and the pace of a chain. */
import type { Outcome, Submission } from "../../protocol/event.js";

/** Links that may start without a delay. */
const BURST = 50;

/** Delay of each further link, in ms. */
const INTERVAL_MS = 100;

/** Number of remembered chains above which idle chains are removed. */
const SWEEP_AT = 1000;

/**
 * Bounds how fast the links of a chain follow each other.
 *
 * Otherwise a type that hands over to itself without end would occupy a slot and fill the journal and the history. The
 * first links of a chain start at once; after `BURST` links in a row, a link starts every `INTERVAL_MS`.
 */
export class ChainPace {
  /** By chain: when its last link would start if all links had kept the interval. */
  readonly #dueAt = new Map<string, number>();

  /** Milliseconds for which a new link of the chain must wait. */
  delay(chainId: string, now = performance.now()): number {
    const due = Math.max(now, (this.#dueAt.get(chainId) ?? 0) + INTERVAL_MS);
    this.#dueAt.set(chainId, due);
    if (this.#dueAt.size > SWEEP_AT) this.#sweep(now);
    return Math.max(0, due - now - BURST * INTERVAL_MS);
  }

  #sweep(now: number): void {
    for (const [id, due] of this.#dueAt) if (due <= now) this.#dueAt.delete(id);
  }
}

/** Fails a link that would exceed the chain's maximum length; no other link follows. */
export function boundedChain(outcome: Outcome, maxLength: number): Outcome {
  const { next } = outcome;
  if (!next || next.chain.index < maxLength) return outcome;
  return {
    state: "failed",
    result: outcome.result,
    error: { code: "LIVEOPS_CHAIN_TOO_LONG", message: tooLong(next, maxLength), stack: null },
    next: null,
  };
}

function tooLong({ op }: Submission, maxLength: number): string {
  const links = maxLength === 1 ? "1 operation" : `${maxLength} operations`;
  return (
    `the chain has ${links}, the most that maxChainLength allows, so ${op} was not started; ` +
    "raise maxChainLength in the config file, run liveops restart, and run liveops retry to continue"
  );
}
