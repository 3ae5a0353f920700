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
 * Otherwise a type that hands over to itself without end would occupy a slot and fill the journal
 * and the history. The first links of a chain start at once; after `BURST` links in a row, a link
 * starts every `INTERVAL_MS`.
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

/** Operations in a chain at most. */
const LINKS_MOST = 1000;

/** Fails a link that would exceed the chain's maximum length; no other link follows. */
export function boundedChain(outcome: Outcome): Outcome {
  const { next } = outcome;
  if (!next || next.chain.index < LINKS_MOST) return outcome;
  return {
    state: "failed",
    result: outcome.result,
    error: { code: "LIVEOPS_CHAIN_TOO_LONG", message: tooLong(next), stack: null },
    next: null,
  };
}

function tooLong({ op }: Submission): string {
  return (
    `a chain has at most ${LINKS_MOST} operations, so ${op} was not started; ` +
    `begin a new chain with: liveops submit ${op}`
  );
}
