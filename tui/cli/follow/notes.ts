/** What the commands that wait print on stderr. */
import { APPROVAL, answerCommand, openApproval } from "../../../protocol/approval.js";
import type { Reconnect } from "../../../protocol/client/reconnect.js";
import type { WaitOptions } from "../../../protocol/client/until-finished.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { keepOptions } from "../../kit/kept-options.js";
import { type ReportTo, say } from "../../kit/report.js";

/** The notes of a waiting command when the connection to the daemon is lost and restored. */
export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "lost the daemon; operations continue. Reconnecting…", "yellow"),
    onBack: () => say(to, "reconnected to the daemon", "yellow"),
  };
}

/**
 * Prints one line on stderr for an operation that did not succeed: the reason, and the next
 * command.
 */
export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error, finishedAt } = operation;
  if (state === "succeeded") return;
  // The lines after the first are the last lines of a program.
  const [reason, ...details] = error?.message.split("\n") ?? [];
  const why = reason === undefined ? "" : `: ${reason}`;
  // Only a record that was removed before its end has no time of its end.
  const more =
    finishedAt === null ? "; it was removed" : keepOptions(`; see: liveops show ${id}`, to.options);
  const lines = [`${op} ${id} ${state}${why}${more}`, ...details];
  // A program may have printed the name of a command.
  say({ ...to, options: {} }, lines.join("\n"), state === "failed" ? "red" : "yellow");
}

/** Keys of the record that say why an operation does not go on. No event reports them. */
type Key = "stalledSince" | "noRoomSince" | "blocked" | "pause";

const WORDS: Record<Key, (operation: Partial<Operation>) => string> = {
  stalledSince: () => "stalled: the operation's process is stopped (SIGSTOP)",
  noRoomSince: () => "paused: the disk is full; the operation waits for free space",
  blocked: ({ id = "ID", blocked, approvals }) => {
    const open = openApproval(approvals === undefined ? {} : { approvals });
    return blocked?.reason === APPROVAL && open !== null
      ? `waits for approval (${answerCommand(id, open)}): ${sanitize(open.question)}`
      : `blocked: the operation cannot start: ${sanitize(blocked?.reason ?? "")}`;
  },
  pause: ({ id }) => `paused; resume it with: liveops resume${id === undefined ? "" : ` ${id}`}`,
};
/** After the reason is gone. */
const OVER: Record<Key, string> = {
  stalledSince: "continues",
  noRoomSince: "continues",
  blocked: "continues",
  pause: "resumed",
};

/** Undefined: a patch without the key. */
function sinceOf(operation: Partial<Operation>, key: Key, questions: boolean): unknown {
  if (key === "blocked" && !questions && operation.blocked?.reason === APPROVAL) return null;
  if (key !== "pause") return operation[key];
  return operation.pause === undefined ? undefined : (operation.pause?.since ?? null);
}

/**
 * Says each reason why an operation does not go on, and its end, once. Takes records and patches.
 *
 * @param questions - whether questions to a person are said, which have an event of their own
 */
export function holdNotes(
  say: (text: string, kind: "note" | "warning") => void,
  questions = true,
): (operation: Partial<Operation>) => void {
  const keys = new Set<Key>();
  return (operation) => {
    const over = operation.state !== undefined && isFinal(operation.state);
    for (const key of Object.keys(WORDS) as Key[]) {
      const since = sinceOf(operation, key, questions);
      if (since === undefined || (since !== null) === keys.has(key)) continue;
      if (since === null) keys.delete(key);
      else keys.add(key);
      if (!over)
        say(
          since === null ? OVER[key] : WORDS[key](operation),
          since === null ? "note" : "warning",
        );
    }
  };
}

/** For the commands that wait for one operation and its chain. */
export function waitNotes(to: ReportTo): Pick<WaitOptions, "onLost" | "onBack" | "onRecord"> {
  return { ...lostNotes(to), onRecord: holdNotes((text) => say(to, text, "yellow")) };
}
