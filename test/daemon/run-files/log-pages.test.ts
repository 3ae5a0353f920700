/** Log pages are slices of the complete log, over any number of attempts. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logFile } from "../../../daemon/run-files/attempt-files.js";
import { type FoundLines, pageAfter, pageBefore } from "../../../daemon/run-files/log-pages.js";
import type { LineFilter } from "../../../daemon/run-files/log-slices.js";
import { type LogRecord, linesOf } from "../../../daemon/run-files/log-tail.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import type { LogLine } from "../../../protocol/operation.js";
import { encodeRecord, parseRecord } from "../../../protocol/record-line.js";
import { useDirectories } from "../../harness/temporary.js";
import { recordOf, type StoredLine, story, write } from "./written.js";

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

function after(runDir: string, n: number, limit: number, filter: LineFilter = {}, most?: number) {
  return pageAfter(
    { files: localFiles(runDir), limit, filter, ...(most !== undefined && { most }) },
    n,
  );
}

function before(runDir: string, n: number, limit: number, filter: LineFilter = {}, most?: number) {
  return pageBefore(
    { files: localFiles(runDir), limit, filter, ...(most !== undefined && { most }) },
    n,
  );
}

/** What fits below or above, as a page of it. */
function first(fitting: LogLine[], limit: number): FoundLines {
  const lines = fitting.slice(0, limit);
  return { lines, next: fitting.length > limit ? lines.at(-1)!.n : null };
}

function last(fitting: LogLine[], limit: number): FoundLines {
  const lines = fitting.slice(-limit);
  return { lines, next: fitting.length > limit ? lines[0]!.n : null };
}

describe("laws", () => {
  test("forwards from any line on", async () => {
    await fc.assert(
      fc.asyncProperty(
        attempts,
        fc.nat({ max: 170 }),
        fc.integer({ min: 1, max: 50 }),
        async (kinds, n, limit) => {
          const { dir, all } = written(kinds);
          expect(await after(dir, n, limit)).toEqual(
            first(
              all.filter((line) => line.n > n),
              limit,
            ),
          );
        },
      ),
    );
  });

  test("backwards from any line on", async () => {
    await fc.assert(
      fc.asyncProperty(
        attempts,
        fc.integer({ min: 1, max: 170 }),
        fc.integer({ min: 1, max: 50 }),
        async (kinds, n, limit) => {
          const { dir, all } = written(kinds);
          expect(await before(dir, n, limit)).toEqual(
            last(
              all.filter((line) => line.n < n),
              limit,
            ),
          );
        },
      ),
    );
  });

  test("with a filter, in both directions", async () => {
    await fc.assert(
      fc.asyncProperty(
        attempts,
        fc.constantFrom("1", "LINE 2", "7", "nothing"),
        fc.integer({ min: 1, max: 9 }),
        async (kinds, match, limit) => {
          const { dir, all } = written(kinds);
          const fitting = all.filter((line) =>
            line.text.toLowerCase().includes(match.toLowerCase()),
          );
          expect(await after(dir, 0, limit, { match })).toEqual(first(fitting, limit));
          expect(await before(dir, all.length + 1, limit, { match })).toEqual(last(fitting, limit));
        },
      ),
    );
  });

  test("a damaged record is passed over, wherever it stands; the other lines are all there", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (count, at, from, limit) => {
          const { dir, all } = written([Array(count).fill(true)]);
          const file = logFile(join(dir, "1"));
          const records = readFileSync(file, "utf8").split("\n").slice(0, -1);
          const damaged = at % records.length;
          const lost = linesOf(parseRecord<LogRecord>(records[damaged]!)!).map(({ n }) => n);
          records[damaged] = "#".repeat(records[damaged]!.length);
          writeFileSync(file, `${records.join("\n")}\n`);
          const whole = all.filter(({ n }) => !lost.includes(n));
          expect(await after(dir, from, limit)).toEqual(
            first(
              whole.filter((line) => line.n > from),
              limit,
            ),
          );
          expect(await before(dir, from + 1, limit)).toEqual(
            last(
              whole.filter((line) => line.n <= from),
              limit,
            ),
          );
        },
      ),
    );
  });
});

