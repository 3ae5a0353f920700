/** Claims: order, places, limits over the whole fleet, lost answers. */
// @module-tag postgresql
import { beforeEach, describe, expect, test } from "vitest";
import { SessionOverError } from "../../../../daemon/features/fleet/engine/errors.js";
import {
  about,
  add,
  candidate,
  claim,
  claimOne,
  finish,
  history,
  row,
  type TestEngine,
  token,
  useFleet,
} from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
let b: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a", { tags: ["gpu", "eu"] });
  b = await fleet.host("b");
});

const ids = (claims: Array<{ id: string }>) => claims.map(({ id }) => id);

test("takes the candidates in their order, as many as there are workers", async () => {
  const queued = [await add(a), await add(a), await add(a)];
  const wanted = [queued[2]!, queued[0]!, queued[1]!];
  const claims = await claim(a, wanted, { workers: [{ workerId: "x" }, { workerId: "y" }] });
  expect(claims).toMatchObject([
    { id: queued[2], n: 4, worker: 0, attempt: 1 },
    { id: queued[0], n: 5, worker: 1, attempt: 1 },
  ]);
  expect(claims[1]!.fence).toBeGreaterThan(claims[0]!.fence);
  const { decision } = (await history(b)).at(-1)!;
  const { fence } = claims[1]!;
  expect(decision).toMatchObject({
    kind: "started",
    id: queued[0],
    worker: { workerId: "y" },
    host: "a",
    session: 1,
    fence,
  });
  expect(await row(b, queued[0]!)).toMatchObject({
    state: "running",
    host: "a",
    session: 1,
    fence,
    version: 5,
  });
});

describe("places", () => {
  test("a host needs all tags of the operation", async () => {
    const id = await add(a, { index: { requires: ["eu", "gpu"] } });
    expect(await claim(b, [id])).toEqual([]);
    expect(ids(await claim(a, [id]))).toEqual([id]);
  });

  test("a pinned operation runs on its host alone", async () => {
    const id = await add(a, { index: { pin: "b" } });
    expect(await claim(a, [id])).toEqual([]);
    expect(ids(await claim(b, [id]))).toEqual([id]);
  });

  test("a host that drains claims nothing, until it does not", async () => {
    const id = await add(a);
    expect(await b.drain("a", true)).toBe(true);
    expect((await a.renew())?.draining).toBe(true);
    expect(await claim(a, [id])).toEqual([]);
    await b.drain("a", false);
    expect(ids(await claim(a, [id]))).toEqual([id]);
    expect(await b.drain("nobody", true)).toBe(false);
  });

  test("the engine's clock says whether the time has come", async () => {
    const now = await a.engineNow();
    const early = await add(a, { notBefore: new Date(now + 60_000).toISOString() });
    const due = await add(a, { notBefore: new Date(now - 1000).toISOString() });
    expect(ids(await claim(a, [early, due]))).toEqual([due]);
  });
});

describe("limits", () => {
  test("a queue's limit holds over all hosts, under a race", async () => {
    const queued: string[] = [];
    for (let n = 0; n < 12; n++) queued.push(await add(a, { queue: "gpu" }));
    const rows = await a.operations(queued);
    const candidates = rows.map(({ id, version }) => candidate(id, version));
    const ask = (engine: TestEngine) =>
      engine.claim({ candidates, workers: [{}, {}], queueLimits: { gpu: 3 }, token: token() });
    const claims = (await Promise.all([ask(a), ask(b), ask(a), ask(b)])).flat();
    expect(claims).toHaveLength(3);
    const owner = (await a.running()).length > 0 ? a : b;
    const { id, n, fence } = await firstOf(owner);
    await owner.append([finish(id, n, { fence })], token());
    expect(await ask(b)).toHaveLength(1);
    expect(await ask(a)).toHaveLength(0);
  });

  async function firstOf(engine: TestEngine) {
    const { id, version, fence } = (await engine.running())[0]!;
    return { id, n: version, fence: fence! };
  }
});

