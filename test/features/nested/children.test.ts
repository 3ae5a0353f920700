/**
 * The route by which a running operation begins operations inside of it, and what happens to them
 * with their parent.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EmbeddedStore } from "../../../daemon/store/embedded-store.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Submission } from "../../../protocol/event.js";
import { newId } from "../../../protocol/id.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ChildBody, RetryBody } from "../../../protocol/requests.js";
import { isFinal } from "../../../protocol/state.js";
import { until } from "../../end-to-end/until.js";
import { submission } from "../../harness/records.js";
import { Served } from "../../harness/served.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let dir: string;
let served: Served;
beforeEach(async () => {
  dir = directory();
  served = await Served.start(dir);
});
afterEach(() => served.close());

const record = (id: string): Operation => served.open.store.find(id)!.record;

/** A running operation whose type is resumable. */
async function running(over: Partial<Submission> = {}): Promise<string> {
  const id = await served.submit({ op: "resumes", ...over });
  await served.run(id);
  return id;
}

type Over = Partial<Omit<ChildBody, "parent">> & { parent?: Partial<ChildBody["parent"]> };

async function ask(id: string, { parent, ...over }: Over = {}) {
  const { attempt } = record(id);
  const payload = {
    op: "resumes",
    parent: { attempt, stage: "Process", occurrence: 1, call: 1, ...parent },
    ...over,
  };
  const reply = await served.inject({
    method: "POST",
    url: `/v1/operations/${id}/children`,
    payload: JSON.stringify(payload),
  });
  const body = reply.json() as Operation & { code?: string; detail?: string };
  return { status: reply.statusCode, body, id: body.id };
}

const refused = async (asked: ReturnType<typeof ask>, code: string, status = 409) =>
  expect(await asked).toMatchObject({ status, body: { code } });

async function retry(id: string, body: RetryBody = {}) {
  const reply = await served.inject({
    method: "POST",
    url: `/v1/operations/${id}/retry`,
    payload: JSON.stringify(body),
  });
  return { status: reply.statusCode, body: reply.json() as Record<string, unknown> };
}

const post = (id: string, action: string) =>
  served.inject({ method: "POST", url: `/v1/operations/${id}/${action}` });

/** The attempt ends, and the next one begins. */
async function nextAttempt(id: string): Promise<void> {
  const { attempt, seq } = record(id);
  const again = { reason: "its worker died", next: attempt + 1, tries: 1, delay: 0 };
  await served.open.lifecycle.conclude(id, attempt, seq, () => ({ requeue: again }));
  await served.run(id);
}

/**
 * Something happens while the features of a daemon do not run, as between its death and the next
 * one.
 */
async function meanwhile(happens: (open: OpenStore) => Promise<unknown>): Promise<void> {
  await served.close();
  const open = await OpenStore.open(dir);
  await happens(open);
  await open.close();
  served = await Served.start(dir);
  served.context.edges.begin();
  for (const feature of served.context.features) await feature.start?.();
}

