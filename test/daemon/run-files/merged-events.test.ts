/**
 * Merged events: in `seq` order, each once, none missing, in any order of writes to the two files
 * of an attempt.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventsFile } from "../../../daemon/run-files/attempt-files.js";
import { MergedEvents } from "../../../daemon/run-files/merged-events.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import type { DaemonEvent } from "../../../protocol/event.js";
import { useDirectories } from "../../harness/temporary.js";
import { fileOf, type Said, type Stored, story, textOf, write } from "./written.js";

const directory = useDirectories();
const attempts = fc.array(fc.array(fc.boolean(), { maxLength: 20 }), { maxLength: 3 });

const eventsOf = (said: Said[]) =>
  said.filter(({ where }) => where === "daemon").map(({ value }) => value as DaemonEvent);

function readAll(events: MergedEvents, said: Said[]): Stored[] {
  const out: Stored[] = [];
  const attempt = said.at(-1)?.attempt ?? 0;
  for (;;) {
    const lines = events.read(eventsOf(said), attempt);
    if (lines.length === 0) return out;
    for (const line of lines) out.push(line as Stored);
  }
}

/**
 * So many bytes more of what a worker says, one thing after the other; what is written is taken
 * off.
 */
function writeOn(dir: string, rest: Said[], size: number): void {
  let left = size;
  while (left > 0 && rest.length > 0) {
    const text = textOf(rest[0]!);
    const piece = text.slice(torn, torn + left);
    appendFileSync(fileOf(dir, rest[0]!), piece);
    left -= piece.length;
    torn += piece.length;
    if (torn < text.length) return;
    torn = 0;
    rest.shift();
  }
}
/** How much of the first of the rest is written. */
let torn = 0;

const values = (said: Said[]) => said.map(({ value }) => value);

describe("laws", () => {
  test("of a finished operation, from any number on, with and without lines", () => {
    fc.assert(
      fc.property(attempts, fc.nat({ max: 80 }), fc.boolean(), (kinds, after, withLog) => {
        const dir = directory();
        const said = story(kinds);
        write(dir, said);
        const events = new MergedEvents(localFiles(dir), after, withLog);
        const expected = values(said).filter(
          (value) => value.seq > after && (withLog || value.type !== "log:line"),
        );
        expect(readAll(events, said)).toEqual(expected);
        events.close();
      }),
    );
  });

  test("of a live one, whose worker writes on between any two reads", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 30 }),
        fc.array(fc.nat({ max: 150 })),
        (kinds, sizes) => {
          const dir = directory();
          // The daemon's last event comes when the worker is done.
          const all = story([kinds]);
          const before = all.slice(0, -1);
          const written = before.filter(({ where }) => where !== "daemon");
          const events = new MergedEvents(localFiles(dir), 0, true);
          const out: Stored[] = [];
          for (const size of [...sizes, 1e6]) {
            writeOn(dir, written, size);
            out.push(...readAll(events, before));
          }
          expect(out).toEqual(values(before));
          out.push(...readAll(events, all));
          events.close();
          expect(out).toEqual(values(all));
        },
      ),
    );
  });

  test("damaged lines are passed over, from any number on", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat({ max: 50 }),
        (count, at, after) => {
          const dir = directory();
          const said = story([Array(count).fill(false)]);
          write(dir, said);
          const file = eventsFile(join(dir, "1"));
          const lines = readFileSync(file, "utf8").split("\n");
          lines[at % count] = "#".repeat(lines[at % count]!.length);
          writeFileSync(file, lines.join("\n"));
          const damaged = 3 + (at % count);
          const events = new MergedEvents(localFiles(dir), after, false);
          const expected = values(said).filter(({ seq }) => seq > after && seq !== damaged);
          expect(readAll(events, said)).toEqual(expected);
          events.close();
        },
      ),
    );
  });
});

test("lines longer than a piece are read whole, and what follows them", () => {
  const dir = directory();
  const said = story([[true, false, true, false], [true]], 300_000);
  write(dir, said);
  const events = new MergedEvents(localFiles(dir), 0, true);
  expect(readAll(events, said)).toEqual(values(said));
  events.close();
});

test("a read gives a piece at a time, however long the log is", () => {
  const dir = directory();
  const said = story([Array(3000).fill(true)], 200);
  write(dir, said);
  const events = new MergedEvents(localFiles(dir), 0, true);
  let largest = 0;
  let count = 0;
  for (;;) {
    const lines = events.read(eventsOf(said), 1);
    if (lines.length === 0) break;
    count += lines.length;
    largest = Math.max(largest, JSON.stringify(lines).length);
  }
  events.close();
  expect(count).toBe(said.length);
  expect(largest).toBeLessThan(200_000);
});

test("a lost line before a very long rest", () => {
  const dir = directory();
  const said = story([Array(150_000).fill(true)]);
  write(
    dir,
    said.filter(({ value }) => value.seq !== 3),
  );
  const events = new MergedEvents(localFiles(dir), 0, true);
  expect(readAll(events, said)).toHaveLength(said.length - 1);
  events.close();
});
