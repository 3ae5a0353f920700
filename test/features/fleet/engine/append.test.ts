/** Decisions: versions, keys, fences, groups, tokens. */
// @module-tag postgresql
import { beforeEach, describe, expect, test } from "vitest";
import {
  FencedError,
  KeyTakenError,
  LostWritesError,
  OvertakenError,
  SessionOverError,
} from "../../../../daemon/features/fleet/engine/errors.js";
import {
  about,
  add,
  candidate,
  claim,
  claimOne,
  finish,
  history,
  keyOf,
  newId,
  row,
  submission,
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

describe("versions", () => {
  test("a decision that does not fit the state is an error of its group alone", async () => {
    const id = await add(a);
    await expect(a.append([about("paused", id, 1)], token())).rejects.toThrow(
      `queued ${id} cannot be paused`,
    );
    const other = newId();
    const [wrong, right] = await a.appendEach([
      { items: [about("retried", id, 1)], token: token() },
      { items: [submit(other)], token: token() },
    ]);
    expect(wrong!.error!.message).toBe(`queued ${id} cannot be retried`);
    expect(right).toEqual({ n: 2 });
    expect((await history(a)).map((each) => each.id)).toEqual([id, other]);
  });
});

describe("groups", () => {
  test("each group is recorded or refused by itself", async () => {
    const id = await add(a, { key: keyOf("k") });
    const [good, taken, half, last] = [newId(), newId(), newId(), newId()];
    const verdicts = await a.appendEach([
      { items: [submit(good)], token: token() },
      { items: [submit(taken, { key: keyOf("k") })], token: token() },
      { items: [submit(half), about("edited", id, 99)], token: token() },
      { items: [submit(last), about("edited", id, 1)], token: token() },
    ]);
    expect(verdicts.map(({ n }) => n)).toEqual([2, undefined, undefined, 4]);
    expect(verdicts[1]!.error).toMatchObject({
      name: "KeyTakenError",
      id,
      key: "k",
      hash: "hash of k",
    });
    expect(verdicts[2]!.error).toMatchObject({ name: "OvertakenError", id, version: 1 });
    expect((await a.operations([good, taken, half, last])).map((each) => each.id).sort()).toEqual(
      [good, last].sort(),
    );
    expect((await history(a)).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });

  test("a group judges by what earlier groups of the call did", async () => {
    const id = await add(a);
    const edit = () => ({ items: [about("edited", id, 1)], token: token() });
    const [first, second] = await a.appendEach([edit(), edit()]);
    expect(first).toEqual({ n: 2 });
    expect(second!.error).toBeInstanceOf(OvertakenError);
  });

  test("the same token again answers as the first time, whoever asks and however often", async () => {
    const id = newId();
    const once = { items: [submit(id)], token: token() };
    expect(await a.appendEach([once, once])).toEqual([{ n: 1 }, { n: 1 }]);
    expect(await a.appendEach([once])).toEqual([{ n: 1 }]);
    expect(await history(a)).toHaveLength(1);
  });
});

describe("keys", () => {
  test("one key on two connections at once: one id", async () => {
    const submits = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? a : b)).map(
      (engine) => {
        const id = newId();
        return engine.append([submit(id, { key: keyOf("once") })], token()).then(
          () => id,
          (error: KeyTakenError) =>
            error instanceof KeyTakenError ? error.id : Promise.reject(error),
        );
      },
    );
    expect(new Set(await Promise.all(submits)).size).toBe(1);
    expect(await a.queries.countsByState()).toMatchObject({ queued: 1 });
  });

  test("the same key twice in a group is refused", async () => {
    const [first, second] = [newId(), newId()];
    const both = [submit(first, { key: keyOf("k") }), submit(second, { key: keyOf("k") })];
    await expect(a.append(both, token())).rejects.toThrow(KeyTakenError);
  });
});

