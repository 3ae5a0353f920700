/**
 * The protocol between the two processes of `liveops run`. An environment variable names the cancel
 * file, whose existence tells the child to stop. The child sends one JSON message per line over a
 * pipe. Node's own IPC channel would slow each start, and the operation could write to it.
 */

/** Path of the cancel file. Set only in the child, which recognises itself by this variable. */
export const CANCEL_VARIABLE = "LIVEOPS_RUN_CANCEL";

/** Process id of the supervisor. Set only in the child. */
export const SUPERVISOR_VARIABLE = "LIVEOPS_RUN_SUPERVISOR";

/** Name of the run: marks all processes that the operation starts, so that they can be found. */
export const RUN_VARIABLE = "LIVEOPS_RUN";

/** JSON list of files to skip, because they blocked an earlier child. */
export const SKIP_VARIABLE = "LIVEOPS_RUN_SKIP";

/** File descriptor of the child's end of the pipe. */
export const PIPE = 3;

/**
 * A message of the child: its grace period in seconds, that nobody reads its output any more, the
 * file that it begins to load (null after the last file), or whether a program has the person's
 * terminal.
 */
export type FromChild =
  | { gracePeriod: number }
  | { unread: true }
  | { loading: string | null }
  | { hasTerminal: boolean };

/**
 * The message of a line; null for any other line, because the operation can write to the pipe too.
 */
export function readFromChild(line: string): FromChild | null {
  try {
    const message = JSON.parse(line) as Partial<
      Record<"gracePeriod" | "unread" | "loading" | "hasTerminal", unknown>
    > | null;
    if (typeof message?.hasTerminal === "boolean") return { hasTerminal: message.hasTerminal };
    if (typeof message?.loading === "string" || message?.loading === null)
      return { loading: message.loading };
    if (typeof message?.gracePeriod === "number") return { gracePeriod: message.gracePeriod };
    return message?.unread === true ? { unread: true } : null;
  } catch {
    return null;
  }
}
