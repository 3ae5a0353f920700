/**
 * The store of a host: what it keeps in memory, and how it follows the journal whatever a decision
 * does.
 */
// @module-tag postgresql
import { existsSync, mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { EngineAwayError } from "../../../../daemon/features/fleet/engine/errors.js";
import type { Decision } from "../../../../daemon/store/decision.js";
import { attemptDir } from "../../../../daemon/store/layout.js";
import { newId } from "../../../../protocol/id.js";
import { until } from "../../../end-to-end/until.js";
import { submission } from "../../../harness/records.js";
import { type FleetOpened, fleetSeam } from "../../../seam/implementations.js";
import { expectSame } from "../../../seam/shown.js";

const seam = fleetSeam();

/**
 * Submits and cancels so many operations that all that were finished before leave the memory of a
 * host.
 */
async function finishMany(opened: FleetOpened, count = 210): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await opened.lifecycle.submit(
    ids.map((id) => ({ operation: submission({ id }), env: {}, key: null })),
  );
  await Promise.all(ids.map((id) => opened.lifecycle.cancel(id)));
  return ids;
}

const kindsIn = ({ announced }: FleetOpened, id: string) =>
  announced.filter(({ moves }) => moves.some((move) => move.id === id)).map(({ kind }) => kind);

test("a listener that throws is reported; the decision is applied once, and the journal goes on", async () => {
  const a = await seam.open();
  const b = await seam.second();
  b.onDecision = ({ kind }) => {
    if (kind === "started") throw new Error("a bug in a listener");
  };
  const id = await a.submit();
  await a.start(id);
  await a.finish(id, "failed");
  await b.caughtUp();
  expect(kindsIn(b, id)).toEqual(["submitted", "started", "finished"]);
  expect(b.errors.map(({ message }) => message)).toEqual(["a bug in a listener"]);
  expect(b.store.problems).toEqual([
    expect.stringContaining(`decision 2 of the fleet (${id} started)`),
  ]);
  await expectSame(a, b);
});

test("an error before a decision is reported, and the decision is applied", async () => {
  const a = await seam.open();
  a.before = async ({ kind }) => {
    if (kind === "finished") throw new Error("no files");
  };
  const id = await a.finished("succeeded");
  expect(a.store.ledger.get(id)?.record.state).toBe("succeeded");
  expect(a.errors.map(({ message }) => message)).toEqual(["no files"]);
});

test("where the engine does not answer before a decision, the decision is tried again", async () => {
  const a = await seam.open();
  let times = 0;
  a.before = async ({ kind }) => {
    if (kind === "finished" && ++times < 3) throw new EngineAwayError("engine", new Error("away"));
  };
  const id = await a.finished("succeeded");
  expect(times).toBe(3);
  expect(kindsIn(a, id)).toEqual(["submitted", "started", "finished"]);
  expect(a.store.problems).toEqual([]);
});

test("a decision that cannot be applied is reported, and neither stops the journal nor the operation", async () => {
  const a = await seam.open();
  const [id, other] = [await a.submit(), await a.submit()];
  const { version } = a.store.ledger.get(id)!;
  const broken = { kind: "edited", id, event: null } as unknown as Decision;
  await a.engine.append([{ decision: broken, expect: version }], crypto.randomUUID());
  await a.lifecycle.cancel(other);
  expect(a.store.problems).toEqual([expect.stringContaining(`(${id} edited)`)]);
  await a.lifecycle.cancel(id);
  expect(a.store.counts()).toMatchObject({ queued: 0, cancelled: 2 });
  expect(a.store.counts()).toEqual(await a.engine.queries.countsByState());
});

test("counts and watchers are those of the whole fleet, whoever removes or retries what is in nobody's memory", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const [removed, retried] = [await a.finished("failed"), await a.finished("failed")];
  const dir = attemptDir(a.layout, removed, 1);
  mkdirSync(dir, { recursive: true });
  await finishMany(a);
  await b.caughtUp();
  expect(a.store.find(removed)).toBeNull();
  expect(b.forgotten).toContain(removed);
  await b.lifecycle.remove(removed);
  await b.retry(retried);
  await a.caughtUp();
  const counts = await a.engine.queries.countsByState();
  expect(counts).toMatchObject({ queued: 1, failed: 0, cancelled: 210 });
  expect([a.store.counts(), b.store.counts()]).toEqual([counts, counts]);
  for (const host of [a, b]) expect(kindsIn(host, removed).at(-1)).toBe("removed");
  expect(existsSync(dir)).toBe(false);
});

