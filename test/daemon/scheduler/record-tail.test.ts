/**
 * The tail of a live attempt: rests between reads of an operation with many stages, and misses
 * nothing after the rest.
 */
import { once } from "node:events";
import { appendFileSync, mkdirSync, rmdirSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { eventsFile, logFile } from "../../../daemon/run-files/attempt-files.js";
import { RecordTail } from "../../../daemon/scheduler/record-tail.js";
import type { Entry } from "../../../daemon/store/decision.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { placeIn } from "../../harness/file-writer.js";
import { AT, Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.useRealTimers();
});

/**
 * A tail of a running operation, the numbers of the events of each read, and what the tail reports.
 */
function follow(dir: string, stageCount: number) {
  const stages = Array.from({ length: stageCount }, (_, index) => `Step ${index}`);
  const record = new Story({ stages }).started().record();
  const bus = new Bus();
  const batches: number[][] = [];
  const problems: string[] = [];
  let batch: number[] = [];
  bus.on("record", () => {
    batches.push(batch);
    batch = [];
  });
  const tail = new RecordTail({ record } as Entry, dir, {
    bus,
    isOwn: true,
    isLogRead: () => true,
    files: placeIn(dir),
    onEvent: ({ seq }) => batch.push(seq),
    onDamage: (message) => problems.push(message),
  });
  return { tail, batches, problems, seq: record.seq };
}

/** As `follow`, and how to write the next event and wait until whoever watches was told. */
function tailed(stageCount: number) {
  const dir = directory();
  const { tail, batches, ...last } = follow(dir, stageCount);
  let { seq } = last;
  const put = () => {
    const event: WorkerEvent = {
      seq: ++seq,
      at: AT,
      attempt: 1,
      type: "stage:entered",
      stage: `Step ${seq - 3}`,
      index: seq - 3,
    };
    appendFileSync(eventsFile(dir), encodeRecord(event));
  };
  put();
  tail.start(0);
  // Begun after the tail's own: when this one is told, that one was.
  const others = new Set<() => void>();
  const other = watch(dir, () => {
    for (const told of others) told();
  });
  closers.push(
    () => tail.close(),
    () => other.close(),
  );
  const write = () =>
    new Promise<void>((resolve) => {
      const told = () => {
        others.delete(told);
        setImmediate(resolve);
      };
      others.add(told);
      put();
    });
  return { tail, batches, write };
}

/** So many stages that the files rest 20 ms after a read. */
const MANY = 400;

test("each event is handed on at once", async () => {
  const { batches, write } = tailed(10);
  for (let n = 0; n < 5; n++) await write();
  expect(batches).toEqual([[3], [4], [5], [6], [7], [8]]);
});

test("events during the rest are passed on together after it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { batches, write } = tailed(MANY);
  for (let n = 0; n < 5; n++) await write();
  expect(batches).toEqual([[3]]);
  vi.advanceTimersByTime(20);
  expect(batches).toEqual([[3], [4, 5, 6, 7, 8]]);
});

test("a full read does not wait for the end of the rest", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { tail, batches, write } = tailed(MANY);
  await write();
  tail.read();
  expect(batches).toEqual([[3], [4]]);
});

test("files that cannot be read are told once, and read on when they can be", () => {
  const dir = directory();
  const { tail, batches, problems, seq } = follow(dir, 3);
  closers.push(() => tail.close());
  mkdirSync(eventsFile(dir));
  for (let n = 0; n < 3; n++) tail.read();
  expect(problems).toEqual([
    `run files cannot be read: ${eventsFile(dir)} is a directory, not a regular file`,
  ]);
  expect(tail.unreadable.events).not.toBeNull();
  rmdirSync(eventsFile(dir));
  const event = {
    seq: seq + 1,
    at: AT,
    attempt: 1,
    type: "progress:changed",
    percent: 1,
    progress: null,
  };
  writeFileSync(eventsFile(dir), encodeRecord(event));
  tail.read();
  expect(batches).toEqual([[seq + 1]]);
  expect(tail.unreadable.events).toBeNull();
});

test("events are read at once also after the log has lost its last reader", async () => {
  const dir = directory();
  const file = join(directory(), "worker.events.ndjson");
  const record = new Story({ stages: [] }).started().record();
  const { id, seq } = record;
  const bus = new Bus();
  let isLogRead = true;
  const tail = new RecordTail({ record } as Entry, dir, {
    bus,
    isOwn: true,
    isLogRead: () => isLogRead,
    files: { id, attempt: 1, file, from: 0 },
    onEvent: () => {},
    onDamage: (message) => expect.unreachable(message),
  });
  closers.push(() => tail.close());
  for (const each of [file, logFile(dir)]) writeFileSync(each, "");
  tail.start(0);
  isLogRead = false;
  for (const [to, value] of [
    [logFile(dir), { n: 1, seq: seq + 1, lines: ["a line"] }],
    [file, { seq: seq + 2, id, at: AT, attempt: 1, type: "progress:changed", percent: 1 }],
  ] as const) {
    const read = once(bus, "record");
    appendFileSync(to, encodeRecord(value));
    await read;
  }
});
