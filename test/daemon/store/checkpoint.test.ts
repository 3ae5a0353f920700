/** A checkpoint of many operations: written in parts with decisions in between, and read as one. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { readCheckpoint, writeCheckpoint } from "../../../daemon/store/checkpoint.js";
import { AT } from "../../harness/records.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("it is read as it was written, and each of its lines has a checksum", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 500);
  const operations = [...open.store.ledger.entries.values()];
  const content = { journal: 7, nextOrder: 501, operations, tombstones: [] };
  const file = join(open.dir, "written.ndjson");
  const size = await writeCheckpoint(file, content);
  expect(statSync(file).size).toBe(size);
  expect(readCheckpoint(file)).toEqual(content);
  const text = readFileSync(file, "utf8");
  // A submission is stored once.
  expect(text.split("ü".repeat(200))).toHaveLength(501);
  expect(text.split('"op"')).toHaveLength(501);
  const damages: Array<[string, string]> = [
    [text.replace("ü", "u"), "line 2 is damaged"],
    [text.slice(0, text.length / 2), "is damaged"],
    [text.split("\n").slice(0, -2).join("\n"), "is damaged"],
    [`${text.split("\n").slice(0, -2).join("\n")}\n`, "its end is missing"],
    [text.replace(/\n[^\n]*/, ""), "it has 500 of 501 lines"],
    [text.replace(/^[^\n]*\n/, ""), "it does not begin as a checkpoint does"],
    [`${text}more\n`, "line 503 is damaged"],
  ];
  for (const [damaged, message] of damages) {
    writeFileSync(file, damaged);
    expect(() => readCheckpoint(file)).toThrow(message);
  }
  await open.close();
});

test("operations in every state and with every submit field are read as they were", async () => {
  const open = await OpenStore.open(directory());
  const fields = {
    ...{
      label: "nightly",
      queue: "gpu",
      priority: 3,
      notBefore: AT,
      after: ["aaa111bbb222"],
      historyKey: "key",
    },
    ...{ hooks: { onFailure: "true" }, tags: ["big"], hosts: "any" as const, omitted: { params: 20_000 } },
    source: { path: "/a.yaml", text: "stages: []", timeout: null, gracePeriod: 10 },
  };
  await open.submit(fields);
  await open.submit({ params: { text: "edited" } });
  const id = await open.submit({});
  await open.start(id);
  const requeued = await open.submit({});
  await open.start(requeued);
  const failed = await open.submit({});
  await open.start(failed);
  await open.finish(failed, "failed");
  await open.lifecycle.retry(failed);
  const operations = [...open.store.ledger.entries.values()];
  const file = join(open.dir, "written.ndjson");
  await writeCheckpoint(file, { journal: 7, nextOrder: 9, operations, tombstones: [] });
  const json = (entries: readonly unknown[]) => entries.map((entry) => JSON.parse(JSON.stringify(entry)));
  expect(json(readCheckpoint(file)!.operations)).toEqual(json(operations));
  await open.close();
});

async function submitted(open: OpenStore, count: number, text = "ü".repeat(200)): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => open.submit({ params: { text } })));
}

test("of a long queue: it is as it was when it began, and what is submitted, started and cancelled meanwhile lasts", async () => {
  const open = await OpenStore.open(directory());
  const ids = await submitted(open, 2000);
  const checkpoint = open.store.checkpoint();
  const [late] = await submitted(open, 1);
  await open.start(ids[0]!);
  await open.lifecycle.cancel(ids[1999]!);
  await checkpoint;
  const document = readCheckpoint(open.layout.checkpoint)!;
  expect(document.operations.map(({ record }) => record.id)).toEqual(ids);
  expect(new Set(document.operations.map(({ record }) => record.state))).toEqual(new Set(["queued"]));
  expect(document.operations.every(({ events, run }) => events.length === 1 && run === null)).toBe(true);
  const expected = open.seen();
  await open.close();

  const again = await OpenStore.open(open.dir);
  expect(again.store.problems).toEqual([]);
  expect(again.seen()).toEqual(expected);
  expect(again.store.find(late!)!.record.state).toBe("queued");
  expect(again.store.find(ids[0]!)!.record.state).toBe("running");
  expect(again.store.find(ids[1999]!)!.record.state).toBe("cancelled");
  await again.close();
});

test("of many that are finished: one that is retried and one that is removed while they are sealed", async () => {
  const open = await OpenStore.open(directory());
  const ids = await submitted(open, 500);
  for (const id of ids) await open.lifecycle.cancel(id);
  const checkpoint = open.store.checkpoint();
  // The first is in the history by the time the last is in memory still.
  const [first, last] = [ids[0]!, ids[499]!];
  while (open.store.ledger.get(first)) await new Promise((resolve) => setImmediate(resolve));
  expect(open.store.ledger.get(last)).toBeDefined();
  await Promise.all([
    open.lifecycle.retry(first),
    open.lifecycle.remove(ids[1]!),
    open.lifecycle.retry(last),
    open.lifecycle.remove(ids[498]!),
  ]);
  await checkpoint;
  const expected = open.seen();
  expect(expected).toHaveLength(498);
  expect(open.store.counts()).toMatchObject({ queued: 2, cancelled: 496 });
  await open.close();

  const again = await OpenStore.open(open.dir);
  expect(again.store.problems).toEqual([]);
  expect(again.seen()).toEqual(expected);
  expect(again.store.counts()).toMatchObject({ queued: 2, cancelled: 496 });
  await again.close();
});

test("what is finished leaves memory when there are 1,000 of it, what waits alone is not written for that", async () => {
  const open = await OpenStore.open(directory());
  const waiting = await submitted(open, 1500, "ü".repeat(800));
  // Nothing is finished: the journal may grow to 8 MiB.
  expect(existsSync(open.layout.checkpoint)).toBe(false);
  await Promise.all(waiting.slice(0, 1200).map((id) => open.lifecycle.cancel(id)));
  await vi.waitFor(() => expect(open.store.ledger.entries.size).toBeLessThan(500), { timeout: 60_000 });
  await open.store.checkpoint();
  expect(open.store.count({ state: ["cancelled"] })).toBe(1200);
  await open.close();
});
