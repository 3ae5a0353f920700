/** What a tail sees: every number once, in order, while several hosts append. */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import {
  about,
  add,
  claim,
  claimOne,
  finish,
  history,
  newId,
  submit,
  type TestEngine,
  token,
  useFleet,
} from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a");
});

test("under concurrent appends a polling tail sees exactly 1 to n, in order", async () => {
  const hosts = await Promise.all(["h1", "h2", "h3"].map((name) => fleet.host(name)));
  const viewer = fleet.engine();
  const seen: number[] = [];
  let isOver = false;
  const tail = (async () => {
    for (;;) {
      const wasOver = isOver;
      const { rows, head } = await viewer.decisionsAfter(seen.at(-1) ?? 0, 37);
      for (const { n } of rows) seen.push(n);
      expect(head).toBeGreaterThanOrEqual(seen.at(-1) ?? 0);
      if (wasOver && rows.length === 0) return;
    }
  })();
  const work = async (engine: TestEngine, worker: number) => {
    for (let round = 0; round < 12; round++) {
      const made = Array.from({ length: 1 + ((round + worker) % 4) }, () => newId());
      await engine.append(
        made.map((id) => submit(id)),
        token(),
      );
      const claims = await claim(engine, made);
      const groups = claims.map(({ id, n, fence }) => ({
        items: [finish(id, n, { fence })],
        token: token(),
      }));
      await engine.appendEach(groups);
    }
  };
  await Promise.all(hosts.flatMap((engine) => [0, 1, 2].map((worker) => work(engine, worker))));
  isOver = true;
  await tail;
  const { head } = await a.decisionsAfter(0, 1);
  expect(head).toBe(3 * 3 * 12 * 2.5 * 3);
  expect(seen).toEqual(Array.from({ length: head }, (_, index) => index + 1));
});

test("a page has at most `limit` rows, and tells the head", async () => {
  for (let n = 0; n < 5; n++) await add(a);
  const { rows, head } = await a.decisionsAfter(1, 2);
  expect({ numbers: rows.map(({ n }) => n), head }).toEqual({ numbers: [2, 3], head: 5 });
  expect(await a.decisionsAfter(5)).toMatchObject({ rows: [], head: 5 });
});

test("a hint comes after the commit: the decision that it names can be read", async () => {
  const b = await fleet.host("b");
  await b.decisionsAfter(0);
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = b.onHint((hint) => "n" in hint && resolve(hint.n));
  const id = await add(a);
  const n = await promise;
  expect((await b.decisionsAfter(n - 1)).rows).toMatchObject([{ n, id }]);
  stop();
});

test("hints name operations with new pieces, and changed settings", async () => {
  const b = await fleet.host("b");
  await b.decisionsAfter(0);
  const hints: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  b.onHint((hint) => {
    hints.push(hint);
    if ("settings" in hint) resolve();
  });
  const id = await add(a);
  const { fence } = await claimOne(a, id);
  await a.ship([{ id, attempt: 1, file: "log", first: 1, last: 1, fence, body: Buffer.from("x") }], false);
  await a.putSetting("queue default", "{}", null);
  await promise;
  expect(hints).toContainEqual({ ids: [id] });
});

test("a snapshot has all decisions about live operations and the newest finished ones", async () => {
  const [old, newer, live] = [await add(a), await add(a), await add(a)];
  await a.append([finish(old, 1, { state: "failed" })], token());
  await a.append([finish(newer, 2, { state: "cancelled" })], token());
  await a.append([about("edited", live, 3)], token());
  const { rows, head, counts } = await a.snapshot(1);
  expect(rows.map(({ n, id }) => [n, id])).toEqual([
    [2, newer],
    [3, live],
    [5, newer],
    [6, live],
  ]);
  expect({ head, counts: counts[0] }).toEqual({
    head: 6,
    counts: { queued: 1, running: 0, succeeded: 0, failed: 1, cancelled: 1 },
  });
  expect((await a.snapshot(0)).rows.map(({ n }) => n)).toEqual([3, 6]);
  const empty = await a.append([about("removed", live, 6)], token());
  expect(await a.snapshot(0)).toMatchObject({ head: empty, rows: [] });
});

test("decisions of operations that were removed are deleted a day later, and a tail goes on", async () => {
  const [gone, stays] = [await add(a), await add(a)];
  await a.append([about("removed", gone, 1)], token());
  await a.putPayload(gone, "params", "{}");
  expect(await a.prune()).toBe(0);
  fleet.sql("update liveops.removed set at = at - interval '25 hours'");
  expect(await a.prune()).toBe(0);
  await history(a);
  await a.renew();
  expect(await a.prune()).toBe(1);
  expect((await history(fleet.engine())).map(({ n, id }) => [n, id])).toEqual([[2, stays]]);
  expect(await a.payload(gone, "params")).toBeNull();
  expect(await add(a)).toBeTruthy();
});
