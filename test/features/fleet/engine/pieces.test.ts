/** Pieces of run files: once each, fenced, and read by another host. */
// @module-tag postgresql
import { beforeEach, expect, test } from "vitest";
import { SessionOverError } from "../../../../daemon/features/fleet/engine/errors.js";
import type { Piece } from "../../../../daemon/features/fleet/engine/rows.js";
import { about, add, claimOne, finish, type TestEngine, token, useFleet } from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
let b: TestEngine;
let id: string;
let fence: number;
let version: number;
beforeEach(async () => {
  [a, b] = await fleet.two();
  id = await add(a);
  ({ fence, n: version } = await claimOne(a, id));
});

function piece(first: number, last: number, more: Partial<Piece & { fence: number }> = {}) {
  const body = Buffer.from(`${first}-${last}`);
  return { id, attempt: 1, file: "log" as const, first, last, body, fence, ...more };
}

const NONE = { fenced: [], behind: [] };
const from = (events: number, log: number) => ({ id, attempt: 1, events, log });
const texts = (pieces: Piece[]) => pieces.map(({ file, body }) => `${file} ${body}`);

test("the engine knows how far the files are, and hands the rest out", async () => {
  expect(await a.shippedTo(id, 1)).toEqual({ events: 0, log: 0 });
  await a.ship([piece(1, 5), piece(1, 3, { file: "events" }), piece(6, 9)], false);
  expect(await a.shippedTo(id, 1)).toEqual({ events: 3, log: 9 });
  expect(texts((await b.piecesAfter([from(0, 0)], 1e6)).rows)).toEqual([
    "events 1-3",
    "log 1-5",
    "log 6-9",
  ]);
  expect(texts((await b.piecesAfter([from(3, 5)], 1e6)).rows)).toEqual(["log 6-9"]);
  expect(texts((await b.piecesAfter([from(3, 7)], 1e6)).rows)).toEqual(["log 6-9"]);
  expect((await b.piecesAfter([from(3, 9)], 1e6)).rows).toEqual([]);
  expect((await b.piecesAfter([], 1e6)).rows).toEqual([]);
});

test("a piece that was sent before is there once", async () => {
  await a.ship([piece(1, 4)], false);
  expect(await a.ship([piece(1, 4)], false)).toEqual(NONE);
  expect(await Promise.all([a.ship([piece(5, 8)], false), a.ship([piece(5, 8)], false)])).toEqual([
    NONE,
    NONE,
  ]);
  expect(texts((await b.piecesAfter([from(0, 0)], 1e6)).rows)).toEqual(["log 1-4", "log 5-8"]);
});

test("another cut of lines that are there is refused, with the place to go on", async () => {
  await a.ship([piece(1, 4)], false);
  const behind = [{ id, attempt: 1, file: "log", last: 4 }];
  expect(await a.ship([piece(1, 9)], false)).toEqual({ fenced: [], behind });
  expect(await a.ship([piece(3, 9)], false)).toEqual({ fenced: [], behind });
  expect(await a.ship([piece(2, 3), piece(5, 9)], false)).toEqual(NONE);
  expect(await a.shippedTo(id, 1)).toEqual({ events: 0, log: 9 });
});

test("a piece after a gap is refused; one without lines asks whether all before it is there", async () => {
  await a.ship([piece(1, 4)], false);
  const behind = [{ id, attempt: 1, file: "log", last: 4 }];
  expect(await a.ship([piece(6, 9)], false)).toEqual({ fenced: [], behind });
  expect(await a.ship([piece(5, 4)], true)).toEqual(NONE);
  expect(await a.ship([piece(7, 6)], true)).toEqual({ fenced: [], behind });
  expect(texts((await b.piecesAfter([from(0, 0)], 1e6)).rows)).toEqual(["log 1-4"]);
});

test("nothing is taken of an attempt that is not the host's any more; the others are", async () => {
  const other = await add(a);
  const claimed = await claimOne(a, other);
  await b.declareLost("a", 1, 0);
  // A peer that takes over has read all pieces: none comes after.
  await expect(a.ship([piece(1, 2)], false)).rejects.toThrow(SessionOverError);
  await b.append([about("requeued", id, version, { takeover: true })], token());
  await a.join({ name: "a", owner: "a", tags: [], slots: 2, version: "1.0.0", lostAfter: 300 });
  const mine = piece(1, 2, { id: other, fence: claimed.fence });
  expect(await a.ship([piece(1, 2), piece(3, 4), mine], false)).toEqual({
    fenced: [id, other],
    behind: [],
  });
  expect(await a.shippedTo(id, 1)).toEqual({ events: 0, log: 0 });
  expect(await b.ship([piece(3, 4)], false)).toMatchObject({ fenced: [id] });
});

test("the last piece is taken after the finish too", async () => {
  await a.append([finish(id, version, { fence })], token());
  expect(await a.ship([piece(1, 2)], false)).toEqual(NONE);
});

test("a reader gets as many bytes as it asked for, and one piece at least", async () => {
  const body = Buffer.alloc(1000, 7);
  await a.ship(
    [1, 2, 3, 4, 5].map((n) => piece(n, n, { body })),
    false,
  );
  expect((await b.piecesAfter([from(0, 0)], 1)).rows).toHaveLength(1);
  expect((await b.piecesAfter([from(0, 0)], 2500)).rows).toHaveLength(3);
  expect((await b.piecesAfter([from(0, 4)], 1e6)).rows[0]!.body.equals(body)).toBe(true);
});

test("a host deletes what it has removed from a log, but for the last piece, and nobody else does", async () => {
  await a.ship([piece(1, 3, { file: "events" }), piece(1, 4), piece(5, 8), piece(9, 12)], false);
  await b.cutLog({ id, attempt: 1, fence, to: 8 });
  await a.cutLog({ id, attempt: 1, fence: fence - 1, to: 8 });
  await a.cutLog({ id, attempt: 2, fence, to: 8 });
  const logs = async () => texts((await b.piecesAfter([from(3, 0)], 1e6)).rows);
  expect(await logs()).toEqual(["log 1-4", "log 5-8", "log 9-12"]);
  // A piece that also has lines that are left stays.
  await a.cutLog({ id, attempt: 1, fence, to: 7 });
  expect(await logs()).toEqual(["log 5-8", "log 9-12"]);
  await a.cutLog({ id, attempt: 1, fence, to: 99 });
  expect(await logs()).toEqual(["log 9-12"]);
  expect(await a.shippedTo(id, 1)).toEqual({ events: 3, log: 12 });
  expect(await a.ship([piece(13, 14)], false)).toEqual(NONE);
});
