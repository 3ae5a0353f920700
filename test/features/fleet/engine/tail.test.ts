/** What a tail sees: every number once, in order, while several hosts append. */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import { about, add, claimOne, history, type TestEngine, token, useFleet } from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a");
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
  await a.ship(
    [{ id, attempt: 1, file: "log", first: 1, last: 1, fence, body: Buffer.from("x") }],
    false,
  );
  await a.putSetting("queue default", "{}", null);
  await promise;
  expect(hints).toContainEqual({ ids: [id] });
});

test("decisions of operations that were removed are deleted a day later, and a tail goes on", async () => {
  const [gone, stays] = [await add(a), await add(a)];
  await a.append([about("removed", gone, 1)], token());
  expect(await a.prune()).toBe(0);
  fleet.sql("update liveops.removed set at = at - interval '25 hours'");
  expect(await a.prune()).toBe(0);
  await history(a);
  await a.renew();
  expect(await a.prune()).toBe(1);
  expect((await history(fleet.engine())).map(({ n, id }) => [n, id])).toEqual([[2, stays]]);
  expect(await add(a)).toBeTruthy();
});
