/** Lists, counts and searches, beside the rules of `HistoryQuery`. */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import { add, finish, row, type TestEngine, token, useFleet } from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a");
});

const DAY = 24 * 3600 * 1000;

test("a time before the cutoff that was recorded after a later time does not expire", async () => {
  const now = Date.parse("2026-11-26T00:00:00.000Z");
  for (const days of [1, 300]) {
    const id = await add(a);
    const finishedAt = new Date(now - days * DAY).toISOString();
    await a.append([finish(id, (await row(a, id)).version, { state: "failed", finishedAt })], token());
  }
  expect(await a.queries.expired(10, now - 100 * DAY, now, 10)).toEqual([]);
});
