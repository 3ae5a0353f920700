/**
 * A crash at any step of a checkpoint, a removal or a retry loses nothing and shows nothing twice.
 */
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { segmentName } from "../../../daemon/store/journal.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

/** Copies of the state dir as a crash would leave it, before each change that the action makes. */
async function crashPoints(dir: string, action: () => Promise<unknown>): Promise<string[]> {
  const copies: string[] = [];
  const copy = () => {
    const to = directory();
    cpSync(dir, to, { recursive: true });
    copies.push(to);
  };
  disk.beforeChange = copy;
  try {
    await action();
  } finally {
    disk.beforeChange = () => {};
  }
  copy();
  return copies;
}

async function seenIn(
  dir: string,
): Promise<{ seen: string[]; counts: object; problems: string[] }> {
  const open = await OpenStore.open(dir);
  const { store } = open;
  const seen = open.seen();
  expect(store.count({})).toBe(seen.length);
  expect(Object.values(store.counts()).reduce((a, b) => a + b)).toBe(seen.length);
  const problems = [...store.problems];
  await open.close();
  return { seen, counts: store.counts(), problems };
}

/**
 * Some of everything: queued, running, finished in memory, sealed, sealed and retried, sealed and
 * removed.
 */
async function peopled(): Promise<OpenStore> {
  const open = await OpenStore.open(directory());
  const [retried, removed] = [await open.finished("failed"), await open.finished("succeeded")];
  await open.finished("cancelled");
  await open.store.checkpoint();
  await open.lifecycle.retry(retried);
  await open.lifecycle.remove(removed);
  await open.submit();
  await open.start(await open.submit());
  for (const state of ["succeeded", "failed", "cancelled"] as const) await open.finished(state);
  return open;
}

test("of a checkpoint", async () => {
  const open = await peopled();
  const expected = open.seen();
  const copies = await crashPoints(open.dir, () => open.store.checkpoint());
  expect(open.seen()).toEqual(expected);
  await open.close();
  expect(copies.length).toBeGreaterThan(8);
  for (const copy of copies)
    expect(await seenIn(copy)).toMatchObject({ seen: expected, problems: [] });
});

test("of the stop", async () => {
  const open = await peopled();
  const expected = open.seen();
  for (const copy of await crashPoints(open.dir, () => open.close()))
    expect(await seenIn(copy)).toMatchObject({ seen: expected, problems: [] });
});

test("of a sync: the next start makes durable what was written", async () => {
  const open = await OpenStore.open(directory());
  await open.submit();
  const copy = directory();
  cpSync(open.dir, copy, { recursive: true });
  await open.close();
  disk.synced = [];
  const next = await OpenStore.open(copy);
  const { journal } = next.layout;
  expect(disk.synced).toEqual([join(journal, segmentName(1)), journal]);
  await next.close();
});

test("of a removal: it is there or it is not", async () => {
  const open = await peopled();
  await open.store.checkpoint();
  const before = open.seen();
  const id = before.find((line) => line.includes("succeeded"))!.slice(0, 12);
  const after = before.filter((line) => !line.startsWith(id));
  const copies = await crashPoints(open.dir, () => open.lifecycle.remove(id));
  expect(open.seen()).toEqual(after);
  await open.close();
  for (const copy of copies) {
    const { seen } = await seenIn(copy);
    expect([before, after]).toContainEqual(seen);
  }
  expect((await seenIn(copies.at(-1)!)).seen).toEqual(after);
});

test("during the start itself", async () => {
  const open = await peopled();
  const expected = open.seen();
  const dir = directory();
  cpSync(open.dir, dir, { recursive: true });
  await open.close();
  let again: OpenStore | undefined;
  const copies = await crashPoints(dir, async () => {
    again = await OpenStore.open(dir);
  });
  await again?.close();
  for (const copy of copies)
    expect(await seenIn(copy)).toMatchObject({ seen: expected, problems: [] });
});

test("with the index lost at any of them", async () => {
  const open = await peopled();
  const expected = open.seen();
  for (const copy of await crashPoints(open.dir, () => open.close())) {
    for (const name of readdirSync(join(copy, "history")))
      if (name.startsWith("index")) rmSync(join(copy, "history", name));
    expect(await seenIn(copy)).toMatchObject({ seen: expected, problems: [] });
  }
});

test("a checkpoint that finds no room changes nothing, and the next one does it all", async () => {
  const open = await peopled();
  const expected = open.seen();
  // At every place where it may run out of room.
  for (let room = 0; room < 100_000; room += 97) {
    disk.room = room;
    const worked = await open.store.checkpoint().then(
      () => true,
      () => false,
    );
    disk.heal();
    expect(open.seen()).toEqual(expected);
    expect(open.store.count({})).toBe(expected.length);
    if (worked) break;
  }
  // The journal since the checkpoint before stays with it, however many writes failed in between.
  const copy = directory();
  cpSync(open.dir, copy, { recursive: true });
  rmSync(layoutOf(copy).document);
  expect(await seenIn(copy)).toMatchObject({ seen: expected });
  await open.close();
  expect(await seenIn(open.dir)).toMatchObject({ seen: expected, problems: [] });
});

test("a removal on a full disk is refused, or done and lasting", async () => {
  const open = await peopled();
  await open.store.checkpoint();
  for (let room = 0; room < 400; room += 10) {
    const before = open.seen();
    const id = before.find((line) => / (succeeded|failed|cancelled) /.test(line))!.slice(0, 12);
    disk.room = room;
    const removed = await open.lifecycle.remove(id).then(
      () => true,
      () => false,
    );
    disk.heal();
    const after = removed ? before.filter((line) => !line.startsWith(id)) : before;
    expect(open.seen()).toEqual(after);
    const copy = directory();
    cpSync(open.dir, copy, { recursive: true });
    expect((await seenIn(copy)).seen).toEqual(after);
    if (removed) break;
  }
  await open.close();
});

test("what is sealed is not shown twice while the state document is being written", async () => {
  const open = await peopled();
  const expected = open.seen();
  const looks: string[][] = [];
  disk.beforeChange = () => looks.push(open.seen());
  await open.store.checkpoint();
  disk.heal();
  expect(looks.length).toBeGreaterThan(5);
  for (const seen of looks) expect(seen).toEqual(expected);
  await open.close();
});