describe("a child", () => {
  test("is made once, however often and by how many requests at once", async () => {
    const parent = await running();
    const replies = await Promise.all(Array.from({ length: 5 }, () => ask(parent)));
    const { id } = replies[0]!;
    expect(replies.map((each) => each.id)).toEqual(Array.from({ length: 5 }, () => id));
    expect(await ask(parent)).toMatchObject({ status: 200, id });
    expect(record(id)).toMatchObject({
      parent: { id: parent, attempt: 1, stage: "Process", occurrence: 1, call: 1 },
      state: "queued",
    });
    // Another place, type or parameters are another child.
    const others = [
      { parent: { call: 2 } },
      { parent: { occurrence: 2 } },
      { parent: { stage: "Save" } },
      { parent: { step: "a" } },
      { params: { x: 1 } },
      { op: "load-process-save" },
    ];
    const made = [];
    for (const over of others) made.push(await ask(parent, over));
    expect(new Set([id, ...made.map((each) => each.id)]).size).toBe(others.length + 1);
    expect(made.map(({ status }) => status)).toEqual(others.map(() => 201));
  });

  test("is found by the next attempt, and not run again where it has succeeded", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await nextAttempt(parent);
    expect(await ask(parent)).toMatchObject({
      status: 200,
      id,
      body: { state: "queued", parent: { attempt: 1 } },
    });
    await served.run(id);
    await served.finish(id, "succeeded");
    await nextAttempt(parent);
    expect(await ask(parent)).toMatchObject({
      status: 200,
      id,
      body: { state: "succeeded", attempt: 1 },
    });
    // Sealed, too.
    await served.open.store.checkpoint();
    expect(await ask(parent)).toMatchObject({ status: 200, id });
  });

  test("runs again where it failed, in the last operation of its chain", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    const next = newId();
    const chain = { id, index: 1, previous: id, next: null };
    await served.finish(id, "succeeded", submission({ op: "resumes", id: next, chain }));
    expect(record(next).parent).toEqual(record(id).parent);
    await served.run(next);
    await served.finish(next, "failed");
    await nextAttempt(parent);
    expect(await ask(parent)).toMatchObject({ status: 200, id, body: { state: "succeeded" } });
    expect(record(next)).toMatchObject({ state: "queued", attempt: 1 });
    await served.run(next);
    expect(record(next)).toMatchObject({ state: "running", attempt: 2 });
  });

  test("that failed in this attempt is as it is: the reply may have been lost", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "failed");
    expect(await ask(parent)).toMatchObject({ status: 200, id, body: { state: "failed" } });
    await nextAttempt(parent);
    expect(await ask(parent)).toMatchObject({ status: 200, id, body: { state: "queued" } });
  });

  test("runs again in the same attempt where that asks for it", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "failed");
    expect(await ask(parent)).toMatchObject({ status: 200, id, body: { state: "failed" } });
    expect(await ask(parent, { again: true })).toMatchObject({
      status: 200,
      id,
      body: { state: "queued" },
    });
  });

  test("is forgotten by a retry from its stage or before, and kept by others", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "succeeded");
    const again = async (body: RetryBody) => {
      await served.finish(parent, "failed");
      expect(await retry(parent, body)).toMatchObject({ status: 200 });
      await served.run(parent);
      return ask(parent);
    };
    expect(await again({})).toMatchObject({ status: 200, id });
    expect(await again({ from: "Save" })).toMatchObject({ status: 200, id });
    const second = await again({ from: "Process" });
    expect(second.status).toBe(201);
    expect(second.id).not.toBe(id);
    expect(await again({})).toMatchObject({ status: 200, id: second.id });
    const third = await again({ from: "Load" });
    expect(third.status).toBe(201);
    expect([id, second.id]).not.toContain(third.id);
  });

  test("that a person has removed is made anew, once", async () => {
    const parent = await running();
    const first = await ask(parent);
    expect(
      (await served.inject({ method: "DELETE", url: `/v1/operations/${first.id}` })).statusCode,
    ).toBe(200);
    const second = await ask(parent);
    expect(second.status).toBe(201);
    expect(second.id).not.toBe(first.id);
    expect(await ask(parent)).toMatchObject({ status: 200, id: second.id });
  });

  test("has the priority, queue, directory, force and variables of its parent, unless they are given", async () => {
    served.context.settings.queues.gpu = { concurrency: 1 };
    const parent = await running({
      label: "night",
      priority: 7,
      queue: "gpu",
      cwd: "/tmp",
      force: true,
    });
    const { id } = await ask(parent, { env: { A: "1" } });
    expect(record(id)).toMatchObject({
      label: null,
      priority: 7,
      queue: "gpu",
      cwd: "/tmp",
      force: true,
    });
    expect(served.open.store.find(id)!.env).toMatchObject({ A: "1" });
    const other = await ask(parent, { queue: "default", cwd: "/", parent: { call: 2 } });
    expect(record(other.id)).toMatchObject({ queue: "default", cwd: "/" });
    await refused(ask(parent, { queue: "gpo", parent: { call: 3 } }), "LIVEOPS_NO_SUCH_QUEUE", 404);
  });

  test("is refused outside of a running attempt, and after a cancel", async () => {
    const parent = await running();
    await refused(ask(parent, { parent: { attempt: 2 } }), "LIVEOPS_WRONG_STATE");
    await post(parent, "cancel");
    await refused(ask(parent), "LIVEOPS_WRONG_STATE");
    await served.finish(parent, "cancelled");
    await refused(ask(parent), "LIVEOPS_WRONG_STATE");
    await refused(ask(await served.submit(), { parent: { attempt: 0 } }), "LIVEOPS_WRONG_STATE");
  });

  test("is refused inside of seventeen operations", async () => {
    let id = await running();
    for (let depth = 1; depth <= 16; depth++) {
      const child = await ask(id);
      expect([depth, child.status]).toEqual([depth, 201]);
      await served.run(child.id);
      id = child.id;
    }
    await refused(ask(id), "LIVEOPS_TOO_DEEP");
  });
});

