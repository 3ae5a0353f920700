/**
 * The lifecycle: a move that the table does not allow is refused or ignored, and is not journaled.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { placeIn } from "../../daemon/lifecycle.js";
import { journalSegments } from "../../daemon/store/read-journal.js";
import { newId } from "../../protocol/id.js";
import { type FinalState, isFinal, STATES, type State } from "../../protocol/state.js";
import { submission } from "../harness/records.js";
import { OpenStore, outcome } from "../harness/store.js";
import { useDirectories } from "../harness/temporary.js";

const directory = useDirectories();
let open: OpenStore;
beforeEach(async () => {
  open = await OpenStore.open(directory());
});
afterEach(() => open.close());

async function inState(state: State): Promise<string> {
  if (isFinal(state)) return open.finished(state);
  const id = await open.submit();
  if (state === "running") await open.start(id);
  return id;
}

const stateOf = (id: string) => open.store.find(id)?.record.state;
const decisions = () =>
  journalSegments(open.layout.journal)
    .map((file) => readFileSync(file, "utf8"))
    .join("")
    .split("\n").length - 1;

/** What each move makes of each state; the states not named are refused, or left as they are. */
const MOVES: Record<
  string,
  { by: (id: string) => Promise<unknown>; allowed: Partial<Record<State, State>> }
> = {
  start: { by: (id) => open.start(id), allowed: { queued: "running" } },
  cancel: {
    by: (id) => open.lifecycle.cancel(id),
    allowed: { queued: "cancelled", running: "running" },
  },
  reject: {
    by: (id) => open.lifecycle.reject(id, outcome("failed")),
    allowed: { queued: "failed" },
  },
  retry: {
    by: (id) => open.lifecycle.retry(id),
    allowed: { failed: "queued", cancelled: "queued" },
  },
  requeue: {
    by: (id) =>
      open.lifecycle.conclude(id, 1, 2, () => ({
        requeue: { reason: "r", next: 2, tries: 0, delay: 0 },
      })),
    allowed: { running: "queued" },
  },
  "finish succeeded": {
    by: (id) => open.finish(id, "succeeded"),
    allowed: { running: "succeeded" },
  },
  "finish failed": { by: (id) => open.finish(id, "failed"), allowed: { running: "failed" } },
  "finish cancelled": {
    by: (id) => open.finish(id, "cancelled"),
    allowed: { running: "cancelled" },
  },
};

describe.each(Object.keys(MOVES))("%s", (name) => {
  const move = MOVES[name]!;
  test.each(STATES)("of a %s one", async (state) => {
    const id = await inState(state);
    const before = decisions();
    const refused = await move.by(id).then(
      () => null,
      (error: Error & { code: string }) => error,
    );
    expect(stateOf(id)).toBe(move.allowed[state] ?? state);
    expect(decisions() - before).toBe(move.allowed[state] ? 1 : 0);
    if (refused) expect(refused.code).toBe("LIVEOPS_WRONG_STATE");
    if (move.allowed[state]) expect(refused).toBeNull();
  });
});

describe.each(STATES)("remove of a %s one", (state) => {
  test(state === "running" ? "is refused" : "takes it away", async () => {
    const id = await inState(state);
    const removing = open.lifecycle.remove(id);
    if (state === "running") {
      await expect(removing).rejects.toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
      expect(stateOf(id)).toBe(state);
    } else {
      const last = state === "queued" ? "cancelled" : state;
      expect((await removing).record).toMatchObject({ id, state: last });
      expect(open.store.queuedBytes).toBe(0);
      expect(open.store.find(id)).toBeNull();
      await expect(open.lifecycle.remove(id)).rejects.toMatchObject({
        code: "LIVEOPS_NO_SUCH_OPERATION",
      });
    }
  });
});

test("of a start and a removal at the same time, the first wins and the other says so", async () => {
  const started = await open.submit();
  const [, removal] = await Promise.allSettled([
    open.start(started),
    open.lifecycle.remove(started),
  ]);
  expect(removal).toMatchObject({ status: "rejected", reason: { code: "LIVEOPS_WRONG_STATE" } });
  expect(stateOf(started)).toBe("running");
  const removed = await open.submit();
  const [, start] = await Promise.all([open.lifecycle.remove(removed), open.start(removed)]);
  expect(start).toBe(false);
  expect(open.store.find(removed)).toBeNull();
});

test("a second finish, or one of an earlier attempt, does nothing", async () => {
  const id = await open.submit();
  await open.start(id);
  const finish = (state: FinalState) =>
    open.lifecycle.conclude(id, 1, 2, () => ({ finish: outcome(state) }));
  await Promise.all([finish("failed"), finish("succeeded"), finish("cancelled")]);
  expect(stateOf(id)).toBe("failed");
  await open.lifecycle.retry(id);
  await open.start(id);
  await finish("succeeded");
  expect(open.store.find(id)?.record).toMatchObject({ state: "running", attempt: 2 });
});

