/** Recovery of the journal from any cut-off tail and any flipped byte. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Journal, segmentName } from "../../../daemon/store/journal.js";
import { readJournal, readSegmentLines } from "../../../daemon/store/read-journal.js";
import { encodeNumberedRecord } from "../../../protocol/record-line.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const values = fc.array(
  fc.oneof(
    fc.record({ text: fc.string({ unit: "grapheme" }) }),
    fc.record({ id: fc.nat(), text: fc.string({ unit: "binary" }) }),
  ),
  { minLength: 1, maxLength: 8 },
);

const record = (n: number, text: string) => encodeNumberedRecord(n, { text });

/** A journal of one segment, and where each record ends. */
function journalOf(all: object[]): { dir: string; file: string; bytes: Buffer; ends: number[] } {
  const dir = directory();
  const file = join(dir, segmentName(1));
  const ends: number[] = [];
  let bytes = Buffer.alloc(0);
  all.forEach((value, index) => {
    bytes = Buffer.concat([bytes, Buffer.from(encodeNumberedRecord(index + 1, value))]);
    ends.push(bytes.length);
  });
  writeFileSync(file, bytes);
  return { dir, file, bytes, ends };
}

const kept = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.includes(".damaged-"))
    .map((name) => readFileSync(join(dir, name)));

/** @param room bytes that the writer had made ready for more */
function expectCutRecovers(all: object[], cut: number, room: number): void {
  const { dir, file, bytes, ends } = journalOf(all);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(room, "\t")]));
  const whole = ends.filter((end) => end <= cut).length;
  const torn = bytes.subarray(ends[whole - 1] ?? 0, cut);

  const { records, last, problems } = readJournal(dir, 0);
  expect(records).toEqual(all.slice(0, whole).map((value, index) => ({ n: index + 1, value })));
  expect(last).toBe(whole);
  expect(problems).toHaveLength(torn.length > 0 ? 1 : 0);
  expect(kept(dir)).toEqual(torn.length > 0 ? [torn] : []);
  // Read a second time, it is as if it had always been so.
  expect(readJournal(dir, 0)).toMatchObject({ records, last, problems: [] });
}

describe("a torn tail", () => {
  test("at every byte: the whole records before it, the rest kept aside and said", () => {
    const all = [{ text: "first" }, { second: "é\n" }, {}, { text: "last" }];
    for (let cut = 0; cut <= journalOf(all).bytes.length; cut++)
      for (const room of [0, 1, 5000]) expectCutRecovers(all, cut, room);
  });

  test("of any records at any byte", () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat({ max: 9000 }), (all, n, room) =>
        expectCutRecovers(all, n % (journalOf(all).bytes.length + 1), room),
      ),
    );
  });

  test("what is appended after the recovery goes on from there", async () => {
    await fc.assert(
      fc.asyncProperty(values, fc.nat(), async (all, n) => {
        const { dir, file, bytes, ends } = journalOf(all);
        const cut = n % (bytes.length + 1);
        writeFileSync(file, bytes.subarray(0, cut));
        const { last } = readJournal(dir, 0);
        const journal = new Journal<object>({ dir, last, onDurable: () => {}, onBroken: () => {} });
        await journal.start();
        expect(await journal.append({ text: "new" })).toBe(last + 1);
        await journal.stop();
        const again = readJournal(dir, 0);
        const whole = ends.filter((end) => end <= cut).length;
        expect(again.records.map(({ value }) => value)).toEqual([
          ...all.slice(0, whole),
          { text: "new" },
        ]);
        expect(again.problems).toEqual([]);
      }),
    );
  });

  test("of bytes that never were a record", () => {
    const { dir, file, bytes } = journalOf([{ text: "a" }, { text: "b" }]);
    const zeros = Buffer.alloc(4096);
    writeFileSync(file, Buffer.concat([bytes, zeros]));
    const { records, problems } = readJournal(dir, 0);
    expect(records.map(({ value }) => value)).toEqual([{ text: "a" }, { text: "b" }]);
    expect(problems).toEqual([
      expect.stringContaining("a torn tail of 4096 bytes was cut off, kept in"),
    ]);
    expect(kept(dir)).toEqual([zeros]);
  });

  test("with the bytes of a damaged record: both are kept aside", () => {
    const { dir, file, bytes, ends } = journalOf([{ text: "a" }, { text: "b" }]);
    const bad = Buffer.from("no record\n");
    writeFileSync(
      file,
      Buffer.concat([bytes.subarray(0, ends[0]), bad, bytes.subarray(ends[0]), bad]),
    );
    const { records, problems } = readJournal(dir, 0);
    expect(records.map(({ value }) => value)).toEqual([{ text: "a" }, { text: "b" }]);
    expect(problems).toEqual([
      expect.stringContaining("a damaged record of 10 bytes was skipped"),
      expect.stringContaining("a torn tail of 10 bytes was cut off"),
    ]);
    expect(Buffer.concat(kept(dir))).toEqual(Buffer.concat([bad, bad]));
  });
});

