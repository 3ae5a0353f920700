/**
 * A law of reading the journal at a start. Whatever the bytes of its segments, reading throws
 * nothing, every whole record is there in order, every other byte is kept aside, and a second start
 * finds nothing to repair.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { segmentName } from "../../daemon/store/journal.js";
import { readJournal } from "../../daemon/store/read-journal.js";
import { encodeNumberedRecord, parseNumberedRecord } from "../../protocol/record-line.js";
import { cases } from "../faults/mode.js";
import { withinTime } from "../harness/interrupt.js";
import { type Mutation, mutate, mutations, rarely } from "./mutations.js";

/** Time in ms for a journal of some kilobytes. */
const READ_MS = 10_000;
const NEWLINE = 10;
const TAB = 9;

/**
 * In memory where that is possible: a repaired segment is synced, and a disk would take most of the
 * time.
 */
const world = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "liveops-fuzz-"));
afterAll(() => rmSync(world, { recursive: true, force: true }));

interface Segment {
  records: object[];
  /** Tabs at the end. */
  room: number;
  changes: Mutation[];
  /** Instead of all this: bytes that never were a journal. */
  noise: Uint8Array | null;
}

const value = fc.oneof(
  fc.record({ json: fc.jsonValue() }),
  fc.record({ text: fc.string({ unit: "binary" }) }),
  fc.record({ id: fc.nat(), text: fc.string() }),
);
const special = [
  "\n",
  "\n\n",
  "\t",
  "\0",
  " ",
  "\n\t\n",
  '{"n":1,"sum":"00000000"}\n',
  ',"sum":"',
  "\xef\xbf\xbd",
  "\xff",
];
const segments: fc.Arbitrary<Segment[]> = fc.array(
  fc.record({
    records: fc.array(value, { maxLength: 8 }),
    room: fc.oneof(fc.constant(0), fc.nat({ max: 5000 })),
    changes: mutations(special),
    noise: rarely(fc.uint8Array({ maxLength: 3000 })),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Writes the segments; the bytes of each, in order. */
function write(dir: string, all: readonly Segment[]): Buffer[] {
  let n = 0;
  return all.map(({ records, room, changes, noise }) => {
    const name = segmentName(n + 1);
    const text = records.map((record) => encodeNumberedRecord(++n, record)).join("");
    const bytes = mutate(Buffer.concat([Buffer.from(text), Buffer.alloc(room, TAB)]), changes);
    const written = noise === null ? bytes : Buffer.from(noise);
    // Two segments have one name where the first has no record: the later one takes its place.
    writeFileSync(join(dir, name), written);
    return written;
  });
}

function named(dir: string): Map<string, Buffer> {
  return new Map(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(join(dir, name))]),
  );
}

/**
 * The whole records of the bytes and how many bytes they take, found by cutting at each newline.
 */
function wholeLines(bytes: Buffer): Array<{ n: number; value: unknown; length: number }> {
  const lines: Array<{ n: number; value: unknown; length: number }> = [];
  for (
    let start = 0, end = bytes.indexOf(NEWLINE);
    end !== -1;
    start = end + 1, end = bytes.indexOf(NEWLINE, start)
  ) {
    const line = parseNumberedRecord(bytes.toString("utf8", start, end));
    if (line !== null) lines.push({ ...line, length: end + 1 - start });
  }
  return lines;
}

function withoutRoom(bytes: Buffer): number {
  let end = bytes.length;
  while (bytes[end - 1] === TAB) end--;
  return end;
}

test("any bytes are a journal: no whole record is lost, all else is kept aside, once", () => {
  const dir = join(world, "journal");
  const law = fc.property(segments, (all) => {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { mode: 0o700 });
    write(dir, all);
    const before = named(dir);

    const expected = new Map<number, unknown>();
    for (const bytes of before.values())
      for (const { n, value } of wholeLines(bytes))
        if (n > 0 && !expected.has(n)) expected.set(n, value);
    const numbers = [...expected.keys()].sort((a, b) => a - b);

    const first = withinTime(READ_MS, () => readJournal(dir, 0));
    expect(first.records).toEqual(numbers.map((n) => ({ n, value: expected.get(n) })));
    expect(first.last).toBe(numbers.at(-1) ?? 0);

    const after = named(dir);
    for (const [name, bytes] of before) {
      const kept = [...after].filter(([other]) => other.startsWith(`${name}.damaged-`));
      const aside = kept.reduce((sum, [, content]) => sum + content.length, 0);
      const whole = wholeLines(bytes).reduce((sum, { length }) => sum + length, 0);
      expect({ name, aside, left: after.get(name)?.length }).toEqual({
        name,
        aside: withoutRoom(bytes) - whole,
        left: whole,
      });
      expect(kept.length).toBeLessThanOrEqual(2);
      if (aside > 0) expect(first.problems.join("\n")).toContain(`${name}: `);
    }

    const second = readJournal(dir, 0);
    expect(second.records).toEqual(first.records);
    expect(second.problems.filter((problem) => !/ missing$| twice$/.test(problem))).toEqual([]);
  });
  fc.assert(law, { numRuns: cases(1000, 5000) });
});
