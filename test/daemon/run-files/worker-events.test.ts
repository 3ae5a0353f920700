/** Where the events of attempts are, in files that hold one attempt after the other. */

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { acquireLock } from "../../../daemon/os/kernel-lock.js";
import {
  type EventsPlace,
  EventsReader,
  TextReader,
} from "../../../daemon/run-files/events-reader.js";
import { MergedEvents } from "../../../daemon/run-files/merged-events.js";
import { localRuns } from "../../../daemon/run-files/runs.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { layoutOf, workerFiles } from "../../../daemon/store/layout.js";
import { encodeRecord, seqOfRecord } from "../../../protocol/record-line.js";
import { AT } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const event = (id: string, attempt: number, seq: number) =>
  encodeRecord({
    seq,
    id,
    at: AT,
    attempt,
    type: "progress:changed",
    percent: seq,
    progress: null,
  });

function numbersIn(place: EventsPlace | null, after = 0): number[] {
  if (place === null) return [];
  const reader = new EventsReader(
    place,
    (line) => (seqOfRecord(line) ?? Number.POSITIVE_INFINITY) <= after,
  );
  const numbers: number[] = [];
  while (reader.read((line) => numbers.push(seqOfRecord(line) ?? 0), 100));
  reader.close();
  return numbers;
}

/** How many events each attempt in a file has; the name says the operation. */
const attempts = fc.array(
  fc.record({
    id: fc.constantFrom("aaaa", "bbbb", "cccc"),
    events: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 8 },
);

test("each attempt has its own events, from any number on, whatever is before and after them", () => {
  fc.assert(
    fc.property(attempts, fc.nat(12), fc.boolean(), (written, after, isTorn) => {
      const dir = directory();
      const { eventsFile } = workerFiles(dir, "worker000000");
      const begun = new Map<string, number>();
      const expected = written.map(({ id, events }) => {
        const attempt = (begun.get(id) ?? 0) + 1;
        begun.set(id, attempt);
        return { id, attempt, numbers: Array.from({ length: events }, (_, n) => n + 1) };
      });
      const text = expected.flatMap(({ id, attempt, numbers }) =>
        numbers.map((n) => event(id, attempt, n)),
      );
      writeFileSync(
        eventsFile,
        text.join("") + (isTorn ? '{"seq":99,"id":"tor' : "") + "\t".repeat(50),
      );
      const found = new WorkerEvents(dir);
      expect(found.find()).toEqual(
        isTorn ? [expect.stringContaining("a torn tail of 19 bytes")] : [],
      );
      for (const { id, attempt, numbers } of expected)
        expect(numbersIn(found.get(id, attempt), after)).toEqual(numbers.filter((n) => n > after));
      expect([...found.ids()].sort()).toEqual([...begun.keys()].sort());
    }),
  );
});

test("the events after those of the attempt are not read", () => {
  const { eventsFile } = workerFiles(directory(), "worker000000");
  const first = event("aaaa", 1, 1);
  writeFileSync(eventsFile, first + event("bbbb", 1, 1).repeat(20_000));
  const bytesRead = () => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))![1]);
  const before = bytesRead();
  const reader = new EventsReader({
    id: "aaaa",
    attempt: 1,
    file: eventsFile,
    from: 0,
    to: first.length,
  });
  const lines: string[] = [];
  while (reader.read((line) => lines.push(line)));
  reader.close();
  expect(lines).toEqual([first.trimEnd()]);
  expect(bytesRead() - before).toBeLessThan(500_000);
});

test("a text is read as the file that it was read from", () => {
  const lines = [1, 2, 3].map((n) => event("aaaa", 1, n));
  for (const after of [0, 1, 3]) {
    const reader = new TextReader(lines.join(""), (line) => (seqOfRecord(line) ?? 0) <= after);
    const read: string[] = [];
    while (reader.read((line) => read.push(`${line}\n`), 1));
    expect(read).toEqual(lines.slice(after));
  }
});

test("a damaged line counts as one of the attempt that follows, or of the attempt that is to come", () => {
  const dir = directory();
  const { eventsFile } = workerFiles(dir, "worker000000");
  writeFileSync(eventsFile, `${event("aaaa", 1, 1)}damaged\n${event("bbbb", 1, 2)}damaged too\n`);
  const found = new WorkerEvents(dir);
  found.find();
  const linesOf = (place: EventsPlace) => {
    const lines: string[] = [];
    const reader = new EventsReader(place);
    reader.read((line) => lines.push(line));
    reader.close();
    return lines.map((line) => seqOfRecord(line));
  };
  const next = found.running("cccc", 1, "worker000000");
  expect(linesOf(found.get("aaaa", 1)!)).toEqual([1]);
  expect(linesOf(found.get("bbbb", 1)!)).toEqual([null, 2]);
  expect(linesOf(next)).toEqual([null]);
});

