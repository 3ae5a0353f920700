/** Log pages are slices of the whole log, over any number of attempts. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LogFilter, linesAfter, linesBefore } from "../../../daemon/run-files/log-pages.js";
import { logFile } from "../../../daemon/run-files/names.js";
import { summedLine } from "../../../daemon/run-files/summed-line.js";
import type { LogLine } from "../../../protocol/operation.js";
import { useDirectories } from "../../harness/temporary.js";
import { type StoredLine, story, write } from "./written.js";

const directory = useDirectories();
const attempts = fc.array(fc.array(fc.boolean(), { maxLength: 40 }), { maxLength: 4 });

function written(kinds: boolean[][]): { dir: string; all: LogLine[] } {
  const dir = directory();
  const said = story(kinds);
  write(dir, said);
  const all = said
    .filter(({ where }) => where === "log")
    .map(({ value }) => {
      const { type: _, ...line } = value as StoredLine;
      return line;
    });
  return { dir, all };
}

describe("laws", () => {
  test("forwards from any line on", () => {
    fc.assert(
      fc.property(attempts, fc.nat({ max: 170 }), fc.integer({ min: 1, max: 50 }), (kinds, after, limit) => {
        const { dir, all } = written(kinds);
        const rest = all.filter((line) => line.n > after);
        expect(linesAfter(dir, after, limit)).toEqual({
          lines: rest.slice(0, limit),
          more: rest.length > limit,
        });
      }),
    );
  });

  test("backwards from any line on", () => {
    fc.assert(
      fc.property(
        attempts,
        fc.integer({ min: 1, max: 170 }),
        fc.integer({ min: 1, max: 50 }),
        (kinds, before, limit) => {
          const { dir, all } = written(kinds);
          const rest = all.filter((line) => line.n < before);
          expect(linesBefore(dir, before, limit)).toEqual({
            lines: rest.slice(-limit),
            more: rest.length > limit,
          });
        },
      ),
    );
  });

  test("with a filter, in both directions", () => {
    fc.assert(
      fc.property(
        attempts,
        fc.constantFrom("1", "LINE 2", "7", "nothing"),
        fc.integer({ min: 1, max: 9 }),
        (kinds, match, limit) => {
          const { dir, all } = written(kinds);
          const fitting = all.filter((line) => line.text.toLowerCase().includes(match.toLowerCase()));
          const more = fitting.length > limit;
          const filter: LogFilter = { match };
          expect(linesAfter(dir, 0, limit, filter)).toEqual({ lines: fitting.slice(0, limit), more });
          expect(linesBefore(dir, all.length + 1, limit, filter)).toEqual({
            lines: fitting.slice(-limit),
            more,
          });
        },
      ),
    );
  });

  test("a damaged line is passed over, wherever it stands; the others are all there", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (count, at, from, limit) => {
          const { dir, all } = written([Array(count).fill(true)]);
          const damaged = at % count;
          const file = logFile(join(dir, "1"));
          const lines = readFileSync(file, "utf8").split("\n");
          lines[damaged] = "#".repeat(lines[damaged]!.length);
          writeFileSync(file, lines.join("\n"));
          const whole = all.filter((_, index) => index !== damaged);
          const after = whole.filter((line) => line.n > from);
          expect(linesAfter(dir, from, limit)).toEqual({
            lines: after.slice(0, limit),
            more: after.length > limit,
          });
          const before = whole.filter((line) => line.n <= from);
          expect(linesBefore(dir, from + 1, limit)).toEqual({
            lines: before.slice(-limit),
            more: before.length > limit,
          });
        },
      ),
    );
  });
});

test("a line that is being written is not there yet", () => {
  const { dir, all } = written([[true, true]]);
  appendFileSync(logFile(join(dir, "1")), '{"n":3,"seq":5,"te');
  expect(linesAfter(dir, 0, 10)).toEqual({ lines: all, more: false });
});

test("stages and streams are filters too", () => {
  const dir = directory();
  write(dir, story([[true]]));
  const line = (n: number, stage: string | null, stream: string) =>
    appendFileSync(logFile(join(dir, "1")), `${summedLine({ n, seq: n + 9, stage, stream, text: "t" })}\n`);
  line(2, "Load", "stdout");
  line(3, "Save", "stderr");
  expect(linesAfter(dir, 0, 9, { stage: "Load" }).lines.map((it) => it.n)).toEqual([2]);
  expect(linesBefore(dir, 9, 9, { stream: "stderr" }).lines.map((it) => it.n)).toEqual([3]);
  expect(linesAfter(dir, 0, 9, { stage: "Load", stream: "stderr" }).lines).toEqual([]);
});

test("an operation that never ran has no lines", () => {
  expect(linesAfter(join(directory(), "none"), 0, 10)).toEqual({ lines: [], more: false });
  expect(linesBefore(join(directory(), "none"), 1, 10)).toEqual({ lines: [], more: false });
});
