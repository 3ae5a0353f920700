/**
 * An exchange: pieces, decisions and claims go in, and the next decisions of the journal come out.
 */
// @module-tag postgresql
import { beforeEach, describe, expect, test } from "vitest";
import {
  BehindError,
  FencedError,
  RoleError,
} from "../../../../daemon/features/fleet/engine/errors.js";
import type { FencedPiece } from "../../../../daemon/features/fleet/engine/rows.js";
import {
  about,
  add,
  candidate,
  claimOne,
  finish,
  history,
  keyOf,
  newId,
  row,
  submit,
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

const group = (...items: Parameters<TestEngine["append"]>[0]) => ({ items, token: token() });
const claimOf = (...candidates: Array<ReturnType<typeof candidate>>) => ({
  candidates,
  workers: candidates.map(() => ({})),
  token: token(),
});

test("one call ends an operation, submits another, claims a third, and brings the journal", async () => {
  const [first, third] = [await add(a), await add(b)];
  const { n, fence } = await claimOne(a, first);
  const second = newId();
  const { verdicts, claims, rows, head } = await a.exchange({
    groups: [group(finish(first, n, { fence })), group(submit(second))],
    claim: claimOf(candidate(third, 2)),
    after: 1,
  });
  expect(verdicts).toEqual([{ n: 4 }, { n: 5 }]);
  expect(claims).toMatchObject([{ id: third, n: 6, attempt: 1, worker: 0 }]);
  expect(head).toBe(6);
  expect(rows.map((each) => [each.n, each.id, each.decision.kind])).toEqual([
    [2, third, "submitted"],
    [3, first, "started"],
    [4, first, "finished"],
    [5, second, "submitted"],
    [6, third, "started"],
  ]);
  expect(rows).toEqual((await history(b)).slice(1));
});

test("a claim has the room that an end of the same call makes", async () => {
  const [first, second] = [await add(a, { queue: "gpu" }), await add(a, { queue: "gpu" })];
  const { n, fence } = await claimOne(a, first);
  const claim = { ...claimOf(candidate(second, 2)), queueLimits: { gpu: 1 } };
  expect((await a.exchange({ groups: [], claim, after: 0 })).claims).toEqual([]);
  const { claims } = await a.exchange({
    groups: [group(finish(first, n, { fence }))],
    claim: { ...claim, token: token() },
    after: 0,
  });
  expect(claims).toMatchObject([{ id: second }]);
});

test("the same exchange again answers as the first time", async () => {
  const [first, second] = [await add(a), await add(a)];
  const { n, fence } = await claimOne(a, first);
  const exchange = {
    groups: [group(finish(first, n, { fence, pieces: [piece(first, fence, 1, 3)] }))],
    claim: claimOf(candidate(second, 2)),
    after: 0,
  };
  const answer = await a.exchange(exchange);
  expect(await a.exchange(exchange)).toEqual(answer);
  expect(await history(a)).toHaveLength(5);
});

test("callers that share an operation or a key with others take turns, and the rest is recorded at once", async () => {
  const id = await add(a);
  const [one, two, three, four] = [newId(), newId(), newId(), newId()];
  const verdicts = await a.appendEach([
    group(submit(one, { key: keyOf("k") })),
    group(about("edited", id, 1), about("edited", id, 1)),
    group(submit(two)),
    group(submit(three, { key: keyOf("k") })),
    group(submit(four), finish(four, 0, { state: "cancelled" })),
  ]);
  expect(verdicts.map((verdict) => verdict.n ?? verdict.error!.name)).toEqual([
    3,
    5,
    2,
    "KeyTakenError",
    7,
  ]);
  expect((await history(b)).map(({ n, id: each }) => [n, each])).toEqual([
    [1, id],
    [2, two],
    [3, one],
    [4, id],
    [5, id],
    [6, four],
    [7, four],
  ]);
  expect((await row(a, four)).state).toBe("cancelled");
});

test("of many decisions the answer has a part, and the head tells of the rest", async () => {
  for (let n = 0; n < 6; n++)
    await a.append(
      Array.from({ length: 100 }, () => submit(newId())),
      token(),
    );
  const { rows, head } = await a.exchange({
    groups: [group(submit(newId()))],
    claim: null,
    after: 10,
  });
  expect({ first: rows[0]!.n, last: rows.at(-1)!.n, head }).toEqual({
    first: 11,
    last: 510,
    head: 601,
  });
});

function piece(id: string, fence: number, first: number, last: number): FencedPiece {
  return {
    id,
    attempt: 1,
    file: "events",
    first,
    last,
    fence,
    body: Buffer.from(`${first}-${last}`),
  };
}

describe("the last lines of an attempt", () => {
  let id: string;
  let n: number;
  let fence: number;
  beforeEach(async () => {
    id = await add(a);
    ({ n, fence } = await claimOne(a, id));
  });
  const ending = (...pieces: FencedPiece[]) =>
    a.append([finish(id, n, { fence, pieces })], token());

  test("are stored with its end", async () => {
    await a.ship([piece(id, fence, 1, 3)], false);
    expect(await ending(piece(id, fence, 4, 6))).toBe(n + 1);
    const { rows } = await b.piecesAfter([{ id, attempt: 1, events: 0, log: 0 }], 1e6);
    expect(rows.map(({ body }) => `${body}`)).toEqual(["1-3", "4-6"]);
  });

  test("are refused with the end where the engine has lost lines before them", async () => {
    const end = ending(piece(id, fence, 4, 6));
    await expect(end).rejects.toThrow(BehindError);
    await expect(end).rejects.toMatchObject({ id });
    expect(await row(a, id)).toMatchObject({ state: "running", version: n });
    // Without new lines, the end asks whether all are there.
    await expect(ending(piece(id, fence, 4, 3))).rejects.toThrow(BehindError);
    await a.ship([piece(id, fence, 1, 3)], false);
    expect(await ending(piece(id, fence, 4, 6))).toBe(n + 1);
  });

  test("of an attempt that a host lost with its session are refused, and so is the end", async () => {
    await b.declareLost("a", a.session!, 0);
    await a.join({ name: "a", owner: "a", tags: [], slots: 2, version: "1", lostAfter: 300 });
    await expect(ending(piece(id, fence, 1, 3))).rejects.toThrow(FencedError);
    expect(await row(a, id)).toMatchObject({ state: "running" });
    expect(await b.shippedTo(id, 1)).toEqual({ events: 0, log: 0 });
  });

  test("stay where the decision is overtaken, and count once", async () => {
    await b.append([about("cancelled", id, n)], token());
    await expect(ending(piece(id, fence, 1, 3))).rejects.toMatchObject({ version: n + 1 });
    n++;
    expect(await ending(piece(id, fence, 1, 3), piece(id, fence, 4, 6))).toBe(n + 1);
    expect(await b.shippedTo(id, 1)).toEqual({ events: 6, log: 0 });
  });

  test("come from hosts alone", async () => {
    const nobody = fleet.engine();
    const end = finish(id, n, { fence, pieces: [piece(id, fence, 1, 3)] });
    await expect(nobody.append([end], token())).rejects.toThrow(RoleError);
    await expect(nobody.claim(claimOf(candidate(id, 1)))).rejects.toThrow(RoleError);
  });
});