describe("lent slots", () => {
  /** Claims one operation of a queue with so many slots, for which others wait. */
  async function claimFor(engine: TestEngine, id: string, waiters: string[], slots = 1) {
    const { version } = await row(engine, id);
    const wanted = { ...candidate(id, version), waiters };
    const queueLimits = { gpu: slots };
    return engine.claim({ candidates: [wanted], workers: [{}], queueLimits, token: token() });
  }
  const gpu = () => add(a, { queue: "gpu" });
  const slotOf = async (id: string) =>
    ((await history(b)).at(-1)!.decision as { slotOf?: string; id: string }).id === id
      ? ((await history(b)).at(-1)!.decision as { slotOf?: string }).slotOf
      : expect.fail("the last decision is about another operation");

  test("an operation takes the slot of what waits for it, and what waits for that one the same slot", async () => {
    const [outer, inner, innermost, other] = [await gpu(), await gpu(), await gpu(), await gpu()];
    await claimFor(a, outer, []);
    expect(await claimFor(a, inner, ["nobody"])).toEqual([]);
    expect(ids(await claimFor(a, inner, [outer]))).toEqual([inner]);
    expect(await slotOf(inner)).toBe(outer);
    // Another one that waits for it does not lend what it does not have.
    expect(await claimFor(a, other, [outer])).toEqual([]);
    expect(ids(await claimFor(b, innermost, [outer, inner]))).toEqual([innermost]);
    expect(await slotOf(innermost)).toBe(outer);
  });

  test("a lent slot counts once, and is a slot until its last user ends", async () => {
    const [outer, inner, other, more] = [await gpu(), await gpu(), await gpu(), await gpu()];
    await claimFor(a, outer, []);
    await claimFor(a, inner, [outer], 2);
    expect(await slotOf(inner)).toBe(outer);
    expect(ids(await claimFor(b, other, [], 2))).toEqual([other]);
    expect(await claimFor(b, more, [], 2)).toEqual([]);
    const { version, fence } = await row(a, outer);
    await a.append([finish(outer, version, { fence: fence! })], token());
    expect(await claimFor(b, more, [], 2)).toEqual([]);
    const last = await row(a, inner);
    await a.append([finish(inner, last.version, { fence: last.fence! })], token());
    expect(ids(await claimFor(b, more, [], 2))).toEqual([more]);
  });

  test("of two that what waits could lend its slot to, one gets it, whoever asks at once", async () => {
    const outer = await gpu();
    await claimFor(a, outer, []);
    const inner = [await gpu(), await gpu(), await gpu()];
    const claims = await Promise.all(inner.map((id, n) => claimFor(n === 0 ? b : a, id, [outer])));
    expect(claims.flat()).toHaveLength(1);
  });

  test("the slot of another queue is not lent, and a queue without a limit needs none", async () => {
    const outer = await add(a, { queue: "cpu" });
    await claim(a, [outer]);
    const [holder, inner] = [await gpu(), await gpu()];
    await claimFor(a, holder, []);
    expect(await claimFor(a, inner, [outer])).toEqual([]);
    const free = await add(a, { queue: "cpu" });
    expect(ids(await claimFor(a, free, [outer]))).toEqual([free]);
    expect(await slotOf(free)).toBeUndefined();
  });

  test("a slot that is free after a retry is a new one", async () => {
    const [outer, inner] = [await gpu(), await gpu()];
    await claimFor(a, outer, []);
    await claimFor(a, inner, [outer]);
    const { version, fence } = await row(a, inner);
    await a.append([about("requeued", inner, version, { fence: fence! })], token());
    const done = await row(a, outer);
    await a.append([finish(outer, done.version, { fence: done.fence! })], token());
    expect(ids(await claimFor(a, inner, []))).toEqual([inner]);
    expect(await slotOf(inner)).toBeUndefined();
  });
});

test("the same token again answers as the first time: a lost answer loses no operation", async () => {
  const [id, second] = [await add(a), await add(a)];
  const request = {
    candidates: [candidate(id, 1), candidate(second, 2)],
    workers: [{}],
    token: token(),
  };
  const first = await a.claim(request);
  expect(await a.claim(request)).toEqual(first);
  expect(ids(await a.running())).toEqual([id]);
});

test("a session that is over claims nothing", async () => {
  const id = await add(b);
  await b.declareLost("a", null, null);
  await expect(claim(a, [id])).rejects.toThrow(SessionOverError);
  expect((await row(b, id)).state).toBe("queued");
});

test("an attempt whose number is used again begins without lines", async () => {
  const id = await add(a);
  const { n, fence } = await claimOne(a, id);
  await a.ship(
    [{ id, attempt: 1, file: "log", first: 1, last: 4, fence, body: Buffer.from("x") }],
    false,
  );
  const requeued = await a.append([about("requeued", id, n, { fence })], token());
  const again = [candidate(id, requeued, 1)];
  expect(await b.claim({ candidates: again, workers: [{}], token: token() })).toMatchObject([
    { attempt: 1 },
  ]);
  expect(await b.shippedTo(id, 1)).toEqual({ events: 0, log: 0 });
});

test("reads its candidates alone, however long the queue and the journal are", async () => {
  const claim = JSON.stringify({
    token: token(),
    candidates: Array.from({ length: 40 }, (_, n) => ({ id: `gone${n}`, expect: 1 })),
    workers: ["{}"],
    queueLimits: {},
  });
  const claims = (count: number) =>
    `select count(n) from generate_series(1, ${count}), liveops.exchange('a', ${a.session}, null, null, '{}', '{}', '{}', '{}', '{}', '{}',
      '{}', '', '[]', '${claim}', 0, 1)`;
  const queue = `insert into liveops.operation (id, version, ord, state, op, queue, requires, partition, text, attempt)
    select 'id' || n, n, n, 'queued', 'noop', 'default', '{}', 'end', '', 0 from generate_series(1, 3000) n`;
  const journal = (from: number, to: number) =>
    `insert into liveops.decision (n, id, kind, body, origin) select n, 'id' || n, 'submitted', '{}', 'a' from generate_series(${from}, ${to}) n`;
  const returned = (relation: string) =>
    `pg_stat_get_xact_tuples_returned('liveops.${relation}'::regclass)`;
  const read = `select ${returned("operation_queued")} + ${returned("decision")}`;
  // The server keeps the plans that it made while the tables were small.
  const said = fleet.sql(
    [journal(1, 1), claims(10), queue, journal(2, 3000), claims(1), read].join(";"),
  );
  expect(Number(said.split("\n").at(-1))).toBeLessThan(100);
});
