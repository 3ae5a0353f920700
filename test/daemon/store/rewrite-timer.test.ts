/** `state.json` of a running daemon: there from the first start, valid, and as old as a second. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { Counts } from "../../../protocol/watch.js";
import { eventually, recordThat, startDaemon, untilFinished } from "../../faults/start.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

const COUNTS = { queued: 0, running: 0, toAnswer: 0, succeeded: 0, failed: 0, cancelled: 0 };

interface Document {
  format: number;
  journal: number;
  counts: Counts;
  operations: Record<string, Operation>;
  queue: Record<string, object>;
  finished: Record<string, Operation>;
  tombstones: object;
}

function read(dir: string): Document {
  return JSON.parse(readFileSync(join(dir, "state.json"), "utf8")) as Document;
}

test("a running daemon keeps it fresh: live and finished operations, as the routes show them", async () => {
  await using daemon = await startDaemon(["gate", "floods"]);
  const { stateDir } = daemon.world;
  const file = join(stateDir, "state.json");
  await eventually("it is there", () => existsSync(file));
  const first = read(stateDir);
  expect(first).toMatchObject({ format: 1, counts: COUNTS, operations: {}, finished: {} });
  const gate = join(daemon.world.dir, "gate");
  const running = await daemon.submit("gate", { params: { gate }, label: "at the gate" });
  const finished = await daemon.submit("floods", { params: { lines: 3 } });
  await untilFinished(daemon, finished.id);
  await recordThat(daemon, running.id, (record) => record.stageStates.Wait === "active");
  const { env, ...shown } = await daemon.client.show(running.id);
  expect(env).toEqual([]);
  await eventually("it shows both", () => {
    const { operations, finished: ended } = read(stateDir);
    return ended[finished.id]?.state === "succeeded" && operations[running.id]?.currentStage === 0;
  });
  const document = read(stateDir);
  expect(Object.keys(document.operations)).toEqual([running.id]);
  expect(Object.keys(document.queue)).toEqual([running.id]);
  expect(Object.keys(document.finished)).toEqual([finished.id]);
  // The figures are measured again meanwhile.
  const { resources, usage } = shown;
  expect({ ...document.operations[running.id], resources, usage }).toMatchObject(shown);
  expect(document.counts).toEqual({ ...COUNTS, running: 1, succeeded: 1 });
  expect(document.journal).toBeGreaterThan(first.journal);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await daemon.stop();
  expect(read(stateDir).operations[running.id]!.state).toBe("running");
  await daemon.startAgain();
});

/** A store that writes its document after each change. */
async function rewriting(): Promise<OpenStore> {
  const open = await OpenStore.open(directory());
  open.store.begin();
  await eventually("it is there", () => existsSync(open.layout.document));
  return open;
}

test("changes during a write are written after it, and every write leaves a whole document", async () => {
  const open = await rewriting();
  let isOver = false;
  const looks = (async () => {
    const seen = new Set<number>();
    while (!isOver) {
      seen.add(Object.keys(read(open.dir).operations).length);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return seen.size;
  })();
  for (let n = 0; n < 5; n++) {
    await Promise.all(Array.from({ length: 20 }, () => open.submit()));
    await open.store.checkpoint();
  }
  const [last] = [await open.submit()];
  await eventually("the last is there", () => last in read(open.dir).operations);
  isOver = true;
  expect(await looks).toBeGreaterThan(2);
  expect(read(open.dir)).toMatchObject({ journal: 101, counts: { queued: 101 } });
  // An operation a line: what a person greps for.
  expect(readFileSync(open.layout.document, "utf8").split("\n")).toHaveLength(2 * 101 + 6);
  expect(open.store.problems).toEqual([]);
  await open.close();
});

test("a disk whose sync takes long does not make the document older than a second and that sync", {
  timeout: 60_000,
}, async () => {
  const syncMs = 200;
  disk.beforeSync = () => new Promise((resolve) => setTimeout(resolve, syncMs));
  const open = await rewriting();
  for (let n = 0; n < 3; n++) {
    const began = performance.now();
    const id = await open.submit();
    await eventually("the change is in the file", () => id in read(open.dir).operations);
    // Counted against the share of the time, such a sync would hold up the next write for 20
    // seconds.
    expect(performance.now() - began).toBeLessThan(10_000);
  }
  await open.close();
});

test("a write that finds no room is made again once there is room", async () => {
  const open = await rewriting();
  const id = await open.submit();
  let tries = 0;
  disk.room = 0;
  disk.beforeChange = () => {
    tries++;
  };
  await eventually("it was tried", () => tries > 0);
  expect(id in read(open.dir).operations).toBe(false);
  disk.heal();
  await eventually("the change is in the file", () => id in read(open.dir).operations);
  expect(open.store.problems).toEqual([]);
  await open.close();
});

test("a write that fails leaves the document before as it was, and what was removed stands in the history once", async () => {
  const open = await OpenStore.open(directory());
  const { document, previousDocument, history } = open.layout;
  await open.submit();
  await open.store.checkpoint();
  const removed = await open.submit();
  await open.store.checkpoint();
  await open.lifecycle.remove(removed);
  const [newest, before] = [statSync(document).ino, statSync(previousDocument).ino];
  disk.room = 0;
  for (let n = 0; n < 3; n++) await expect(open.store.checkpoint()).rejects.toThrow("ENOSPC");
  disk.heal();
  expect([statSync(document).ino, statSync(previousDocument).ino]).toEqual([newest, before]);
  await open.store.checkpoint();
  expect(statSync(previousDocument).ino).toBe(newest);
  const removals = readFileSync(join(history, "000001.ndjson"), "utf8").split('"entry":null');
  expect(removals).toHaveLength(2);
  await open.close();
});

test("a start with nothing new writes no document until something changes", async () => {
  const open = await rewriting();
  await open.submit();
  await open.close();
  const again = await OpenStore.open(open.dir);
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  again.store.begin();
  expect(vi.getTimerCount()).toBe(0);
  await again.submit();
  expect(vi.getTimerCount()).toBe(1);
  vi.useRealTimers();
  await again.close();
});
