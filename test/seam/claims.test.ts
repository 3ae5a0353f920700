/** Claims: an operation starts once, on one host, as it is at that moment. */
import { describe, expect, test } from "vitest";
import { POLICY, WORKER } from "../harness/store.js";
import { describeSeam, fleetSeam, type Opened } from "./implementations.js";
import { expectSame } from "./shown.js";

const startedIn = ({ announced }: Opened, id: string) =>
  announced.filter(({ kind, moves }) => kind === "started" && moves[0]?.id === id).length;

describeSeam("claims", (seam) => {
  test("of many claims of an operation at once, one starts it", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    const tries = await Promise.all(Array.from({ length: 5 }, () => opened.start(id)));
    expect(tries.filter((entry) => entry !== null)).toHaveLength(1);
    expect(startedIn(opened, id)).toBe(1);
    expect(await opened.start(id)).toBeNull();
    expect(opened.store.ledger.get(id)).toMatchObject({
      record: { state: "running", attempt: 1, slot: 1 },
      run: { worker: WORKER, policy: POLICY, stopReason: null, accepted: false },
    });
  });

  test("each start has the next attempt's number, also after a retry and a requeue", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    await opened.start(id);
    await opened.finish(id, "failed");
    await opened.retry(id);
    await opened.start(id);
    const { attempt, seq } = opened.store.ledger.get(id)!.record;
    expect(attempt).toBe(2);
    // No code ran: the number is used again.
    const requeue = { reason: "r", next: 2, tries: 1, delay: 0 };
    await opened.lifecycle.conclude(id, attempt, seq, () => ({ requeue }));
    await opened.start(id);
    expect(opened.store.ledger.get(id)).toMatchObject({ record: { attempt: 2 }, tries: 1 });
    const again = await seam.reopen(opened);
    expect(again.store.ledger.get(id)).toMatchObject({
      record: { attempt: 2 },
      tries: 1,
      nextAttempt: 2,
    });
  });

  test("what is finished, removed or unknown does not start", async () => {
    const opened = await seam.open();
    const [done, removed] = [await opened.finished("failed"), await opened.submit()];
    await opened.lifecycle.remove(removed);
    for (const id of [done, removed, "unknown00000"]) expect(await opened.start(id)).toBeNull();
    expect(opened.store.counts()).toMatchObject({ queued: 0, running: 0 });
  });

  test("a running operation stays the host's when the next daemon opens the state", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    await opened.start(id);
    const { run } = opened.store.ledger.get(id)!;
    const again = await seam.reopen(opened);
    expect(again.store.ledger.get(id)).toMatchObject({
      record: { state: "running" },
      run: { ...run },
    });
    await again.finish(id, "succeeded");
    expect(again.store.counts()).toMatchObject({ running: 0, succeeded: 1 });
  });

  test("the end of an attempt that is not the last one changes nothing", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    await opened.start(id);
    const requeue = { reason: "r", next: 2, tries: 1, delay: 0 };
    await opened.lifecycle.conclude(id, 1, 5, () => ({ requeue }));
    await opened.start(id);
    const n = opened.store.journalNumber;
    await opened.lifecycle.conclude(id, 1, 9, () => ({ requeue }));
    await opened.lifecycle.cancel(id, "timeout", 1);
    expect(opened.store.journalNumber).toBe(n);
  });
});

describeSeam("starts of the daemon alone", (seam) => {
  // The engine of a fleet decides itself: the daemon's own starts never reach it.
  const isAlone = seam.name === "embedded";

  test("an operation that may not start any more does not start", async () => {
    const opened = await seam.open();
    const id = await opened.submit();
    const start = (version: number) =>
      opened.lifecycle.start(id, WORKER, POLICY, 1, (now) => now.version === version);
    const { version } = opened.store.ledger.get(id)!;
    await opened.lifecycle.edit(id, () => ({ priority: 3 }));
    expect(await start(version)).toBeNull();
    const edited = start(opened.store.ledger.get(id)!.version);
    if (isAlone) expect((await edited)?.record.state).toBe("running");
    else await expect(edited).rejects.toThrow();
    expect(opened.store.counts().running).toBe(isAlone ? 1 : 0);
  });
});

describe("claims of two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test("each operation starts on one of them, and both know on which", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const ids = await Promise.all(Array.from({ length: 30 }, () => a.submit()));
    await b.caughtUp();
    const started = await Promise.all(
      ids.map(async (id) => {
        const [byA, byB] = await Promise.all([a.start(id), b.start(id)]);
        expect([byA, byB].filter((entry) => entry !== null)).toHaveLength(1);
        return (byA ?? byB)!.record.host;
      }),
    );
    await expectSame(a, b);
    for (const [index, id] of ids.entries()) {
      expect(startedIn(b, id)).toBe(1);
      expect(b.store.ledger.get(id)?.run?.claim?.host).toBe(started[index]);
    }
  });

  test("a claim of an operation that another host has edited meanwhile takes nothing", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const id = await a.submit();
    await b.caughtUp();
    // b claims by what it knew.
    const known = b.store.ledger.get(id)!.version;
    await a.lifecycle.edit(id, () => ({ queue: "other" }));
    const event = { type: "attempt:started", seq: 2, at: "", attempt: 1 } as const;
    const decision = { kind: "started", id, event, policy: POLICY, uptime: 1 } as const;
    const request = {
      candidates: [{ id, expect: known, attempt: 1, decision }],
      workers: [WORKER],
    };
    expect(await b.store.claim({ ...request, token: crypto.randomUUID() })).toEqual([]);
  });

  test("only the host that runs an attempt ends it: the others are refused, and go on", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const id = await a.submit();
    await a.start(id);
    await b.caughtUp();
    await expect(b.finish(id, "succeeded")).rejects.toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
    // Nothing of the refused end is in the way of the next command.
    await b.lifecycle.cancel(id);
    await a.finish(id, "cancelled");
    await expectSame(a, b);
  });
});
