/**
 * What the two processes of `liveops run` have agreed on: the child finds the file by which it is told to stop in its
 * environment, and tells the supervisor a line of JSON at a time, over a pipe. Node's own channel would cost each
 * start the loading of what forks processes, and would be there for the operation to write to.
 */

/** Names the cancel file; set in the child alone, which is told by it that it is the one. */
export const CANCEL_VARIABLE = "LIVEOPS_RUN_CANCEL";

/** The supervisor's process id; in the child alone. */
export const SUPERVISOR_VARIABLE = "LIVEOPS_RUN_SUPERVISOR";

/** The name by which all that the operation started is found again. */
export const RUN_VARIABLE = "LIVEOPS_RUN";

/** The child's end of the pipe. */
export const PIPE = 3;

/** What the child tells: how long it may take to stop, in seconds, or that nobody reads its output any more. */
export type FromChild = { gracePeriod: number } | { unread: true };

/** What a line of the pipe says; null where it is none of ours: the operation may write to it too. */
export function readFromChild(line: string): FromChild | null {
  try {
    const message = JSON.parse(line) as { gracePeriod?: unknown; unread?: unknown } | null;
    if (typeof message?.gracePeriod === "number") return { gracePeriod: message.gracePeriod };
    return message?.unread === true ? { unread: true } : null;
  } catch {
    return null;
  }
}