describe("attempts", () => {
  test("only the fence of the attempt finishes it", async () => {
    const id = await add(a);
    const [claimed] = await claim(a, [id]);
    const { n, fence } = claimed!;
    const wrong: Array<[TestEngine, Parameters<typeof finish>[2]]> = [
      [a, {}],
      [a, { fence: fence + 1 }],
      [b, { fence }],
      [b, { takeover: true }],
    ];
    for (const [engine, options] of wrong)
      await expect(engine.append([finish(id, n, options)], token())).rejects.toThrow(FencedError);
    expect(await a.append([finish(id, n, { fence })], token())).toBe(n + 1);
    expect(await row(a, id)).toMatchObject({ state: "succeeded", host: "a", fence });
  });

  test("requeued: queued again, and the old fence is over", async () => {
    const id = await add(a);
    const { n, fence } = await claimOne(a, id);
    const retryAt = "2026-11-26T12:00:05.000Z";
    await a.append([about("requeued", id, n, { fence, index: { retryAt } })], token());
    expect(await row(a, id)).toMatchObject({ state: "queued", host: "a", fence: null, attempt: 1 });
    expect(fleet.sql(`select retry_at > '2026-11-26 12:00:04Z' from liveops.operation`)).toBe("t");
    await expect(a.append([finish(id, n + 1, { fence })], token())).rejects.toThrow(FencedError);
  });

  test("a peer takes over what a lost host ran; the host is fenced", async () => {
    const [first, second] = [await add(a), await add(a)];
    const claimed = await claim(a, [first, second]);
    expect(await b.abandoned()).toEqual([]);
    expect(await b.declareLost("a", a.session!, 0)).toBe(true);
    expect((await b.abandoned()).map(({ id }) => id)).toEqual([first, second]);
    const n = await b.append(
      [about("requeued", first, claimed[0]!.n, { takeover: true })],
      token(),
    );
    await b.append([finish(second, claimed[1]!.n, { takeover: true, state: "failed" })], token());
    expect(await b.abandoned()).toEqual([]);
    const { fence } = claimed[0]!;
    await expect(a.append([finish(first, n, { fence })], token())).rejects.toThrow(
      SessionOverError,
    );
    await a.join({ name: "a", owner: "a", tags: [], slots: 2, version: "1", lostAfter: 300 });
    await expect(a.append([finish(first, n, { fence })], token())).rejects.toThrow(FencedError);
  });

  const rejoin = () =>
    a.join({ name: "a", owner: "a", tags: [], slots: 2, version: "1", lostAfter: 300 });

  test("a host back from being lost finishes what nobody took over, by its fence", async () => {
    const id = await add(a);
    const { n, fence } = await claimOne(a, id);
    await b.declareLost("a", a.session!, 0);
    await rejoin();
    expect(await a.abandoned()).toEqual([{ id, fence }]);
    await a.append([finish(id, n, { fence })], token());
    expect((await row(a, id)).state).toBe("succeeded");
  });

  test("an operation that no partition ends belongs to its host again", async () => {
    const id = await add(a);
    const candidates = [{ ...candidate(id, 1), partition: "finish" as const }];
    const [claimed] = await a.claim({ candidates, workers: [{}], token: token() });
    await b.declareLost("a", a.session!, 0);
    expect(await b.abandoned()).toMatchObject([{ id }]);
    await rejoin();
    expect(await b.abandoned()).toEqual([]);
    const { n, fence } = claimed!;
    await a.append([finish(id, n, { fence })], token());
    expect((await row(a, id)).state).toBe("succeeded");
  });
});

test("an engine that has fewer decisions than a caller knows refuses the caller", async () => {
  await add(a);
  await add(a);
  fleet.sql("delete from liveops.decision where n = 2; update liveops.head set n = 1");
  await expect(add(a)).rejects.toThrow(LostWritesError);
  await expect(a.decisionsAfter(0)).rejects.toThrow(LostWritesError);
  await expect(a.renew()).rejects.toThrow(LostWritesError);
});

test("an index comes from a submission", () => {
  const given = submission("a1", { label: "Nightly", queue: "gpu", priority: 3, notBefore: null });
  expect(submit("a1", given).index).toMatchObject({
    op: "noop",
    queue: "gpu",
    text: "a1\nnoop\ndo nothing\nnightly",
  });
});
