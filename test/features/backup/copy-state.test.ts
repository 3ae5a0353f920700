/** A copy of a store shows one moment, also when decisions and writes happen during the copy. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyState } from "../../../daemon/features/backup/copy-state.js";
import { attemptOf } from "../../../daemon/run-files/events-reader.js";
import { attemptDir, workerFiles } from "../../../daemon/store/layout.js";
import { encodeRecord, seqOfRecord } from "../../../protocol/record-line.js";
import { OpenStore, WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function write(open: OpenStore, id: string, attempt: number, name: string, text: string): string {
  const dir = attemptDir(open.layout, id, attempt);
  mkdirSync(dir, { recursive: true });
  const file = join(dir, name);
  appendFileSync(file, text);
  return file;
}

/** Appends an event as a worker does. */
function writeEvent(open: OpenStore, id: string, attempt: number, seq: number): void {
  const at = "2026-01-01T00:00:00.000Z";
  const { eventsFile } = workerFiles(open.layout.workers, WORKER.workerId);
  appendFileSync(eventsFile, encodeRecord({ seq, id, at, attempt, type: "progress:changed" }));
}

/** Takes the moment; the result makes the copy of it and returns where it is. */
async function moment(open: OpenStore) {
  const hold = await open.store.hold();
  return async () => {
    const target = directory();
    const { signal } = new AbortController();
    await copyState({ layout: open.layout, target, hold, signal });
    hold.release();
    return target;
  };
}

test("submitted, started, retried and removed after the moment: none of it is in the copy", async () => {
  const open = await OpenStore.open(directory());
  const removed = await open.finished("failed");
  const retried = await open.finished("failed");
  const sealed = await open.finished("failed");
  await open.store.checkpoint();
  const running = await open.submit();
  await open.start(running);
  const queued = await open.submit();
  for (const id of [removed, retried, sealed, running]) writeEvent(open, id, 1, 1);
  for (const id of [removed, retried, sealed]) write(open, id, 1, "log.ndjson", "before\n");
  const log = write(open, running, 1, "log.ndjson", "line 1\n");
  const before = open.seen();
  const copy = await moment(open);

  await open.lifecycle.remove(removed);
  for (const id of [retried, sealed]) {
    await open.lifecycle.retry(id);
    await open.start(id);
    writeEvent(open, id, 2, 5);
    write(open, id, 2, "log.ndjson", "after\n");
  }
  writeEvent(open, running, 1, 2);
  renameSync(log, join(attemptDir(open.layout, running, 1), "log.1.ndjson"));
  write(open, running, 1, "log.ndjson", "line 2\n");
  write(open, running, 1, "cancel", "{}\n");
  await open.start(queued);
  writeEvent(open, queued, 1, 3);
  write(open, queued, 1, "log.ndjson", "after\n");
  await open.finish(running, "succeeded");
  const later = await open.submit();
  writeEvent(open, later, 1, 3);
  write(open, later, 1, "log.ndjson", "after\n");
  const checkpoint = open.store.checkpoint();

  const root = await copy();
  await checkpoint;
  expect(existsSync(attemptDir(open.layout, removed, 1))).toBe(false);
  await open.close();

  const copied = await OpenStore.open(root);
  expect(copied.store.problems).toEqual([]);
  expect(copied.seen()).toEqual(before);
  const files = (id: string, attempt: number) => {
    const dir = attemptDir(copied.layout, id, attempt);
    return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), "utf8")]));
  };
  // What a running attempt wrote until the copy is there, as after a crash.
  expect(files(running, 1)).toMatchObject({
    "log.1.ndjson": "line 1\n",
    "log.ndjson": "line 2\n",
  });
  const events = readFileSync(workerFiles(copied.layout.workers, WORKER.workerId).eventsFile, "utf8");
  const numbers = events
    .split("\n")
    .slice(0, -1)
    .map((line) => [attemptOf(line)?.id, seqOfRecord(line)]);
  expect(numbers).toEqual([...[removed, retried, sealed, running].map((id) => [id, 1]), [running, 2]]);
  for (const id of [removed, retried, sealed]) expect(files(id, 1)).toEqual({ "log.ndjson": "before\n" });
  expect(existsSync(attemptDir(copied.layout, retried, 2))).toBe(false);
  expect(existsSync(attemptDir(copied.layout, sealed, 2))).toBe(false);
  expect(readdirSync(copied.layout.runs).sort()).toEqual([removed, retried, sealed, running, queued].sort());
  expect(readdirSync(join(copied.layout.runs, queued))).toEqual([]);
  await copied.close();
});

test("an attempt that was never accepted and began again under its number is not in the copy", async () => {
  const open = await OpenStore.open(directory());
  const id = await open.submit();
  await open.start(id);
  const again = { reason: "its worker died", next: 1, tries: 0, delay: 0 };
  await open.lifecycle.conclude(id, 1, 2, () => ({ requeue: again }));
  const copy = await moment(open);
  await open.start(id);
  write(open, id, 1, "log.ndjson", "after\n");
  const root = await copy();
  expect(existsSync(join(root, "runs", id, "1"))).toBe(false);
  await open.close();
});

test("no checkpoint and no removal of files while it is held; two holds end one by one", async () => {
  const open = await OpenStore.open(directory());
  const id = await open.finished("succeeded");
  const file = write(open, id, 1, "log.ndjson", "before\n");
  const [first, second] = [await open.store.hold(), await open.store.hold()];
  const segments = readdirSync(open.layout.journal);
  let isDone = false;
  const checkpoint = open.store.checkpoint().then(() => {
    isDone = true;
  });
  await open.lifecycle.remove(id);
  first.release();
  first.release();
  await open.submit();
  expect([isDone, existsSync(file), readdirSync(open.layout.journal)]).toEqual([false, true, segments]);
  second.release();
  await checkpoint;
  expect(existsSync(file)).toBe(false);
  await open.close();
});

test("locks, sockets, workers' files and the daemon's log stay behind; links are not followed", async () => {
  const open = await OpenStore.open(directory());
  const { root, workers } = open.layout;
  const secret = join(directory(), "secret");
  writeFileSync(secret, "not of the state");
  symlinkSync(secret, join(root, "link"));
  for (const name of ["liveopsd.lock", "liveopsd.sock.lock", "liveopsd.json", "liveopsd.log", "half.tmp"])
    writeFileSync(join(root, name), "x");
  writeFileSync(join(workers, "w.lock"), "x");
  writeFileSync(join(root, "kept"), "a file that this version does not know");
  const copied = await (await moment(open))();
  expect(readdirSync(copied).sort()).toEqual([
    "history",
    "journal",
    "kept",
    "payloads",
    "runs",
    "version.json",
    "workers",
  ]);
  expect(readdirSync(join(copied, "history")).filter((name) => name.startsWith("index"))).toEqual([]);
  await open.close();
});
