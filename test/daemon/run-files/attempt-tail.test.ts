/** The tail of a live attempt: rests when its listener asks for it, and misses nothing after the rest. */
import { appendFileSync, mkdirSync, rmdirSync, watch, writeFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { eventsFile } from "../../../daemon/run-files/attempt-files.js";
import { AttemptTail } from "../../../daemon/run-files/attempt-tail.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { AT } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.useRealTimers();
});

/** A directory, what a tail of it handed on, and how to write the next event and wait until whoever watches was told. */
function tailed(restMs: number) {
  const dir = directory();
  const batches: number[][] = [];
  const tail = new AttemptTail(dir, {
    onEvents: (events) => {
      batches.push(events.map(({ seq }) => seq));
      return restMs;
    },
    onLines: () => {},
    onDamage: () => {},
    onUnreadable: () => {},
  });
  let seq = 0;
  const put = () => {
    const event: WorkerEvent = {
      seq: ++seq,
      at: AT,
      attempt: 1,
      type: "stage:entered",
      stage: `Step ${seq}`,
      index: seq,
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

test("each event is handed on at once", async () => {
  const { batches, write } = tailed(0);
  for (let n = 0; n < 5; n++) await write();
  expect(batches).toEqual([[1], [2], [3], [4], [5], [6]]);
});

test("events during the rest are passed on together after it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { batches, write } = tailed(20);
  for (let n = 0; n < 5; n++) await write();
  expect(batches).toEqual([[1]]);
  vi.advanceTimersByTime(20);
  expect(batches).toEqual([[1], [2, 3, 4, 5, 6]]);
});

test("a full read does not wait for the end of the rest", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { tail, batches, write } = tailed(20);
  await write();
  tail.read();
  expect(batches).toEqual([[1], [2]]);
});

test("files that cannot be read are told once, and read on when they can be", () => {
  const dir = directory();
  const told: string[] = [];
  const seen: number[] = [];
  const tail = new AttemptTail(dir, {
    onEvents: (events) => {
      seen.push(...events.map(({ seq }) => seq));
      return 0;
    },
    onLines: () => {},
    onDamage: () => {},
    onUnreadable: ({ message }) => told.push(message),
  });
  closers.push(() => tail.close());
  mkdirSync(eventsFile(dir));
  for (let n = 0; n < 3; n++) tail.read();
  expect(told).toEqual([`${eventsFile(dir)} is a directory, not a regular file`]);
  expect(tail.unreadable.events).not.toBeNull();
  rmdirSync(eventsFile(dir));
  const event = { seq: 1, at: AT, attempt: 1, type: "progress:changed", percent: 1, progress: null };
  writeFileSync(eventsFile(dir), encodeRecord(event));
  tail.read();
  expect(seen).toEqual([1]);
  expect(tail.unreadable.events).toBeNull();
});
