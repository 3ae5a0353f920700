/** Wait edges: how long they last, and which are refused. */
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Submission } from "../../../protocol/event.js";
import { newId } from "../../../protocol/id.js";
import { until } from "../../end-to-end/until.js";
import { submission } from "../../harness/records.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let dir: string;
let served: Served;
beforeEach(async () => {
  dir = directory();
  served = await Served.start(dir);
});
afterEach(async () => {
  vi.useRealTimers();
  await served.close();
});

const edges = () => served.context.edges;
const waitsFor = (id: string) => edges().waitsFor(id);
const within = (id: string, attempt = 1) => `${id} ${attempt}`;

async function running(over: Partial<Submission> = {}): Promise<string> {
  const id = await served.submit(over);
  await served.run(id);
  return id;
}

/** Ends the daemon, and begins the next one. */
async function restart(): Promise<void> {
  edges().stop();
  await served.close();
  served = await Served.start(dir);
  edges().begin();
}

/** The end of the attempt, after which the operation is queued again. */
async function requeue(id: string): Promise<void> {
  const { attempt, seq } = served.open.store.ledger.get(id)!.record;
  const again = { reason: "its worker died", next: attempt + 1, tries: 1, delay: 0 };
  await served.open.lifecycle.conclude(id, attempt, seq, () => ({ requeue: again }));
}

describe("an edge", () => {
  test("lasts as long as the stream by which something inside of the operation waits", async () => {
    const [waiter, awaited] = [await running(), await served.submit()];
    await served.listen();
    const path = `/v1/watch?operation=${awaited}`;
    const headers = { host: "liveops", "liveops-within": within(waiter) };
    const stream = request({ socketPath: served.context.settings.socket, path, headers });
    // The test destroys it.
    stream.on("error", () => {});
    stream.end();
    await until("it waits", () => waitsFor(waiter)?.includes(awaited));
    const shown = await served.inject({ method: "GET", url: `/v1/operations/${waiter}` });
    expect(shown.json()).toMatchObject({ waitsFor: [awaited] });
    stream.destroy();
    await until("it waits no longer", () => waitsFor(waiter) === null);
    await until(
      "that is recorded",
      () => served.open.store.ledger.get(waiter)!.run!.waitsFor?.length === 0,
    );
  });

  test("lasts as long as one of two streams, and no longer than what it waits for", async () => {
    const [waiter, awaited, other] = [
      await running(),
      await served.submit(),
      await served.submit(),
    ];
    const close = await edges().open({ id: waiter, attempt: 1 }, [awaited, other]);
    const closeSecond = await edges().open({ id: waiter, attempt: 1 }, [awaited]);
    close();
    await until("it waits for one", () => waitsFor(waiter)?.length === 1);
    expect(waitsFor(waiter)).toEqual([awaited]);
    await served.open.lifecycle.cancel(awaited);
    expect(waitsFor(waiter)).toBeNull();
    closeSecond();
  });

  test("follows the chain of what it waits for", async () => {
    const [waiter, first] = [await running(), await running()];
    await edges().open({ id: waiter, attempt: 1 }, [first]);
    const next = newId();
    const chain = { id: first, index: 1, previous: first, next: null };
    await served.finish(first, "succeeded", submission({ id: next, chain }));
    expect(waitsFor(waiter)).toEqual([next]);
  });

  test("ends with the attempt, also where its stream stays open", async () => {
    const [waiter, awaited] = [await running({ op: "resumes" }), await served.submit()];
    const close = await edges().open({ id: waiter, attempt: 1 }, [awaited]);
    await requeue(waiter);
    expect(waitsFor(waiter)).toBeNull();
    await served.run(waiter);
    expect(waitsFor(waiter)).toBeNull();
    const closeNew = await edges().open({ id: waiter, attempt: 2 }, [awaited]);
    // The stream of the first attempt ends.
    close();
    await served.open.lifecycle.edit(awaited, () => ({ priority: 1 }));
    expect(waitsFor(waiter)).toEqual([awaited]);
    closeNew();
  });

  test("is none without a running attempt of that number", async () => {
    const [waiter, queued] = [await running(), await served.submit()];
    for (const each of [
      { id: waiter, attempt: 2 },
      { id: queued, attempt: 1 },
      { id: newId(), attempt: 1 },
    ])
      (await edges().open(each, [queued]))();
    await edges().open(null, [queued]);
    expect([waitsFor(waiter), waitsFor(queued), edges().size]).toEqual([null, null, 0]);
  });
});

