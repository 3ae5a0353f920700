/** The lines of a log that all streams share. */
import { expect, test } from "vitest";
import { StreamLines } from "../../../daemon/watch/stream-lines.js";
import type { LogLine } from "../../../protocol/operation.js";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }) as LogLine);

test.each([
  ["again", lines(6, 12)],
  ["after a hole", lines(14, 20)],
])("lines that are told %s come once each, and none is left out", (_, next) => {
  const view = {
    linesAfter: (_id: string, after: number, limit: number) => lines(after + 1, 20).slice(0, limit),
  };
  const shared = new StreamLines(view as never, {} as never, {} as never);
  shared.addFresh("a", lines(1, 10));
  shared.addFresh("a", next);
  const sent: number[] = [];
  const end = next.at(-1)!.n;
  while (sent.length < end) {
    const some = shared.linesAfter("a", sent.at(-1) ?? 0, 500).filter(({ n }) => n <= end);
    expect(some).not.toEqual([]);
    sent.push(...some.map(({ n }) => n));
  }
  expect(sent).toEqual(lines(1, end).map(({ n }) => n));
});
