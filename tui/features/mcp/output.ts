/** What an operation printed since the client last looked, in few characters. */
import type { Client } from "../../../protocol/client/client.js";
import type { LogLine } from "../../../protocol/operation.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { cutText } from "./plain.js";

/** Most lines that are looked at, the newest ones. */
const MOST_LINES = 1000;

/** Lines alike from which they are folded into the last one. */
const FOLDED_FROM = 3;

/** Characters of output in a reply that asks for no other number. */
export const SHORT = 2000;

/** Most characters of one line. */
const MAX_LINE = 500;

export interface NewOutput {
  /** The newest lines. */
  output: string;
  leftOut?: { lines: number; read: { tool: string; after: number; limit: number } };
}

/**
 * The lines after those that the client has seen, the newest ones that fit.
 *
 * @param seen number of the last line seen, by id; moves on
 * @param most characters
 */
export async function newOutput(
  client: Client,
  id: string,
  seen: Map<string, number>,
  most: number,
  signal?: AbortSignal,
): Promise<NewOutput> {
  const after = seen.get(id) ?? 0;
  const { lines: newest } = await client.log(id, { tail: MOST_LINES, limit: MOST_LINES }, signal);
  const lines = newest.filter(({ n }) => n > after);
  const last = lines.at(-1);
  if (last === undefined) return { output: "" };
  seen.set(id, last.n);
  const rows = folded(lines);
  let first = rows.length;
  for (let room = most; first > 0; first--) {
    room -= rows[first - 1]!.text.length + 1;
    if (room < 0) break;
  }
  const shown = rows.slice(Math.min(first, rows.length - 1));
  const output = shown.map(({ text }) => text).join("\n");
  const left = shown[0]!.n - after - 1;
  if (left === 0) return { output: cutText(output, most) };
  const read = { tool: "read_log", after, limit: Math.min(left, MOST_LINES) };
  return { output: cutText(output, most), leftOut: { lines: left, read } };
}

interface Row {
  /** Number of its first line. */
  n: number;
  text: string;
}

/** Lines that differ in their numbers alone, as those of a progress bar, are one row. */
export function folded(lines: readonly Pick<LogLine, "n" | "text">[]): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < lines.length; ) {
    const shape = shapeOf(lines[i]!.text);
    let end = i + 1;
    while (end < lines.length && shapeOf(lines[end]!.text) === shape) end++;
    if (end - i < FOLDED_FROM)
      for (const { n, text } of lines.slice(i, end)) rows.push({ n, text: plainLine(text) });
    else {
      const last = plainLine(lines[end - 1]!.text);
      rows.push({ n: lines[i]!.n, text: `${last} (the last of ${end - i} lines alike)` });
    }
    i = end;
  }
  return rows;
}

const shapeOf = (text: string): string =>
  withoutSequences(text).replace(/\d+|[#=>.\u2588-\u258f\u2501]+/g, "0");

const plainLine = (text: string): string => cutText(withoutSequences(text).trimEnd(), MAX_LINE);
