/** The journal: group commit, a full disk, a failed sync. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Journal, segmentName } from "../../../daemon/store/journal.js";
import { StoreFullError } from "../../../daemon/store/not-recorded.js";
import { readJournal } from "../../../daemon/store/read-journal.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

async function started(dir = directory()) {
  const applied: Array<{ value: string; n: number }> = [];
  const broken: Error[] = [];
  const journal = new Journal<{ text: string }>({
    dir,
    last: readJournal(dir, 0).last,
    onDurable: ({ text }, n) => applied.push({ value: text, n }),
    onBroken: (error) => broken.push(error),
  });
  await journal.start();
  return { dir, journal, applied, broken };
}

const stored = (dir: string) =>
  readJournal(dir, 0).records.map(({ n, value }) => [n, (value as { text: string }).text]);
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "durable",
    (error: Error) => error.constructor.name,
  );

/** Lets syncs wait until `go` is called; `reached` resolves when one waits. */
function gate(): { reached: Promise<void>; go: () => void } {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  disk.beforeSync = async () => {
    reached.resolve();
    await go.promise;
  };
  return { reached: reached.promise, go: go.resolve };
}

test("what is appended in one turn is one batch, resolves in order, and is applied before it resolves", async () => {
  const { dir, journal, applied } = await started();
  const resolved: number[] = [];
  const before = disk.syncs;
  await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const n = await journal.append({ text: `value ${index}` });
      expect(applied[n - 1]).toEqual({ value: `value ${index}`, n });
      resolved.push(n);
    }),
  );
  expect(disk.syncs - before).toBe(1);
  expect(resolved).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  await journal.stop();
  expect(stored(dir)).toHaveLength(500);
});

