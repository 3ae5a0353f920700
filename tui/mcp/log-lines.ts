/** Collects log lines from pages until a reply is full. */
import type { LogLine } from "../../protocol/operation.js";
import type { LogPage } from "../../protocol/replies.js";
import { cutText, MAX_REPLY } from "./plain.js";

/** Most characters of one line. */
const MAX_LINE = 2000;

interface Collect {
  /** Most lines. */
  most: number;
  /** Whether the pages go to the end of the log, or to its start. Lines of a page are always oldest first. */
  isForward: boolean;
  /** Which lines of a page to take, from their texts. Default: all. */
  matches?: (texts: string[]) => boolean[];
}

interface Collected {
  /** Oldest first. */
  lines: ReplyLine[];
  /** Arguments of the next call; null at the end or the start of the log. */
  next: { after: number } | { before: number } | null;
  /** Number of lines in the complete log. */
  total: number;
}

type ReplyLine = ReturnType<typeof replyLine>;

export async function readLines(pages: AsyncIterable<LogPage>, collect: Collect): Promise<Collected> {
  const { most, isForward, matches } = collect;
  const lines: ReplyLine[] = [];
  let room = MAX_REPLY;
  const result = (next: number | null, total: number): Collected => ({
    lines: isForward ? lines : lines.reverse(),
    next: next === null ? null : isForward ? { after: next } : { before: next },
    total,
  });
  let total = 0;
  for await (const page of pages) {
    total = page.total;
    const taken = matches?.(page.lines.map((line) => line.text));
    const wanted = taken ? page.lines.filter((_, i) => taken[i]) : page.lines;
    const ordered = isForward ? wanted : wanted.toReversed();
    for (const [i, line] of ordered.entries()) {
      const reply = replyLine(line);
      room -= JSON.stringify(reply).length;
      const previous = lines.at(-1);
      if (room < 0 && previous) return result(previous.n, total);
      lines.push(reply);
      const isLast = i === ordered.length - 1;
      if (lines.length === most) return result(isLast && !taken ? page.next : line.n, total);
    }
  }
  return result(null, total);
}

function replyLine({ n, at, attempt, stage, stream, text }: LogLine) {
  return { n, at, attempt, stage, stream, text: cutText(text, MAX_LINE) };
}