describe("a long log is looked through a part at a time", () => {
  const COUNT = 6000;

  /** Slices of 64 KiB: a dozen of them, in two attempts. */
  function long(damaged = 0): string {
    const dir = directory();
    for (const attempt of [1, 2]) {
      mkdirSync(join(dir, String(attempt)), { recursive: true });
      const lines = Array.from({ length: COUNT / 2 }, (_, i) => {
        const n = (attempt - 1) * (COUNT / 2) + i + 1;
        const text = `${n % 2500 === 0 ? "Needle" : "hay"} ${"x".repeat(60)}`;
        const line: LogLine = { n, seq: n, at: "", attempt, stage: null, stream: "log", text };
        const stored = recordOf([line]).trimEnd();
        return damaged > 0 && n % damaged === 0 ? "#".repeat(stored.length) : stored;
      });
      writeFileSync(logFile(join(dir, String(attempt))), `${lines.join("\n")}\n`);
    }
    return dir;
  }

  async function all(page: (from: number) => Promise<FoundLines>, from: number) {
    const pages: FoundLines[] = [];
    for (let next: number | null = from; next !== null; ) {
      const { lines, next: following }: FoundLines = await page(next);
      pages.push({ lines, next: following });
      next = following;
    }
    return { pages: pages.length, found: pages.flatMap(({ lines }) => lines.map(({ n }) => n)) };
  }

  test.each(["needle", "NEEDLE x", "needle "])(
    "every match of %s once, whichever way, in more pages than lines",
    async (match) => {
      const dir = long();
      const forwards = await all((n) => after(dir, n, 10, { match }, 1), 0);
      expect(forwards.found).toEqual([2500, 5000]);
      expect(forwards.pages).toBeGreaterThan(5);
      const backwards = await all((n) => before(dir, n, 10, { match }, 1), COUNT + 1);
      expect(backwards.found).toEqual([5000, 2500]);
      expect(backwards.pages).toBeGreaterThan(5);
    },
  );

  test("a page without a match says how far it looked", async () => {
    const dir = long();
    const { lines, next } = await after(dir, 0, 10, { match: "needle" }, 1);
    expect(lines).toEqual([]);
    expect(next).toBeGreaterThan(0);
    expect(next).toBeLessThan(2500);
    expect(await after(dir, 0, 10, { match: "needle" })).toMatchObject({ next: null });
  });

  test("it continues over damaged lines", async () => {
    for (const damaged of [2, 3, 7]) {
      const dir = long(damaged);
      const whole = [2500, 5000].filter((n) => n % damaged !== 0);
      expect((await all((n) => after(dir, n, 10, { match: "needle" }, 1), 0)).found).toEqual(whole);
      expect(
        (await all((n) => before(dir, n, 10, { match: "needle" }, 1), COUNT + 1)).found,
      ).toEqual(whole.toReversed());
    }
  });

  test("it blocks no other request, and ends when its client disconnects", async () => {
    const dir = long();
    let turns = 0;
    let going = true;
    const turn = () => {
      turns++;
      if (going) setImmediate(turn);
    };
    setImmediate(turn);
    await after(dir, 0, 10, { match: "nothing" });
    const whole = turns;
    expect(whole).toBeGreaterThan(10);
    await pageAfter(
      { files: localFiles(dir), limit: 10, filter: { match: "nothing" }, isGone: () => true },
      0,
    );
    going = false;
    expect(turns - whole).toBeLessThan(5);
  });
});

test("a line that is being written is not there yet", async () => {
  const { dir, all } = written([[true, true]]);
  appendFileSync(logFile(join(dir, "1")), '{"n":3,"seq":5,"te');
  expect(await after(dir, 0, 10)).toEqual({ lines: all, next: null });
});

test("stages, steps and streams are filters too", async () => {
  const dir = directory();
  write(dir, story([[true]]));
  const line = (n: number, stage: string | null, stream: string, step?: string) =>
    appendFileSync(
      logFile(join(dir, "1")),
      encodeRecord({ n, seq: n + 9, stage, step, stream, lines: ["t"] }),
    );
  line(2, "Load", "stdout");
  line(3, "Save", "stderr");
  line(4, "Save", "stdout", 'a/b "é"');
  line(5, "Save", "stdout", "a");
  const numbers = ({ lines }: FoundLines) => lines.map(({ n }) => n);
  expect(numbers(await after(dir, 0, 9, { stage: "Load" }))).toEqual([2]);
  expect(numbers(await before(dir, 9, 9, { stream: "stderr" }))).toEqual([3]);
  expect(numbers(await after(dir, 0, 9, { stage: "Load", stream: "stderr" }))).toEqual([]);
  expect(numbers(await after(dir, 0, 9, { step: "a" }))).toEqual([5]);
  expect(numbers(await before(dir, 9, 9, { stage: "Save", step: 'a/b "é"' }))).toEqual([4]);
});

test("text with JSON escapes is found too", async () => {
  const dir = directory();
  write(dir, story([[true]]));
  const text = 'say "yes" to C:\\temp\tÄRGER';
  appendFileSync(
    logFile(join(dir, "1")),
    encodeRecord({ n: 2, seq: 9, stage: null, stream: "log", lines: [text] }),
  );
  for (const match of ['"YES"', "c:\\temp", "p\tä", "ärger", "to c:"])
    expect(await after(dir, 0, 9, { match }), match).toMatchObject({ lines: [{ n: 2 }] });
});

test("text is found through the colours of its program", async () => {
  const dir = directory();
  write(dir, story([[true]]));
  const text = "\x1b[31mERROR\x1b[0m: no rule";
  appendFileSync(
    logFile(join(dir, "1")),
    encodeRecord({ n: 2, seq: 9, stage: null, stream: "log", lines: [text] }),
  );
  expect(await after(dir, 0, 9, { match: "error: no" })).toMatchObject({ lines: [{ n: 2, text }] });
  expect(await after(dir, 0, 9, { match: "[31m" })).toMatchObject({ lines: [] });
});

test("an operation that never ran has no lines", async () => {
  expect(await after(join(directory(), "none"), 0, 10)).toEqual({ lines: [], next: null });
  expect(await before(join(directory(), "none"), 1, 10)).toEqual({ lines: [], next: null });
});
