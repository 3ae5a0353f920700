/**
 * An engine that lost writes: nothing is accepted until every live host has offered what it knows.
 */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import {
  LostWritesError,
  SessionOverError,
} from "../../../../daemon/features/fleet/engine/errors.js";
import { indexOf } from "../../../../daemon/features/fleet/engine/indexed.js";
import type { OfferedIndex, OfferItem } from "../../../../daemon/features/fleet/engine/rows.js";
import {
  about,
  add,
  claimOne,
  finish,
  keyOf,
  newId,
  submission,
  type TestEngine,
  token,
  useFleet,
} from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
let b: TestEngine;
beforeEach(async () => {
  [a, b] = await fleet.two();
});

/** What a host knows of an operation, as `restored`. */
function known(
  id: string,
  version: number,
  index: Partial<OfferedIndex>,
  key: string | null = null,
): OfferItem {
  const entry = { record: { id, version }, key: key === null ? null : keyOf(key), env: { A: "1" } };
  const decision = { kind: "restored", id, entry } as unknown as OfferItem["decision"];
  const defaults = {
    ...indexOf(submission(id)),
    state: "queued" as const,
    ord: version,
    attempt: 0,
    partition: "end" as const,
    retryAt: null,
    host: null,
    session: null,
    fence: null,
  };
  return { id, version, decision, index: { ...defaults, ...index } };
}

/** A copy of the database as it is now. */
async function copyNow(): Promise<string> {
  const copy = `${fleet.database}copy`;
  await fleet.server.copydb(fleet.database, copy);
  return copy;
}

/** Puts the database back under the feet of connected engines. */
async function rewindTo(copy: string): Promise<void> {
  await fleet.server.dropdb(fleet.database);
  await fleet.server.createdb(fleet.database, copy);
}

test("a restored dump: offers bring back what was lost, above all numbers that a host knows", async () => {
  const [early, running] = [await add(a), await add(a)];
  await b.decisionsAfter(0);
  const copy = await copyNow();
  const { fence } = await claimOne(a, running);
  const late = await add(a, { key: keyOf("late") });
  await a.append([about("removed", early, 1)], token());
  await a.decisionsAfter(0);
  await rewindTo(copy);

  await expect(add(a)).rejects.toThrow(LostWritesError);
  await expect(a.renew()).rejects.toThrow(LostWritesError);
  const shipped = a.ship(
    [{ id: running, attempt: 1, file: "log", first: 1, last: 1, fence, body: Buffer.from("x") }],
    false,
  );
  await expect(shipped).rejects.toThrow(LostWritesError);

  expect(await a.position()).toMatchObject({ n: 2, held: false });
  const removal = { kind: "removed", id: early, key: null, state: "queued" } as const;
  const offers = [
    known(running, 3, { state: "running", host: "a", session: 1, fence, attempt: 1, ord: 2 }),
    known(late, 4, {}, "late"),
    { id: early, version: 5, decision: removal, index: null },
  ];
  expect(await a.offer(offers)).toMatchObject({ settled: false });
  // Now everybody is held, also who knew nothing of the lost writes.
  await expect(add(b)).rejects.toThrow(LostWritesError);
  await expect(add(fleet.engine())).rejects.toThrow(LostWritesError);
  await expect(b.snapshot(10)).rejects.toThrow(LostWritesError);
  expect(await a.renew()).toMatchObject({ held: true });
  await expect(b.renew()).rejects.toThrow(LostWritesError);
  expect(await a.settleOffers()).toMatchObject({ settled: false });
  expect(await b.offer([known(late, 4, {}, "late")])).toMatchObject({ settled: true });
  expect(await a.settleOffers()).toMatchObject({ settled: true });

  const { rows, head, counts } = await a.snapshot(10);
  expect(head).toBe(8);
  expect(
    rows.filter(({ decision }) => decision.kind === "restored").map(({ n, id }) => [n, id]),
  ).toEqual([
    [6, running],
    [7, late],
  ]);
  expect(counts[0]).toMatchObject({ queued: 1, running: 1 });
  expect(await a.operations([early])).toEqual([]);
  await expect(add(b, { key: keyOf("late") })).rejects.toMatchObject({ id: late });
  const n = await a.append([finish(running, 6, { fence })], token());
  expect(n).toBe(9);
  expect((await claimOne(b, late)).fence).toBeGreaterThan(fence);
});

test("numbers that were given again are noticed by their time", async () => {
  await add(a);
  const copy = await copyNow();
  await add(a);
  await a.decisionsAfter(0);
  await rewindTo(copy);
  await add(b);
  await add(b);
  await expect(add(a)).rejects.toThrow(LostWritesError);
  await a.offer([]);
  await b.offer([]);
  expect(await a.settleOffers()).toMatchObject({ settled: true, n: 3 });
  expect(await a.snapshot(10)).toMatchObject({ head: 3 });
  expect(await add(a)).toBeTruthy();
});

test("a host that is lost is not waited for, and finds its session over", async () => {
  await add(a);
  const copy = await copyNow();
  await add(a);
  await rewindTo(copy);
  await a.offer([]);
  expect(await a.settleOffers()).toMatchObject({ settled: false });
  expect(await a.declareLost("b", 1, 0)).toBe(true);
  expect(await a.settleOffers()).toMatchObject({ settled: true, n: 2 });
  await expect(b.offer([])).rejects.toThrow(SessionOverError);
});

test("the newest version of an operation counts, whoever offers it", async () => {
  const id = await add(a);
  const copy = await copyNow();
  await a.append([about("edited", id, 1)], token());
  await b.decisionsAfter(0);
  await a.append([about("edited", id, 2)], token());
  await rewindTo(copy);
  await a.offer([known(id, 3, { ord: 1, queue: "new" })]);
  await b.offer([known(id, 2, { ord: 1, queue: "old" })]);
  expect(fleet.sql("select version, ord, queue from liveops.operation")).toBe("4|1|new");
  await a.settleOffers();
  expect((await a.decisionsOf([id])).get(id)!.at(-1)!.decision).toMatchObject({
    entry: { env: { A: "1" } },
  });
});

test("many offers go in several calls; the round ends with the last", async () => {
  await add(a);
  const copy = await copyNow();
  await add(a);
  await rewindTo(copy);
  await b.declareLost("b", 1, 0);
  const offers = Array.from({ length: 1203 }, (_, index) => known(newId(), 10 + index, {}));
  expect(await a.offer(offers)).toMatchObject({ settled: true, n: 2 + 1203 });
  expect(await a.queries.countsByState()).toMatchObject({ queued: 1204 });
});

test("an engine that lost nothing has nothing to settle", async () => {
  await add(a);
  await a.decisionsAfter(0);
  expect(await a.offer([])).toMatchObject({ settled: true, n: 1, epoch: 1 });
});
