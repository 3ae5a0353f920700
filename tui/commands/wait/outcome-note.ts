/** One line on stderr for an operation that did not succeed: why, and where to read more. */
import { type ReportTo, say } from "../../../protocol/command/report.js";
import type { Operation } from "../../../protocol/operation.js";

export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error } = operation;
  if (state === "succeeded") return;
  const why = error ? `: ${error.message}` : "";
  say(to, `${op} ${id} ${state}${why}; see: liveops show ${id}`, state === "failed" ? "red" : "yellow");
}