test("of concurrent moves one wins, and the others see its result", async () => {
  const id = await open.submit();
  const results = await Promise.allSettled([
    open.lifecycle.cancel(id),
    open.start(id),
    open.lifecycle.cancel(id),
    open.lifecycle.reject(id, outcome("failed")),
  ]);
  expect(stateOf(id)).toBe("cancelled");
  expect(results.map((it) => it.status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(results[1]).toMatchObject({ value: false });
});

test("the first reason to stop stays; a cancel after a timeout is recorded once", async () => {
  const id = await inState("running");
  await open.lifecycle.cancel(id, "timeout");
  const before = decisions();
  await open.lifecycle.cancel(id, "cancel");
  await open.lifecycle.cancel(id, "cancel");
  await open.lifecycle.cancel(id, "timeout");
  expect(decisions()).toBe(before + 1);
  expect(open.store.ledger.get(id)?.run?.stopReason).toBe("timeout");
  expect(open.store.find(id)?.record.cancelRequested).toBe(true);
});

describe("a chain's hand-over", () => {
  async function handOver(
    cancelFirst: boolean,
  ): Promise<{ from: string; to: string; decisions: number }> {
    const from = await inState("running");
    const to = newId();
    if (cancelFirst) await open.lifecycle.cancel(from);
    const chain = { id: from, index: 1, previous: from, next: null };
    const before = decisions();
    await open.finish(from, "succeeded", submission({ id: to, chain }));
    return { from, to, decisions: decisions() - before };
  }

  test("is one record: the one is finished, the next is queued", async () => {
    const { from, to, decisions } = await handOver(false);
    expect(decisions).toBe(1);
    expect(open.store.find(from)?.record).toMatchObject({
      state: "succeeded",
      chain: { next: to },
    });
    expect(open.store.find(to)?.record).toMatchObject({
      state: "queued",
      chain: { id: from, previous: from },
    });
  });

  test("after a cancel brings the next one cancelled, in the same record", async () => {
    const { to, decisions } = await handOver(true);
    expect(decisions).toBe(1);
    expect(open.store.find(to)?.record).toMatchObject({
      state: "cancelled",
      finishedSuccessfully: false,
    });
    expect(await open.start(to)).toBe(false);
  });

  test("past the bound of a chain fails the one, which keeps its result", async () => {
    const from = await inState("running");
    const to = newId();
    const chain = { id: from, index: 1000, previous: from, next: null };
    await open.finish(from, "succeeded", submission({ id: to, chain }));
    expect(open.store.find(to)).toBeNull();
    expect(open.store.find(from)?.record).toMatchObject({
      state: "failed",
      error: { code: "LIVEOPS_CHAIN_TOO_LONG" },
    });
  });

  test("does not happen where the one failed", async () => {
    const from = await inState("running");
    const to = newId();
    await open.finish(from, "failed", submission({ id: to }));
    expect(open.store.find(to)).toBeNull();
    expect(open.store.find(from)?.record.chain.next).toBeNull();
  });
});

test("a retry from an unknown stage is refused with the stages", async () => {
  const id = await open.finished("failed");
  await expect(open.lifecycle.retry(id, { from: "Laod" })).rejects.toMatchObject({
    code: "LIVEOPS_BAD_REQUEST",
    message: expect.stringContaining("did you mean Load? Its stages: Load, Process, Save"),
    extra: { nearest: ["Load"] },
  });
  await expect(open.lifecycle.retry(id, { from: "SAVE" })).rejects.toMatchObject({
    message: expect.stringContaining("did you mean Save?"),
  });
  expect(stateOf(id)).toBe("failed");
});

test("a retry from a step of a stage that ran without steps is refused", async () => {
  const id = await open.finished("failed");
  const { record } = open.store.find(id)!;
  const done = { ...record, stageStates: { Load: "done" } as const, stageTimes: {} };
  const place = () => placeIn("Load/unit", done, record.stages);
  expect(place).toThrow('"unit" is not a step of the stage "Load"; it had no steps');
});

test("a retry from the history: sealed, taken up, sealed again", async () => {
  const id = await open.finished("failed");
  await open.store.checkpoint();
  expect(open.store.ledger.get(id)).toBeUndefined();
  await open.lifecycle.retry(id);
  await open.start(id);
  await open.finish(id, "succeeded");
  await open.store.checkpoint();
  expect(open.store.find(id)?.record).toMatchObject({ state: "succeeded", attempt: 2 });
  expect(open.store.count({})).toBe(1);
});

test("a removal takes the run files too", async () => {
  const { existsSync, mkdirSync, writeFileSync } = await import("node:fs");
  const id = await open.finished("failed");
  const dir = join(open.layout.runs, id, "1");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "log.ndjson"), "");
  await open.lifecycle.remove(id);
  expect(existsSync(join(open.layout.runs, id))).toBe(false);
});