test("while one batch is being synced the next one gathers", async () => {
  const { journal, applied } = await started();
  const { reached, go } = gate();
  const first = journal.append({ text: "first" });
  await reached;
  const more = Array.from({ length: 100 }, (_, index) => journal.append({ text: `more ${index}` }));
  expect(applied).toEqual([]);
  const before = disk.syncs;
  go();
  await Promise.all([first, ...more]);
  expect(disk.syncs - before).toBe(2);
  expect(applied.map(({ n }) => n)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
  await journal.stop();
});

test.each([
  ["more than the room made ahead, on a full disk,", "lost".repeat(50_000), { room: 10 }],
  ["anything, on a full disk that copies on write,", "lost 1", { room: 10, copiesOnWrite: true }],
  [
    "anything, where nothing can be cut off either,",
    "lost 1",
    { room: 0, copiesOnWrite: true, cutsNothing: true },
  ],
  [
    "more than the room made ahead, where nothing can be cut off,",
    "lost".repeat(50_000),
    { room: 10, cutsNothing: true },
  ],
])(
  "%s is refused and leaves no trace, and what comes later goes on from before it",
  async (_, lost, full) => {
    const { dir, journal, applied } = await started();
    await journal.append({ text: "before" });
    Object.assign(disk, full);
    expect(
      await Promise.all([
        outcome(journal.append({ text: lost })),
        outcome(journal.append({ text: "lost 2" })),
      ]),
    ).toEqual(["StoreFullError", "StoreFullError"]);
    expect(journal.full).toBe(true);
    disk.heal();
    expect(await journal.append({ text: "after" })).toBe(2);
    expect(journal.full).toBe(false);
    await journal.stop();
    expect(applied.map(({ value }) => value)).toEqual(["before", "after"]);
    expect(readJournal(dir, 0)).toMatchObject({
      records: [
        { n: 1, value: { text: "before" } },
        { n: 2, value: { text: "after" } },
      ],
      problems: [],
    });
  },
);

test("room is made ahead: records take its place, and nothing of it is left", async () => {
  const { dir, journal } = await started();
  await journal.append({ text: "first" });
  const file = join(dir, segmentName(1));
  const roomy = readFileSync(file);
  disk.room = 0;
  for (let n = 0; n < 20; n++) await journal.append({ text: `record ${n}` });
  expect(readFileSync(file).length).toBe(roomy.length);
  // As a crash leaves it.
  const crashed = directory();
  const left = readFileSync(file);
  disk.heal();
  writeFileSync(join(crashed, segmentName(1)), left);
  await journal.stop();
  for (const each of [dir, crashed]) {
    const { records, problems } = readJournal(each, 0);
    expect(records).toHaveLength(21);
    expect(problems).toEqual([]);
    expect(readFileSync(join(each, segmentName(1)), "utf8")).toMatch(/\n$/);
  }
});

test("where nothing can be cut off the journal stops all the same, and the next start reads it whole", async () => {
  const { dir, journal } = await started();
  await journal.append({ text: "kept" });
  disk.cutsNothing = true;
  await journal.rotate(() => null);
  await journal.append({ text: "kept too" });
  await journal.stop();
  disk.heal();
  expect(readJournal(dir, 0).problems).toEqual([]);
  expect(stored(dir)).toEqual([
    [1, "kept"],
    [2, "kept too"],
  ]);
});

test("a sync that finds the disk full refuses the batch too", async () => {
  const { dir, journal } = await started();
  disk.syncErrors = ["ENOSPC"];
  await expect(journal.append({ text: "lost" })).rejects.toThrow(StoreFullError);
  expect(await journal.append({ text: "kept" })).toBe(1);
  await journal.stop();
  expect(stored(dir)).toEqual([[1, "kept"]]);
});

test("a failed sync is not tried again: nothing is acknowledged after it", async () => {
  const { journal, applied, broken } = await started();
  await journal.append({ text: "before" });
  disk.syncErrors = ["EIO"];
  const { reached, go } = gate();
  const failing = outcome(journal.append({ text: "failing" }));
  await reached;
  const gathered = outcome(journal.append({ text: "gathered meanwhile" }));
  const rotated = outcome(journal.rotate(() => null));
  go();
  expect(await failing).toBe("Error");
  expect(await gathered).toBe("Error");
  expect(await rotated).toBe("Error");
  expect(await outcome(journal.append({ text: "later" }))).toBe("Error");
  expect(applied.map(({ value }) => value)).toEqual(["before"]);
  expect(broken).toHaveLength(1);
  expect(broken[0]).toMatchObject({ code: "EIO" });
  await journal.stop();
});

test("a rotation sees exactly what is durable, and the next record begins a new segment", async () => {
  const { dir, journal, applied } = await started();
  await Promise.all([journal.append({ text: "a" }), journal.append({ text: "b" })]);
  const { reached, go } = gate();
  const appends = [journal.append({ text: "c" })];
  await reached;
  const rotated = journal.rotate(() => applied.length);
  appends.push(journal.append({ text: "d" }));
  go();
  expect(await rotated).toBe(3);
  await Promise.all(appends);
  await journal.stop();
  const lines = readdirSync(dir)
    .sort()
    .map((name) => readFileSync(join(dir, name), "utf8").split("\n").length - 1);
  expect(lines).toEqual([3, 1]);
  expect(stored(dir).map(([n]) => n)).toEqual([1, 2, 3, 4]);
});

test("it tells how long the batch under way has waited for the disk", async () => {
  const { journal } = await started();
  await journal.append({ text: "before" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(journal.waitingMs).toBe(0);
  const { reached, go } = gate();
  const append = journal.append({ text: "waits" });
  await reached;
  const now = performance.now();
  while (performance.now() < now + 5);
  expect(journal.waitingMs).toBeGreaterThanOrEqual(5);
  go();
  await append;
  await journal.append({ text: "after" });
  await journal.stop();
  expect(journal.waitingMs).toBe(0);
});

test("after a stop nothing is taken", async () => {
  const { journal } = await started();
  await journal.stop();
  await expect(journal.append({ text: "late" })).rejects.toThrow("the journal is closed");
});