test("memory holds the live operations and the newest finished ones, however many there were", async () => {
  const a = await seam.open();
  const live = await a.submit();
  for (let round = 0; round < 3; round++) await finishMany(a, 120);
  expect(a.store.ledger.entries.size).toBe(201);
  expect([...a.store.recent.values()]).toHaveLength(200);
  expect(a.forgotten).toHaveLength(160);
  const again = await seam.reopen(a);
  await finishMany(again, 50);
  expect(again.store.ledger.entries.size).toBe(201);
  expect(again.forgotten).toHaveLength(50);
  expect(again.store.ledger.get(live)?.record.state).toBe("queued");
});

test("the links of a chain that an operation waits for stay in memory until it waits no longer", async () => {
  const a = await seam.open();
  const first = await a.submit();
  const second = newId();
  const waiter = await a.submit({ after: [first] });
  await a.start(first);
  const chain = { id: first, index: 1, previous: first, next: null };
  await a.finish(first, "succeeded", submission({ id: second, chain }));
  await finishMany(a);
  const failed = await a.finished("failed");
  await finishMany(a);
  const linksIn = ({ store }: FleetOpened) =>
    [first, second].map((id) => store.find(id)?.record.state ?? null);
  expect(linksIn(a)).toEqual(["succeeded", "queued"]);
  const b = await seam.second();
  expect(linksIn(b)).toEqual(["succeeded", "queued"]);
  // What failed long ago is known where an operation begins to wait for it.
  const late = await b.submit({ afterAny: [failed] });
  await a.caughtUp();
  for (const host of [a, b]) expect(host.store.find(failed)?.record.state).toBe("failed");
  await a.lifecycle.cancel(late);
  await a.lifecycle.cancel(waiter);
  await b.caughtUp();
  expect([a.store.find(first), b.store.find(first), b.store.find(failed)]).toEqual([
    null,
    null,
    null,
  ]);
  await a.retry(waiter);
  await b.caughtUp();
  expect([linksIn(a), linksIn(b)]).toEqual([
    ["succeeded", "queued"],
    ["succeeded", "queued"],
  ]);
});

test("a read that a removal overtook does not bring the operation back", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const id = await a.finished("succeeded");
  await finishMany(a);
  const { decisionsOf } = a.engine;
  const read = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  a.engine.decisionsOf = async (...asked) => {
    const rows = await decisionsOf.apply(a.engine, asked);
    read.resolve();
    await removed.promise;
    return rows;
  };
  const reading = a.store.archive.find(id);
  await read.promise;
  await b.lifecycle.remove(id);
  await a.caughtUp();
  removed.resolve();
  expect((await reading)?.record.id).toBe(id);
  expect(a.store.find(id)).toBeNull();
  expect(await a.store.archive.find(id)).toBeNull();
  expect(await a.store.archive.knows(id)).toBe(true);
});

test("who finds an operation that another host has just submitted can change it at once", async () => {
  const a = await seam.open();
  const b = await seam.second();
  for (let round = 0; round < 10; round++) {
    const id = await b.submit();
    await a.store.archive.find(id);
    await a.lifecycle.cancel(id);
  }
  await expectSame(a, b);
});

test("other hosts are told of a decision by a hint, long before they look by themselves", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const rounds = 20;
  const from = performance.now();
  for (let round = 0; round < rounds; round++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    b.onDecision = () => resolve();
    await a.submit();
    await promise;
  }
  // They look every half second, counted from their last look.
  expect((performance.now() - from) / rounds).toBeLessThan(400);
});

test("who waits for a decision when the store is closed is told so", async () => {
  const a = await seam.open();
  const refused = expect(a.store.until(99)).rejects.toMatchObject({ code: "LIVEOPS_STOPPING" });
  await seam.close(a);
  await refused;
  await expect(a.store.until(99)).rejects.toMatchObject({ code: "LIVEOPS_STOPPING" });
});

/** A database of the same content, and its way back under the feet of connected hosts. */
async function copied(): Promise<() => Promise<void>> {
  const { server, database } = seam.fleet;
  const copy = `${database}copy`;
  await server.copydb(database, copy);
  return async () => {
    await server.dropdb(database);
    await server.createdb(database, copy);
  };
}

