/** What the commands that wait print on stderr. */
import type { Reconnect } from "../../../protocol/client/reconnect.js";
import type { Operation } from "../../../protocol/operation.js";
import { type ReportTo, say } from "../../kit/report.js";

/** The notes of a waiting command when the connection to the daemon is lost and restored. */
export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "lost the daemon; operations continue. Reconnecting…", "yellow"),
    onBack: () => say(to, "reconnected to the daemon", "yellow"),
  };
}

/** Prints one line on stderr for an operation that did not succeed: the reason, and the next command. */
export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error, finishedAt } = operation;
  if (state === "succeeded") return;
  // The lines after the first are the last lines of a program.
  const [reason, ...details] = error?.message.split("\n") ?? [];
  const why = reason === undefined ? "" : `: ${reason}`;
  // Only a record that was removed before its end has no time of its end.
  const more = finishedAt === null ? "; it was removed" : `; see: liveops show ${id}`;
  const lines = [`${op} ${id} ${state}${why}${more}`, ...details];
  say(to, lines.join("\n"), state === "failed" ? "red" : "yellow");
}
