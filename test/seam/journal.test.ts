/** The journal of decisions: what a caller of `decide` may rely on, whatever keeps the state. */
import { expect, test } from "vitest";
import type { Judged } from "../../daemon/store/store.js";
import { VersionConflictError } from "../../daemon/store/store.js";
import { newId } from "../../protocol/id.js";
import { submission } from "../harness/records.js";
import { describeSeam, type Opened } from "./implementations.js";
import { liveOf, stateOf } from "./shown.js";

function submitted(id: string): Judged {
  const operation = submission({ id });
  const event = { type: "operation:submitted", seq: 1, at: now(), attempt: 0, operation } as const;
  return { decision: { kind: "submitted", event, env: {}, key: null }, version: null };
}

function labelled({ store }: Opened, id: string, label: string): Judged {
  const { record, version } = store.ledger.get(id)!;
  const { seq, attempt } = record;
  const numbered = { seq: seq + 1, at: now(), attempt };
  const event = { type: "operation:edited" as const, ...numbered, changes: { label } };
  return { decision: { kind: "edited", id, event }, version };
}

const now = () => new Date().toISOString();

describeSeam("journal", (seam) => {
  test("a decision is announced, applied and counted before its decide resolves", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    expect(opened.announced).toEqual([
      { kind: "submitted", n: 1, moves: [{ id, from: null, to: "queued" }] },
    ]);
    expect(opened.store.counts().queued).toBe(1);
    expect(opened.store.find(id)).toMatchObject({ version: 1, queuedAt: 1, finishedBy: 0 });
    await opened.start(id);
    await opened.finish(id, "succeeded");
    expect(opened.announced.map(({ kind, n }) => [kind, n])).toEqual([
      ["submitted", 1],
      ["started", 2],
      ["finished", 3],
    ]);
    expect(opened.store.counts()).toMatchObject({ queued: 0, running: 0, succeeded: 1 });
    expect(opened.store.journalNumber).toBe(3);
  });

  test("decideAll records all decisions or none", async () => {
    const opened = await seam.open();
    const [known, other] = [await opened.submit(), newId()];
    const { version } = opened.store.ledger.get(known)!;
    await opened.lifecycle.cancel(known);
    const outdated = { ...submitted(known), version };
    const before = await stateOf(opened);
    const refused = opened.store.decideAll([submitted(other), outdated]);
    await expect(refused).rejects.toThrow(VersionConflictError);
    expect(await opened.store.archive.find(other)).toBeNull();
    expect(await stateOf(opened)).toEqual(before);
    await opened.store.decideAll([submitted(other), submitted(newId())]);
    expect(opened.store.counts()).toMatchObject({ queued: 2, cancelled: 1 });
  });

  test("numbers have no holes and follow the order of the announcements, also of concurrent decisions", async () => {
    const opened = await seam.open();
    const ids = await Promise.all(Array.from({ length: 30 }, () => opened.submit()));
    await Promise.all(
      ids.map(async (id, index) => {
        if (index % 3 === 0) {
          await opened.lifecycle.cancel(id);
          return;
        }
        await opened.start(id);
        await opened.finish(id, index % 2 === 0 ? "succeeded" : "failed");
        if (index % 2 === 1) await opened.retry(id);
      }),
    );
    const numbers = opened.announced.map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    expect(opened.store.journalNumber).toBe(numbers.length);
  });

  test("a successor has the number of the decision that finished its predecessor", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    await opened.start(id);
    const next = submission({ id: newId(), chain: { id, index: 1, previous: id, next: null } });
    await opened.finish(id, "succeeded", next);
    expect(opened.announced.at(-1)).toEqual({
      kind: "finished",
      n: 3,
      moves: [
        { id, from: "running", to: "succeeded" },
        { id: next.id, from: null, to: "queued" },
      ],
    });
    expect(opened.store.ledger.get(next.id)).toMatchObject({ version: 3, queuedAt: 3 });
    const again = await seam.reopen(opened);
    expect(again.store.ledger.get(next.id)).toMatchObject({ version: 3, queuedAt: 3 });
    await again.lifecycle.cancel(next.id);
    expect((await again.store.archive.find(id))?.record.chain.next).toBe(next.id);
  });

  test("of two decisions judged by the same version exactly one is recorded; the other fails once the ledger has it", async () => {
    const opened = await seam.open();
    for (let round = 0; round < 10; round++) {
      const id = await opened.submit();
      const first = labelled(opened, id, "x");
      const { version } = opened.store.ledger.get(id)!;
      const seen: Array<string | null> = [];
      const tries = ["x", "y", "z"].map((label) =>
        opened.store.decide(labelled(opened, id, label).decision, first.version).then(
          () => label,
          (error: unknown) => {
            expect(error).toBeInstanceOf(VersionConflictError);
            const entry = opened.store.ledger.get(id)!;
            expect(entry.version).toBeGreaterThan(version);
            seen.push(entry.record.label);
            return null;
          },
        ),
      );
      const winners = (await Promise.all(tries)).filter((label) => label !== null);
      expect(winners).toHaveLength(1);
      expect(seen).toEqual([winners[0], winners[0]]);
    }
  });

  test("a decision about an operation that does not exist, or exists already, conflicts", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    await expect(opened.store.decideAll([submitted(id)])).rejects.toThrow(VersionConflictError);
    const edit = labelled(opened, id, "x");
    await opened.lifecycle.remove(id);
    await expect(opened.store.decideAll([edit])).rejects.toThrow(VersionConflictError);
    expect(await opened.all()).toEqual([]);
  });

  test("versions of later decisions of a group about the same operation do not count", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    const edit = labelled(opened, id, "x");
    await opened.store.decideAll([edit, { ...labelled(opened, id, "y"), version: 999 }]);
    expect(opened.store.ledger.get(id)).toMatchObject({ version: 3 });
  });

  test("the next daemon has the same operations, versions, counts and order of the queue", async () => {
    const opened = await seam.open();
    const ids = await Promise.all(Array.from({ length: 12 }, () => opened.submit()));
    for (const [index, id] of ids.entries()) {
      if (index % 4 === 0) continue;
      await opened.start(id);
      if (index % 4 === 1) await opened.lifecycle.pause(id, true);
      if (index % 4 < 2) continue;
      await opened.finish(id, index % 2 === 0 ? "failed" : "succeeded");
      if (index % 4 === 2) await opened.retry(id);
    }
    const cancelled = ids[1]!;
    await opened.lifecycle.cancel(cancelled);
    await opened.lifecycle.edit(ids[0]!, () => ({ priority: 5, label: "new" }));
    await opened.lifecycle.remove(ids[3]!);
    const before = { state: await stateOf(opened), bytes: opened.store.queuedBytes };
    const queue = liveOf(opened).map(({ record }) => record.id);
    const again = await seam.reopen(opened);
    expect({ state: await stateOf(again), bytes: again.store.queuedBytes }).toEqual(before);
    expect(liveOf(again).map(({ record }) => record.id)).toEqual(queue);
    expect(again.store.ledger.get(cancelled)?.run).toMatchObject({ stopReason: "cancel" });
    await again.seal();
    const third = await seam.reopen(again);
    expect(await stateOf(third)).toEqual(before.state);
    await third.submit();
    expect(third.announced.at(-1)?.n).toBe(third.store.journalNumber);
  });
});