test("after an engine has lost writes, all hosts hold the same again, and attempts go on", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const [runsOnA, runsOnB, edited, queued] = [
    await a.submit(),
    await a.submit(),
    await a.submit(),
    await a.submit(),
  ] as [string, string, string, string];
  await a.start(runsOnA);
  await b.caughtUp();
  await b.start(runsOnB);
  await Promise.all([a.caughtUp(), b.caughtUp()]);
  const entry = a.store.ledger.get(runsOnA)!;
  const rewind = await copied();

  await b.lifecycle.edit(edited, () => ({ priority: 7, label: "x" }));
  await b.lifecycle.cancel(queued);
  await b.lifecycle.cancel(runsOnA);
  const late = await b.submit({ label: "late" });
  const failed = await b.finished("failed");
  await Promise.all([a.caughtUp(), b.caughtUp()]);
  // Once the engine is back, the reload fails once.
  const { snapshot } = a.engine;
  let failures = 0;
  a.engine.snapshot = (...asked) => {
    if (failures++ === 0) return Promise.reject(new EngineAwayError("engine", new Error("away")));
    return snapshot.apply(a.engine, asked);
  };
  await rewind();

  let isRecorded = false;
  await until("both hosts record again", async () => {
    const both = await Promise.allSettled([a.lifecycle.cancel(late), b.lifecycle.cancel(late)]);
    isRecorded ||= both.some(({ status }) => status === "fulfilled");
    return isRecorded && failures > 1;
  });
  await expectSame(a, b);
  const c = await seam.second("c");
  await expectSame(a, c);
  expect(a.store.counts()).toEqual(await a.engine.queries.countsByState());
  expect(a.store.ledger.get(edited)?.record).toMatchObject({ priority: 7, label: "x" });
  expect(a.store.ledger.get(failed)?.record.state).toBe("failed");
  // The attempt that runs here holds its entry, and is told of the cancel.
  expect(a.store.ledger.get(runsOnA)).toBe(entry);
  expect(entry.run?.stopReason).toBe("cancel");
  await a.finish(runsOnA, "cancelled");
  await b.finish(runsOnB, "succeeded");
  await expectSame(a, b);
});

test("a host that did not know of a cancel learns of it from the host that did", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const id = await a.submit();
  await a.start(id);
  await b.caughtUp();
  const rewind = await copied();
  // a is held up, so that only b has the cancel when the engine loses it.
  const { promise, resolve } = Promise.withResolvers<void>();
  const { decisionsAfter } = a.engine;
  a.engine.decisionsAfter = (...asked) => promise.then(() => decisionsAfter.apply(a.engine, asked));
  await b.lifecycle.cancel(id);
  await rewind();
  resolve();
  await until("a knows of the cancel", () => a.store.ledger.get(id)?.run?.stopReason === "cancel");
  expect(kindsIn(a, id)).toEqual(["submitted", "started", "cancelled"]);
  await until("a records again", () =>
    a.submit().then(
      () => true,
      () => false,
    ),
  );
  await a.finish(id, "cancelled");
  await expectSame(a, b);
});

test("who made a decision that the engine took and lost is told so", async () => {
  const a = await seam.open();
  await a.submit();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { decisionsAfter, exchange } = a.engine;
  a.engine.decisionsAfter = (...asked) => promise.then(() => decisionsAfter.apply(a.engine, asked));
  // Ends a read that has begun.
  const rewind = await copied();
  // The decision is recorded, and not yet read.
  a.engine.exchange = async (sent) => ({ ...(await exchange.call(a.engine, sent)), rows: [] });
  const id = newId();
  const submitting = expect(a.submit({ id })).rejects.toMatchObject({
    code: "LIVEOPS_ENGINE_BEHIND",
  });
  await until("the engine has the decision", async () => (await a.engine.existing([id])).has(id));
  await rewind();
  resolve();
  await submitting;
  expect(await a.store.archive.find(id)).toBeNull();
  await a.submit({ id });
  expect(a.store.counts()).toMatchObject({ queued: 2 });
});

test("an attempt goes on where the journal is read between the last offer and the reload", async () => {
  const a = await seam.open();
  const b = await seam.second();
  const id = await a.submit();
  await b.caughtUp();
  const rewind = await copied();
  await a.start(id);
  const entry = a.store.ledger.get(id)!;
  expect(entry.record.state).toBe("running");
  await Promise.all([a.caughtUp(), b.caughtUp()]);

  const [offered, settled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { decisionsAfter, offer, settleOffers } = a.engine;
  // The journal of `a` is read once all have offered, and `a` asks only then whether they have.
  const read = Promise.withResolvers<void>();
  a.engine.decisionsAfter = async (...asked) => {
    await settled.promise;
    try {
      return await decisionsAfter.apply(a.engine, asked);
    } finally {
      setImmediate(read.resolve);
    }
  };
  a.engine.offer = async (...asked) => {
    const answer = await offer.apply(a.engine, asked);
    offered.resolve();
    return answer;
  };
  a.engine.settleOffers = async () => {
    await read.promise;
    return settleOffers.apply(a.engine);
  };
  await rewind();
  a.store.kick();
  const reloaded = a.findLostWrites();
  await offered.promise;
  await b.findLostWrites();
  settled.resolve();
  await reloaded;
  await expectSame(a, b);
  // The same entry: the attempt that runs here holds it.
  expect(a.store.ledger.get(id)).toBe(entry);
  expect(a.announced.filter(({ kind }) => kind === "restored")).toEqual([]);
});