describe("what happens to the parent reaches the child", () => {
  /** A parent with a child that runs, one that is queued, and a child of the first one. */
  async function family() {
    const parent = await running();
    const runs = (await ask(parent)).id;
    await served.run(runs);
    const inner = (await ask(runs)).id;
    await served.run(inner);
    const queued = (await ask(parent, { parent: { call: 2 } })).id;
    return { parent, runs, inner, queued };
  }

  const isCancelled = ({ state, cancelRequested }: Operation) =>
    state === "cancelled" || cancelRequested;
  const untilCancelled = (...ids: string[]) =>
    until("they are cancelled", () => ids.every((id) => isCancelled(record(id))));

  test("a cancel, down to the last one", async () => {
    const { parent, runs, inner, queued } = await family();
    await post(parent, "cancel");
    await untilCancelled(runs, inner, queued);
    expect(record(queued).state).toBe("cancelled");
    await until("they are stopped", () =>
      [parent, runs, inner].every((id) => served.scheduler.stopped.includes(id)),
    );
  });

  test("a timeout", async () => {
    const { parent, runs, inner, queued } = await family();
    await served.open.lifecycle.cancel(parent, "timeout", 1);
    await untilCancelled(runs, inner, queued);
  });

  test("its end, also one that is not a success", async () => {
    for (const state of ["succeeded", "failed", "cancelled"] as const) {
      const { parent, runs, inner, queued } = await family();
      await served.finish(parent, state);
      await untilCancelled(runs, inner, queued);
    }
  });

  test("a cancel while the daemon was down", async () => {
    const { parent, runs, inner, queued } = await family();
    await meanwhile((open) => open.lifecycle.cancel(parent));
    await untilCancelled(runs, inner, queued);
  });

  test("its end while the daemon was down", async () => {
    const { parent, runs, inner, queued } = await family();
    await meanwhile((open) => open.finish(parent, "failed"));
    await untilCancelled(runs, inner, queued);
  });

  test("a pause and a resume, also while the daemon was down", async () => {
    const { parent, runs, inner, queued } = await family();
    const arePaused = () =>
      [parent, runs, inner].map((id) => (record(id).pause?.since ?? null) !== null);
    await post(parent, "pause");
    await until("they are paused", () => arePaused().every(Boolean));
    // One that starts now is paused, too.
    await served.run(queued);
    await until("the new one is paused", () => (record(queued).pause?.since ?? null) !== null);
    await post(parent, "resume");
    await until("they run", () => !arePaused().some(Boolean));
    await meanwhile((open) => open.lifecycle.pause(parent, true));
    await until("they are paused", () => arePaused().every(Boolean));
    await meanwhile((open) => open.lifecycle.pause(parent, false));
    await until("they run", () => !arePaused().some(Boolean));
  });

  test("its removal, which takes them all", async () => {
    const { parent, runs, inner, queued } = await family();
    for (const id of [inner, runs]) await served.finish(id, "succeeded");
    await served.open.lifecycle.cancel(queued);
    await served.finish(parent, "succeeded");
    await served.inject({ method: "DELETE", url: `/v1/operations/${parent}` });
    await until("all are gone", () =>
      [runs, inner, queued].every((id) => served.open.store.find(id) === null),
    );
  });

  test("its removal, after which the daemon died", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "succeeded");
    await served.finish(parent, "succeeded");
    const other = await running();
    const kept = await ask(other);
    await served.run(kept.id);
    await served.finish(kept.id, "succeeded");
    await served.finish(other, "succeeded");
    await meanwhile(async (open) => {
      await open.lifecycle.remove(parent);
      await open.store.checkpoint();
    });
    await until("it is gone", async () => (await served.open.store.archive.find(id)) === null);
    expect(await served.open.store.archive.find(kept.id)).not.toBeNull();
  });

  test("its removal, which leaves those whose end others wait for", async () => {
    const parent = await running();
    const place = { id: parent, attempt: 1, stage: "Process", occurrence: 1 };
    const children = [];
    for (let call = 1; call <= 100; call++)
      children.push(await served.finished("succeeded", { parent: { ...place, call } }));
    await served.finish(parent, "succeeded");
    const { lifecycle } = served.open;
    const remove = lifecycle.remove.bind(lifecycle);
    vi.spyOn(lifecycle, "remove").mockImplementation(async (id) => {
      if (id !== parent) throw new Refusal("LIVEOPS_WRONG_STATE", "others wait for its end");
      return remove(id);
    });
    const list = vi.spyOn(served.open.store.archive, "list");
    await served.inject({ method: "DELETE", url: `/v1/operations/${parent}` });
    await until(
      "all were looked at",
      async () => (await list.mock.results.at(-1)?.value)?.length === 0,
    );
    expect(list).toHaveBeenCalledTimes(2);
    expect(children.filter((id) => served.open.store.find(id) === null)).toEqual([]);
  });

  test("its cancel as the chain of the child goes on", async () => {
    const { parent, runs } = await family();
    const next = newId();
    await post(parent, "cancel");
    await untilCancelled(runs);
    const chain = { id: runs, index: 1, previous: runs, next: null };
    await served.finish(runs, "succeeded", submission({ op: "resumes", id: next, chain }));
    await untilCancelled(next);
  });

  test("its end as the chain of the child goes on", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    // The parent ends, and the cancel of the child comes too late.
    await meanwhile(async (open) => {
      await open.finish(parent, "failed");
      const next = newId();
      const chain = { id, index: 1, previous: id, next: null };
      await open.finish(id, "succeeded", submission({ op: "resumes", id: next, chain }));
    });
    await until(
      "nothing is left",
      () => [...served.open.store.ledger.inState("queued")].length === 0,
    );
    const last = record(record(id).chain.next!);
    expect([isFinal(last.state), last.state]).toEqual([true, "cancelled"]);
  });
});

