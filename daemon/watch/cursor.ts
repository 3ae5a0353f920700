/**
 * A cursor: how far a client's stream had come. Opaque to clients, held by nobody here.
 *
 * Up to which change, counted by this daemon; and on a stream of many operations with their logs also which line of
 * each was sent last, which holds under another daemon too. So that it stays short, that is told only of those that
 * have begun; of the rest, whether they were over by then decides.
 */

export interface LogPosition {
  /** When it was told, ms. */
  at: number;
  /** The last line sent, by id; of an operation that is not here and was not over at that time, none was. */
  lines: ReadonlyMap<string, number>;
}

export interface Cursor {
  boot: string;
  n: number;
  log: LogPosition | null;
}

/** More are not told: of the rest all lines are sent again, which does no harm. */
const MOST = 300;

export function encodeCursor({ boot, n, log }: Cursor): string {
  if (log === null) return `${boot}.${n}`;
  const lines = [...log.lines].slice(-MOST).map(([id, line]) => `.${id}-${line}`);
  return `${boot}.${n}~${log.at}${lines.join("")}`;
}

/** Null where it is none of ours. */
export function decodeCursor(text: string): Cursor | null {
  const [, boot, n, at, told = ""] = /^(\w+)\.(\d+)(?:~(\d+)((?:\.\w+-\d+)*))?$/.exec(text) ?? [];
  if (boot === undefined) return null;
  const lines = told
    .split(".")
    .slice(1)
    .map((part) => part.split("-"));
  const log =
    at === undefined
      ? null
      : { at: Number(at), lines: new Map(lines.map(([id, line]) => [id!, Number(line)])) };
  return { boot, n: Number(n), log };
}