test("a file goes when its worker has ended and nothing in it is needed any more", () => {
  const dir = directory();
  const { eventsFile, lockFile } = workerFiles(dir, "worker000000");
  const alive = workerFiles(dir, "worker000001");
  const lock = acquireLock(alive.lockFile)!;
  for (const file of [eventsFile, alive.eventsFile]) appendFileSync(file, "");
  const events = new WorkerEvents(dir);
  events.begin("aaaa", 1, "worker000000", 0);
  appendFileSync(eventsFile, event("aaaa", 1, 1));
  events.begin("bbbb", 1, "worker000000", readFileSync(eventsFile).length);
  events.drop(events.begin("cccc", 1, "worker000000", 99));
  events.workerEnded("worker000000");
  events.release("bbbb");
  expect(existsSync(eventsFile)).toBe(true);
  events.release("aaaa");
  expect(existsSync(eventsFile)).toBe(false);
  expect(existsSync(lockFile)).toBe(false);

  // Of a worker that is alive, it stays.
  const next = new WorkerEvents(dir);
  expect(next.find()).toEqual([]);
  expect(existsSync(alive.eventsFile)).toBe(true);
  next.workerEnded("worker000001");
  expect(existsSync(alive.eventsFile)).toBe(false);
  lock.release();
});

test("a start keeps the file of a dead worker without an event: the attempt was not accepted", () => {
  const dir = directory();
  const { eventsFile } = workerFiles(dir, "worker000000");
  writeFileSync(eventsFile, "\t\t");
  // The second start comes before the first one has recorded that the attempt is queued again.
  for (let start = 0; start < 2; start++) {
    const events = new WorkerEvents(dir);
    expect(events.find()).toEqual([]);
    expect(["worker000000", "worker000001"].map((id) => events.hasFound(id))).toEqual([
      true,
      false,
    ]);
    expect(numbersIn(events.running("aaaa", 1, "worker000000"))).toEqual([]);
    events.workerEnded("worker000000");
  }
  expect(existsSync(eventsFile)).toBe(true);
});

test("a stream of events follows an attempt that a second worker begins, after the first one has not accepted it", () => {
  const layout = layoutOf(directory());
  mkdirSync(layout.workers, { recursive: true });
  const events = new WorkerEvents(layout.workers);
  const merged = new MergedEvents(localRuns(layout, events, () => null).of("aaaa"), 0, false);
  events.begin("aaaa", 1, "worker000000", 0);
  expect(merged.read([], 1)).toEqual([]);
  events.begin("aaaa", 1, "worker000001", 0);
  appendFileSync(workerFiles(layout.workers, "worker000001").eventsFile, event("aaaa", 1, 1));
  expect(merged.read([], 1)).toMatchObject([{ seq: 1 }]);
  // An open stream outlives the move of the events.
  appendFileSync(workerFiles(layout.workers, "worker000001").eventsFile, event("aaaa", 1, 2));
  events.release("aaaa");
  expect(merged.read([], 1)).toMatchObject([{ seq: 2 }]);
  merged.close();
});

test("what cannot be read is said, and stays", () => {
  const dir = directory();
  const { eventsFile } = workerFiles(dir, "worker000000");
  mkdirSync(eventsFile);
  writeFileSync(join(eventsFile, "kept"), "");
  const events = new WorkerEvents(dir);
  expect(events.find()).toEqual([expect.stringContaining(`${eventsFile} cannot be read`)]);
  events.workerEnded("worker000000");
  expect(existsSync(join(eventsFile, "kept"))).toBe(true);
});

test.each([true, false])(
  "what cannot be read behind the reserved space is put aside as it is; alive: %j",
  (isAlive) => {
    const dir = directory();
    const { eventsFile, lockFile } = workerFiles(dir, "worker000000");
    const lock = isAlive ? acquireLock(lockFile) : null;
    const garbage = Buffer.from([0xff, 0x00, 0x80, ...Buffer.from('{"a":1}\n')]);
    const whole = Buffer.concat([Buffer.from(event("aaaa", 1, 1) + "\t".repeat(6000)), garbage]);
    writeFileSync(eventsFile, whole);
    const said = isAlive
      ? "a damaged record of 11 bytes was skipped"
      : "a torn tail of 6011 bytes was cut off";
    const events = new WorkerEvents(dir);
    expect(events.find()).toEqual([expect.stringContaining(said)]);
    expect(readFileSync(`${eventsFile}.damaged-1`).subarray(-11)).toEqual(garbage);
    expect(numbersIn(events.get("aaaa", 1))).toEqual([1]);
    lock?.release();
  },
);