describe("a flipped bit", () => {
  test("anywhere before the last record: all others load, the damaged one is kept aside and said", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ text: fc.string() }), { minLength: 2, maxLength: 6 }),
        fc.nat(),
        fc.nat({ max: 7 }),
        (all, n, bit) => {
          const { dir, file, bytes, ends } = journalOf(all);
          const at = n % ends.at(-2)!;
          const damaged = Buffer.from(bytes);
          damaged[at]! ^= 1 << bit;
          writeFileSync(file, damaged);
          const hit = ends.findIndex((end) => at < end);
          // A newline that is none any more joins its record with the next.
          const lost = at === ends[hit]! - 1 ? [hit, hit + 1] : [hit];
          const { records, last, problems } = readJournal(dir, 0);
          const survivors = all
            .map((value, index) => ({ n: index + 1, value }))
            .filter((_, i) => !lost.includes(i));
          expect(records).toEqual(survivors);
          expect(problems.length).toBeGreaterThan(0);
          expect(problems.join()).toMatch(/damaged record|torn tail/);
          expect(kept(dir).length).toBeGreaterThan(0);
          expect(last).toBe(survivors.at(-1)?.n ?? 0);
        },
      ),
    );
  });
});

describe("segments", () => {
  test("are read in order, and what the checkpoint holds is passed over", () => {
    const dir = directory();
    writeFileSync(join(dir, segmentName(3)), record(3, "value 3") + record(4, "value 4"));
    writeFileSync(join(dir, segmentName(1)), record(1, "value 1") + record(2, "value 2"));
    writeFileSync(join(dir, segmentName(5)), "");
    const { records, last, problems } = readJournal(dir, 2);
    expect(records.map(({ n }) => n)).toEqual([3, 4]);
    expect(last).toBe(4);
    expect(problems).toEqual([]);
    expect(readJournal(dir, 4)).toMatchObject({ records: [], last: 4 });
  });

  test("missing records are said", () => {
    const dir = directory();
    writeFileSync(join(dir, segmentName(3)), record(3, "a") + record(7, "b"));
    expect(readJournal(dir, 2).problems).toEqual([
      expect.stringContaining("records 4 to 6 are missing"),
    ]);
    expect(readJournal(dir, 1).problems).toEqual(
      expect.arrayContaining([expect.stringContaining("record 2 is missing")]),
    );
  });

  test("a record that stands at the wrong place hides no other", () => {
    const dir = directory();
    writeFileSync(
      join(dir, segmentName(1)),
      record(1, "value 1") + record(4, "value 4") + record(2, "value 2"),
    );
    writeFileSync(join(dir, segmentName(3)), record(3, "value 3") + record(4, "value 4"));
    expect(readJournal(dir, 0)).toMatchObject({
      records: [1, 2, 3, 4].map((n) => ({ n, value: { text: `value ${n}` } })),
      last: 4,
      problems: [`${dir}: record 4 is there twice`],
    });
  });

  test("a hundred thousand damaged lines are kept in one file, and do not delay the start", () => {
    const dir = directory();
    const file = join(dir, segmentName(1));
    const between = `${"\n".repeat(100_000)}${"x\n".repeat(1000)}`;
    writeFileSync(file, record(1, "a") + between + record(2, "b"));
    const alternating = Array.from(
      { length: 5000 },
      (_, n) => `x\n${record(n + 3, String(n))}`,
    ).join("");
    writeFileSync(join(dir, segmentName(3)), `${alternating}x`);
    const began = performance.now();
    const { records, problems } = readJournal(dir, 0);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(records).toHaveLength(5002);
    expect(problems).toEqual([
      expect.stringContaining(`a damaged record of ${between.length} bytes was skipped`),
      expect.stringContaining("5000 damaged records of 10000 bytes in all were skipped"),
      expect.stringContaining("a torn tail of 1 bytes was cut off"),
    ]);
    expect(readdirSync(dir)).toHaveLength(5);
  });

  test("a record that is there twice counts once", () => {
    const dir = directory();
    writeFileSync(join(dir, segmentName(1)), record(1, "a") + record(2, "b"));
    writeFileSync(join(dir, segmentName(2)), record(2, "b") + record(3, "c"));
    const { records, problems } = readJournal(dir, 0);
    expect(records.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(problems).toEqual([`${dir}: record 2 is there twice`]);
  });
});

test("zeros at the end of a history segment, in the place of records that were not synced, are cut off", () => {
  const file = join(directory(), "000001.ndjson");
  const sealed = encodeNumberedRecord(1, { id: "a", entry: null });
  for (const from of [0, sealed.length, sealed.length + 100]) {
    writeFileSync(file, `${sealed}${"\0".repeat(5000)}`);
    const problems: string[] = [];
    expect(readSegmentLines(file, { from, last: null }, problems)).toMatchObject({
      end: sealed.length,
    });
    expect(readFileSync(file, "utf8")).toBe(sealed);
    expect(problems).toEqual([]);
  }
});
