/**
 * A cursor: the position of a client in its stream. Opaque to clients; the daemon does not store cursors.
 *
 * A cursor holds the number of the last change that was sent, as counted by this daemon. On a stream of many operations
 * with logs it also holds the last line sent of each operation, which is valid under another daemon too. To stay short,
 * the cursor lists only operations that have started. Of the others, no line was sent unless they were finished then.
 */

export interface LogPosition {
  /** The time of this position, ms since 1970. */
  at: number;
  /** The last line sent, by id. If an operation is missing here and was not finished at `at`, no line was sent. */
  lines: ReadonlyMap<string, number>;
}

export interface Cursor {
  boot: string;
  n: number;
  /** The client did not hold all queued operations then: it gets a snapshot. */
  isPartial: boolean;
  log: LogPosition | null;
}

/** Most operations in a cursor. All lines of the others are sent again, which does no harm. */
const MOST = 300;

export function encodeCursor({ boot, n, isPartial, log }: Cursor): string {
  const place = `${boot}.${n}${isPartial ? "p" : ""}`;
  if (log === null) return place;
  const lines = [...log.lines].slice(-MOST).map(([id, line]) => `.${id}-${line}`);
  return `${place}~${log.at}${lines.join("")}`;
}

/** Null if the text is not a cursor. */
export function decodeCursor(text: string): Cursor | null {
  const [, boot, n, part, at, told = ""] = /^(\w+)\.(\d+)(p?)(?:~(\d+)((?:\.\w+-\d+)*))?$/.exec(text) ?? [];
  if (boot === undefined) return null;
  const lines = told
    .split(".")
    .slice(1)
    .map((part) => part.split("-"));
  const log =
    at === undefined
      ? null
      : { at: Number(at), lines: new Map(lines.map(([id, line]) => [id!, Number(line)])) };
  return { boot, n: Number(n), isPartial: part === "p", log };
}
