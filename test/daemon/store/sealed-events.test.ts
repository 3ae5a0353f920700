/**
 * The events of a finished operation: in the file of its worker, and after a checkpoint in the
 * history.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Lifecycle } from "../../../daemon/lifecycle.js";
import { localRuns } from "../../../daemon/run-files/runs.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { prepareStateDir } from "../../../daemon/store/directories.js";
import { EmbeddedStore } from "../../../daemon/store/embedded-store.js";
import { attemptDir, layoutOf, workerFiles } from "../../../daemon/store/layout.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { AT } from "../../harness/records.js";
import { OpenStore, sealedEvents, WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

async function open(dir: string) {
  const layout = layoutOf(dir);
  prepareStateDir(layout);
  const bus = new Bus();
  const workerEvents = new WorkerEvents(layout.workers);
  const store = new EmbeddedStore({
    layout,
    bus,
    attemptEvents: sealedEvents(layout, workerEvents),
  });
  await store.start();
  const opened = new OpenStore(dir, {
    layout,
    bus,
    store,
    lifecycle: new Lifecycle(store, layout),
  });
  const runs = localRuns(layout, workerEvents, (...attempt) => store.sealedEvents(...attempt));
  const linesOf = (id: string, attempt = 1) => {
    const lines: string[] = [];
    const reader = runs.of(id).events(attempt, () => false);
    while (reader.read((line) => lines.push(`${line}\n`)));
    reader.close();
    return lines.join("");
  };
  let written = 0;
  /** Runs an attempt, as a worker that writes `count` events and ends. */
  const run = async (id: string, count: number) => {
    const attempt = store.ledger.get(id)!.nextAttempt;
    workerEvents.begin(id, attempt, WORKER.workerId, written);
    await opened.start(id);
    const events = Array.from({ length: count }, (_, n) =>
      encodeRecord({ seq: n + 3, id, at: AT, attempt, type: "progress:changed", percent: n }),
    ).join("");
    appendFileSync(file, events);
    written += events.length;
    await opened.finish(id, "failed");
    return events;
  };
  const file = workerFiles(layout.workers, WORKER.workerId).eventsFile;
  return { opened, store, workerEvents, layout, file, linesOf, run };
}

test("a checkpoint takes them up, short or long, and the file of a dead worker goes", async () => {
  const dir = directory();
  const { opened, store, workerEvents, layout, file, linesOf, run } = await open(dir);
  const [short, long] = [await opened.submit(), await opened.submit()];
  const events = [await run(short, 3), await run(long, 500)];
  expect([linesOf(short), linesOf(long)]).toEqual(events);
  await store.checkpoint();
  expect(existsSync(file)).toBe(true);
  workerEvents.workerEnded(WORKER.workerId);
  expect(existsSync(file)).toBe(false);
  expect([short, long].map((id) => existsSync(attemptDir(layout, id, 1)))).toEqual([false, true]);
  expect([linesOf(short), linesOf(long)]).toEqual(events);
  await opened.close();
  const next = await open(dir);
  expect([next.linesOf(short), next.linesOf(long)]).toEqual(events);
  await next.opened.close();
});

test("a read that fails once at the checkpoint costs no event", async () => {
  const { opened, store, file, linesOf, run } = await open(directory());
  const id = await opened.submit();
  const events = await run(id, 3);
  disk.unreadable = Object.assign(/./, {
    test: (path: string) => {
      const isEvents = path === file;
      if (isEvents) disk.heal();
      return isEvents;
    },
  });
  await store.checkpoint();
  expect(disk.unreadable).toBeNull();
  expect(linesOf(id)).toBe(events);
  await opened.close();
});

test("a retry of what has just moved to the history keeps the events of the earlier attempts", async () => {
  const { opened, store, workerEvents, linesOf, run } = await open(directory());
  const id = await opened.submit();
  const first = await run(id, 2);
  await store.checkpoint();
  expect(workerEvents.of(id)).toEqual([]);
  await opened.lifecycle.retry(id);
  expect(linesOf(id, 1)).toBe(first);
  const second = await run(id, 4);
  await store.checkpoint();
  expect([linesOf(id, 1), linesOf(id, 2)]).toEqual([first, second]);
  await opened.close();
});

test("a retry while long events move keeps them", async () => {
  const { opened, store, workerEvents, linesOf, run } = await open(directory());
  const id = await opened.submit();
  const first = await run(id, 500);
  const checkpoint = store.checkpoint();
  await opened.lifecycle.retry(id);
  await checkpoint;
  workerEvents.workerEnded(WORKER.workerId);
  expect(store.ledger.get(id)?.record.state).toBe("queued");
  expect(linesOf(id, 1)).toBe(first);
  await opened.close();
});

test("a daemon that dies between the move and the end of the checkpoint loses none of them", async () => {
  const dir = directory();
  const { opened, store, workerEvents, layout, linesOf, run } = await open(dir);
  const id = await opened.submit();
  const events = await run(id, 3);
  workerEvents.workerEnded(WORKER.workerId);
  mkdirSync(`${layout.document}.tmp`);
  await expect(store.checkpoint()).rejects.toThrow();
  expect(linesOf(id)).toBe(events);
  rmdirSync(`${layout.document}.tmp`);
  // The store is broken, as after the death of its daemon: nothing more is written.
  const next = await open(dir);
  expect(next.store.ledger.get(id)?.record.state).toBe("failed");
  expect(next.linesOf(id)).toBe(events);
  await next.opened.close();
  const last = await open(dir);
  expect(last.store.ledger.get(id)).toBeUndefined();
  expect(last.linesOf(id)).toBe(events);
  await last.opened.close();
});

test("a damaged state document costs no events of what has finished since the one before", async () => {
  const dir = directory();
  const { opened, store, workerEvents, layout, run } = await open(dir);
  await store.checkpoint();
  const id = await opened.submit();
  const events = await run(id, 3);
  workerEvents.workerEnded(WORKER.workerId);
  await store.checkpoint();
  writeFileSync(
    layout.document,
    readFileSync(layout.document, "utf8").replace('"format"', '"Format"'),
  );
  const next = await open(dir);
  expect(next.linesOf(id)).toBe(events);
  await next.store.checkpoint();
  expect(next.linesOf(id)).toBe(events);
  await next.opened.close();
});
