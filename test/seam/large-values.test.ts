/** Parameters and results up to their limit, with odd characters: whole for whoever reads them. */
import { describe, expect, test } from "vitest";
import { outcome } from "../harness/store.js";
import { describeSeam, fleetSeam, type Opened } from "./implementations.js";

const LARGE = { text: "x".repeat(1_000_000), odd: "\u0000 \ud800 ä", list: [1, null, { a: "b" }] };

async function withLargeValues(opened: Opened): Promise<string> {
  const id = await opened.submit({ params: LARGE, label: "\u0000 odd" });
  await opened.start(id);
  const { attempt, seq } = opened.store.ledger.get(id)!.record;
  const finish = { ...outcome("succeeded"), result: LARGE };
  await opened.lifecycle.conclude(id, attempt, seq, () => ({ finish }));
  return id;
}

async function expectWhole({ store }: Opened, id: string): Promise<void> {
  const { record } = (await store.archive.find(id))!;
  expect(record).toMatchObject({ params: LARGE, result: LARGE, label: "\u0000 odd" });
}

describeSeam("large values", (seam) => {
  test("are in the record, live and sealed, also for the next daemon", async () => {
    const opened = await seam.open();
    const queued = await opened.submit({ params: LARGE });
    const id = await withLargeValues(opened);
    await expectWhole(opened, id);
    await opened.seal();
    const again = await seam.reopen(opened);
    await expectWhole(again, id);
    expect(again.store.ledger.get(queued)?.record).toMatchObject({
      state: "queued",
      params: LARGE,
    });
  });
});

describe("large values of two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test("are whole on each", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const id = await withLargeValues(a);
    await b.caughtUp();
    await expectWhole(b, id);
  });
});
