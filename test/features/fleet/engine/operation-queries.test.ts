/** Lists, counts and searches, beside the rules of `HistoryQuery`. */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import type { OperationQueries } from "../../../../daemon/features/fleet/engine/operation-queries.js";
import { add, claimOne, finish, row, submission, type TestEngine, token, useFleet } from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a");
});

const DAY = 24 * 3600 * 1000;

test("lists by each part of a query, newest first unless asked otherwise", async () => {
  const nightly = await add(a, {
    op: "backup",
    label: "Nightly ÄÖ",
    historyKey: "db",
    session: "s",
    cwd: "/srv/db",
  });
  const chained = await add(a, { chain: { ...submission("x").chain, id: nightly, previous: nightly } });
  const done = await add(a, { title: "Résumé 100%_" });
  const { n, fence } = await claimOne(a, done);
  await a.append([finish(done, n, { fence, finishedAt: "2026-11-20T00:00:00.000Z" })], token());
  const list = (query: Parameters<OperationQueries["list"]>[0]) => a.queries.list(query, 10);
  expect(await list({})).toEqual([done, chained, nightly]);
  expect(await list({ order: "oldest" })).toEqual([nightly, chained, done]);
  expect(await list({ op: "backup" })).toEqual([nightly]);
  expect(await list({ op: "backup", historyKey: "db" })).toEqual([nightly]);
  expect(await list({ state: ["succeeded", "failed"] })).toEqual([done]);
  expect(await list({ chain: nightly })).toEqual([chained, nightly]);
  expect(await list({ q: "nightly äö" })).toEqual([nightly]);
  expect(await list({ q: "100%_" })).toEqual([done]);
  expect(await list({ q: "0%x" })).toEqual([]);
  expect(await list({ session: "s" })).toEqual([nightly]);
  expect(await list({ here: "/srv" })).toContain(nightly);
  expect(await list({ here: "/srv/d" })).toEqual([]);
  expect(await list({ host: "a" })).toEqual([done]);
  expect(await list({ before: 3 })).toEqual([chained, nightly]);
  expect(await list({ before: 1, order: "oldest" })).toEqual([chained, done]);
  expect(await list({ finishedAfter: n })).toEqual([done]);
  expect(await list({ finishedAfter: n + 1 })).toEqual([]);
  expect(await list({ finishedSince: Date.parse("2026-11-20T00:00:00.000Z") })).toEqual([done]);
  expect(await list({ finishedSince: Date.parse("2026-11-20T00:00:00.001Z") })).toEqual([]);
  expect(await a.queries.list({}, 1)).toEqual([done]);
  expect(await a.queries.idsWithPrefix(done.slice(0, -1), 1)).toHaveLength(1);
  expect(await a.queries.idsWithPrefix("a%", 5)).toEqual([]);
});

test("counts as the lists are long, whatever `before` says", async () => {
  for (const op of ["x", "x", "y"]) await add(a, { op });
  expect(await a.queries.count({})).toBe(3);
  expect(await a.queries.count({ before: 2 })).toBe(3);
  expect(await a.queries.count({ op: "x", before: 1 })).toBe(2);
  expect(await a.queries.count({ state: ["running"] })).toBe(0);
  expect(await a.queries.count({ state: ["queued", "failed"], q: "noop" })).toBe(0);
  expect(await a.queries.count({ state: ["queued"] })).toBe(3);
});

test("expired: all but the newest, and those finished before the cutoff", async () => {
  const now = Date.parse("2026-11-26T00:00:00.000Z");
  const done: string[] = [];
  for (const days of [30, 20, 10, 1]) {
    const id = await add(a);
    const finishedAt = new Date(now - days * DAY).toISOString();
    await a.append([finish(id, (await row(a, id)).version, { state: "failed", finishedAt })], token());
    done.push(id);
  }
  await add(a);
  expect(await a.queries.expired(10, 0, now, 10)).toEqual([]);
  expect((await a.queries.expired(3, 0, now, 10)).sort()).toEqual([done[0]]);
  expect((await a.queries.expired(10, now - 15 * DAY, now, 10)).sort()).toEqual([done[0], done[1]]);
  expect(await a.queries.expired(0, now - 15 * DAY, now, 2)).toHaveLength(2);
});

test("a time before the cutoff that was recorded after a later time does not expire", async () => {
  const now = Date.parse("2026-11-26T00:00:00.000Z");
  for (const days of [1, 300]) {
    const id = await add(a);
    const finishedAt = new Date(now - days * DAY).toISOString();
    await a.append([finish(id, (await row(a, id)).version, { state: "failed", finishedAt })], token());
  }
  expect(await a.queries.expired(10, now - 100 * DAY, now, 10)).toEqual([]);
});
