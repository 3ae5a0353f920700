/** Large parameters and results: kept outside the records, and whole for whoever reads them. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { outcome } from "../harness/store.js";
import { describeSeam, fleetSeam, type Opened } from "./implementations.js";

const LARGE = { text: "x".repeat(40_000), odd: "\u0000 \ud800 ä" };

async function whole({ store }: Opened, id: string): Promise<Operation> {
  const unreadable: string[] = [];
  const entry = (await store.archive.find(id))!;
  const record = store.payloads.complete(entry.record, (message) => unreadable.push(message));
  expect(unreadable).toEqual([]);
  return record;
}

async function withLargeValues(opened: Opened): Promise<string> {
  const id = await opened.submit({ params: LARGE });
  await opened.start(id);
  const { attempt, seq } = opened.store.ledger.get(id)!.record;
  const finish = { ...outcome("succeeded"), result: LARGE };
  await opened.lifecycle.conclude(id, attempt, seq, () => ({ finish }));
  return id;
}

describeSeam("payloads", (seam) => {
  test("small values stay in the record, also odd ones", async () => {
    const opened = await seam.open();
    const params = { odd: "\u0000 \ud800 ä", list: [1, null, { a: "b" }] };
    const id = await opened.submit({ params, label: "\u0000 odd" });
    expect(opened.store.ledger.get(id)?.record).toMatchObject({ params, label: "\u0000 odd" });
    const again = await seam.reopen(opened);
    expect(again.store.ledger.get(id)?.record).toMatchObject({ params, label: "\u0000 odd" });
    expect(again.store.ledger.get(id)?.record.omitted ?? null).toBeNull();
  });

  test("large values leave the record and are whole, also for the next daemon", async () => {
    const opened = await seam.open();
    const id = await withLargeValues(opened);
    const check = async (by: Opened) => {
      const { record } = (await by.store.archive.find(id))!;
      expect(record).toMatchObject({ params: {}, result: null });
      expect(record.omitted).toEqual({ params: expect.any(Number), result: expect.any(Number) });
      expect(await whole(by, id)).toMatchObject({ params: LARGE, result: LARGE });
    };
    await check(opened);
    await opened.seal();
    const again = await seam.reopen(opened);
    await check(again);
    await again.store.payloads.removeOrphans((known) => again.store.archive.knows(known));
    await check(again);
  });

  test("a value that a dead daemon wrote in part is gone before it is written again", async () => {
    const opened = await seam.open();
    const id = await opened.submit({ params: {} });
    const temporary = join(opened.layout.payloads, `${id}.result.json.tmp`);
    writeFileSync(temporary, "torn");
    await seam.reopen(opened);
    expect(existsSync(temporary)).toBe(false);
  });

  test("the values of a removed operation go with it", async () => {
    const opened = await seam.open();
    const id = await withLargeValues(opened);
    expect(readdirSync(opened.layout.payloads)).toHaveLength(2);
    await opened.lifecycle.remove(id);
    expect(readdirSync(opened.layout.payloads)).toEqual([]);
  });

  test("large parameters outlive a retry", async () => {
    const opened = await seam.open();
    const id = await opened.submit({ params: LARGE });
    await opened.start(id);
    await opened.finish(id, "failed");
    await opened.seal();
    await opened.retry(id);
    expect(await whole(await seam.reopen(opened), id)).toMatchObject({ state: "queued", params: LARGE });
  });
});

describe("payloads of two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test("large values of one host are whole on another, and go where any host removes the operation", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const id = await withLargeValues(a);
    await b.caughtUp();
    expect(await whole(b, id)).toMatchObject({ params: LARGE, result: LARGE });
    expect(readdirSync(b.layout.payloads)).toHaveLength(2);
    await a.lifecycle.remove(id);
    await b.caughtUp();
    expect(readdirSync(b.layout.payloads)).toEqual([]);
    expect(existsSync(a.layout.payloads)).toBe(true);
  });
});
