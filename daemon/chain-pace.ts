/**
 * Bounds on a chain: how many links it may have, and how fast one link may follow another.
 *
 * A type that hands over to itself without end would else take a slot, the journal and the history for good. The first
 * links of a chain start at once; after `BURST` links in a row, one starts every `INTERVAL_MS`.
 */
import type { Outcome, Submission } from "../protocol/event.js";

/** Links that may follow each other at once. */
const BURST = 50;

/** Time for each further link, in ms. */
const INTERVAL_MS = 100;

/** Chains that are remembered before those at rest are looked for. */
const SWEEP_AT = 1000;

export class ChainPace {
  /** By chain: when its last link would start if all of them had kept the interval. */
  readonly #dueAt = new Map<string, number>();

  /** Milliseconds that a new link of the chain has to wait. */
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

/** The outcome of a link whose chain has as many links as it may: failed, and no other link follows. */
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
    "raise maxChainLength in the config file, restart the daemon and run liveops retry to go on"
  );
}
