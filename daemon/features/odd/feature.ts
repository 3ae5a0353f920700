/** Marks a success whose numbers are far outside of those of earlier runs. */
import type { Outcome } from "../../../protocol/event.js";
import type { Odd } from "../../../protocol/operation.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import type { MakeFeature } from "../../compose.js";
import type { Entry } from "../../store/decision.js";
import { OddNumbers } from "./odd-numbers.js";

export const odd: MakeFeature = ({ store, bus }) => {
  const numbers = new OddNumbers(store.archive, bus);
  return {
    judge: {
      oddOf: (entry, result) => numbers.of(entry, result),
      outcomeOf: oddOutcome,
    },
  };
};

/** Part of a value by which the numbers of a retry may be farther outside. */
const SLACK = 0.1;

/**
 * `failIfOdd`: a success with odd numbers fails the operation, until a person retries it and the
 * numbers are the same.
 *
 * The worker's outcome stays in its file until this one is recorded, so a crash neither loses nor
 * repeats it.
 */
function oddOutcome(outcome: Outcome, odd: readonly Odd[], entry: Entry): Outcome {
  if (!outcome.failIfOdd || odd.length === 0 || isConfirmed(odd, entry)) return outcome;
  const message = `it succeeded with odd numbers: ${odd.map(oddText).join("; ")}. If they are right, a retry that tells them again succeeds: liveops retry ${entry.record.id}`;
  return {
    ...outcome,
    state: "failed",
    next: null,
    error: { code: "LIVEOPS_ODD", message, stack: null },
  };
}

/** Whether an earlier attempt failed with these numbers, and a person retried it. */
function isConfirmed(odd: readonly Odd[], { events }: Entry): boolean {
  const before = events.flatMap((event) =>
    event.type === "operation:finished" ? (event.odd ?? []) : [],
  );
  return odd.every((now) => before.some((told) => told.name === now.name && !isFarther(now, told)));
}

function isFarther(now: Odd, told: Odd): boolean {
  const slack = SLACK * Math.abs(told.value);
  return now.value > now.high ? now.value > told.value + slack : now.value < told.value - slack;
}