describe("a restart of the daemon", () => {
  test("keeps the edge until its client is back", async () => {
    const [waiter, awaited] = [await running(), await served.submit()];
    await edges().open({ id: waiter, attempt: 1 }, [awaited]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await restart();
    expect(waitsFor(waiter)).toEqual([awaited]);
    const close = await edges().open({ id: waiter, attempt: 1 }, [awaited]);
    vi.advanceTimersByTime(120_000);
    vi.useRealTimers();
    // Decisions about one operation are made one after another.
    await served.open.lifecycle.wait(waiter, ({ run }) => run!.waitsFor!);
    expect(waitsFor(waiter)).toEqual([awaited]);
    close();
    await until("it waits no longer", () => waitsFor(waiter) === null);
  });

  test("drops the edge where no client comes back", async () => {
    const [waiter, awaited] = [await running(), await served.submit()];
    await edges().open({ id: waiter, attempt: 1 }, [awaited]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await restart();
    vi.advanceTimersByTime(59_000);
    expect(waitsFor(waiter)).toEqual([awaited]);
    vi.advanceTimersByTime(2000);
    vi.useRealTimers();
    await until("it waits no longer", () => waitsFor(waiter) === null);
  });

  test("still refuses a circle with an edge from before", async () => {
    const [a, b] = [await running(), await running()];
    await edges().open({ id: a, attempt: 1 }, [b]);
    await restart();
    await expect(edges().open({ id: b, attempt: 1 }, [a])).rejects.toMatchObject({
      code: "LIVEOPS_WAIT_CIRCLE",
      extra: { circle: [b, a, b] },
    });
  });
});

describe("a circle is refused", () => {
  const refused = (id: string, awaited: string[], circle: string[]) =>
    expect(edges().open({ id, attempt: 1 }, awaited)).rejects.toMatchObject({
      code: "LIVEOPS_WAIT_CIRCLE",
      extra: { circle },
    });

  test("of an operation with itself, over the socket", async () => {
    const id = await running();
    for (const path of [
      `watch?operation=${id}`,
      `watch?waits=${id}`,
      `operations/${id}/events?follow=true`,
    ]) {
      const headers = { "liveops-within": within(id) };
      const reply = await served.inject({ method: "GET", url: `/v1/${path}`, headers });
      expect([reply.statusCode, reply.json()], path).toMatchObject([
        409,
        {
          code: "LIVEOPS_WAIT_CIRCLE",
          circle: [id, id],
          detail: expect.stringContaining("wait for itself"),
        },
      ]);
    }
    expect(waitsFor(id)).toBeNull();
  });

  test("over dependencies and chains together", async () => {
    const outer = await running();
    const dependent = await served.submit({ after: [outer] });
    const other = await running();
    const last = await served.submit({ afterAny: [other, dependent] });
    await refused(outer, [last], [outer, last, dependent, outer]);
    // The chain of what is waited for goes on in an operation that waits for it.
    await edges().open({ id: other, attempt: 1 }, [outer]);
    const next = newId();
    const chain = { id: outer, index: 1, previous: outer, next: null };
    await served.finish(outer, "succeeded", submission({ id: next, chain }));
    expect(waitsFor(other)).toEqual([next]);
    await served.run(next);
    const lastOfAll = await served.submit({ afterAny: [other] });
    await refused(next, [lastOfAll], [next, lastOfAll, other, next]);
  });

  test("where one of several is in it, and then nothing waits", async () => {
    const [a, b, free] = [await running(), await running(), await served.submit()];
    await edges().open({ id: a, attempt: 1 }, [b]);
    await refused(b, [free, a], [b, a, b]);
    expect(waitsFor(b)).toBeNull();
  });

  test("of a retry, after which something in the queue waits again", async () => {
    const waiter = await running();
    const retried = await served.submit({ after: [waiter] });
    await served.open.lifecycle.cancel(retried);
    const last = await served.submit({ afterAny: [retried] });
    const post = () =>
      served.inject({ method: "POST", url: `/v1/operations/${retried}/retry`, payload: {} });
    await edges().open({ id: waiter, attempt: 1 }, [last]);
    const reply = await post();
    expect([reply.statusCode, reply.json()]).toMatchObject([
      409,
      { code: "LIVEOPS_WAIT_CIRCLE", circle: [retried, waiter, last, retried] },
    ]);
    expect(served.open.store.find(retried)?.record.state).toBe("cancelled");
    await served.finish(waiter, "succeeded");
    expect((await post()).statusCode).toBe(200);
  });

  test("also by the operation inside of which the waiter runs", async () => {
    const outer = await running();
    const parent = { id: outer, attempt: 1, stage: "Load", occurrence: 1, call: 1 };
    const inner = await running({ parent });
    await refused(inner, [outer], [inner, outer, inner]);
  });
});
