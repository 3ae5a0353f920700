/** Makes entries of the decisions about them. */
import type { Decision, Entry } from "../../../store/decision.js";
import { Ledger } from "../../../store/ledger.js";
import type { KeptDecision } from "../engine/host-claim.js";
import type { DecisionRow } from "../engine/rows.js";

/**
 * In a fleet, the order of an operation is the number of the decision that created it: it is equal
 * on all hosts. Where the engine lost that decision, the restored entry has it.
 */
export const orderOf = (n: number, restored?: Entry) => restored?.order ?? n;

/** The event and the run of a start get what only the engine knows. */
export function completed(decision: KeptDecision): Decision {
  if (decision.kind !== "started" || decision.host === undefined) return decision;
  const { host, session, fence, slotOf, event, ...started } = decision;
  const claim = { host, session: session!, fence: fence! };
  return {
    ...started,
    event: { ...event, host, fence: claim.fence },
    run: { claim, ...(slotOf !== undefined && { slotOf }) },
  };
}

export function applyRows(ledger: Ledger, rows: Iterable<DecisionRow>): void {
  for (const { decision, n } of rows) ledger.apply(completed(decision), n);
}

/** The entry of an operation by all decisions about it; null where there are none. */
export function foldEntry(id: string, rows: Iterable<DecisionRow>): Entry | null {
  const ledger = new Ledger(orderOf);
  applyRows(ledger, rows);
  return ledger.get(id) ?? null;
}

/** The fence of the last attempt, also of a finished operation; null: none began. */
export function lastFence({ events }: Entry): number | null {
  const started = events.findLast(({ type }) => type === "attempt:started");
  return started?.type === "attempt:started" ? (started.fence ?? null) : null;
}

/**
 * Attempts of which this host has files that do not count: another host ended the attempt, or began
 * it anew under the same number, since no code ran here. Of the former, what was shipped counts.
 */
export function takenOver(
  rows: Iterable<DecisionRow>,
  host: string,
): Array<{ id: string; attempt: number }> {
  const begunHere = new Map<string, { id: string; attempt: number }>();
  const running = new Map<string, string>();
  const found = new Set<string>();
  for (const { id, decision, origin } of rows) {
    if (decision.kind === "started") {
      const { attempt } = decision.event;
      const key = `${id} ${attempt}`;
      running.delete(id);
      if (decision.host === host) {
        running.set(id, key);
        begunHere.set(key, { id, attempt });
        found.delete(key);
      } else if (begunHere.has(key)) found.add(key);
    } else if (decision.kind === "requeued" || decision.kind === "finished") {
      const key = running.get(id);
      running.delete(id);
      if (key !== undefined && origin !== host) found.add(key);
    }
  }
  return [...found].map((key) => begunHere.get(key)!);
}