describe("a retry inside of a child", () => {
  async function failed() {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "failed");
    await served.finish(parent, "failed");
    return { parent, id };
  }

  test("runs the child from its stage, and the parent where it failed", async () => {
    const { parent, id } = await failed();
    expect(await retry(parent, { from: "Process/Load" })).toMatchObject({ status: 200 });
    expect([record(parent), record(id)]).toMatchObject([{ state: "queued" }, { state: "queued" }]);
    expect(served.open.store.ledger.get(id)!.forgotten).toMatchObject([{ attempt: 1 }]);
    expect(served.open.store.ledger.get(parent)!.forgotten).toBeUndefined();
    await served.run(parent);
    expect(await ask(parent)).toMatchObject({ status: 200, id });
  });

  test("a child that is retried by itself runs on, also where its parent has left memory", async () => {
    const { parent, id } = await failed();
    await (served.open.store as EmbeddedStore).checkpoint();
    expect(served.open.store.ledger.get(parent)).toBeUndefined();
    expect(await retry(id)).toMatchObject({ status: 200 });
    await served.run(id);
    // A cancel of it would be recorded before this.
    await served.open.lifecycle.wait(id, () => []);
    expect(record(id)).toMatchObject({ state: "running", cancelRequested: false });
  });

  test("the removal of its parent cancels it", async () => {
    const { parent, id } = await failed();
    await retry(id);
    await served.run(id);
    await served.inject({ method: "DELETE", url: `/v1/operations/${parent}` });
    await until("it is cancelled", () => record(id).cancelRequested);
  });

  test("refuses a stage that the child does not have, and changes nothing", async () => {
    const { parent, id } = await failed();
    const reply = await retry(parent, { from: "Process/Lode" });
    expect(reply).toMatchObject({ status: 400, body: { code: "LIVEOPS_BAD_REQUEST" } });
    expect(String(reply.body.detail)).toContain("Load");
    expect([record(parent), record(id)]).toMatchObject([{ state: "failed" }, { state: "failed" }]);
  });

  test("takes nothing as done in a child that has succeeded, and changes nothing", async () => {
    const parent = await running();
    const { id } = await ask(parent);
    await served.run(id);
    await served.finish(id, "succeeded");
    await served.finish(parent, "failed");
    const reply = await retry(parent, { done: [{ stage: "Process/Load" }] });
    expect(reply).toMatchObject({ status: 409, body: { code: "LIVEOPS_WRONG_STATE" } });
    expect(record(parent).state).toBe("failed");
  });
});
