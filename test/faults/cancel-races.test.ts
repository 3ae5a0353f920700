/**
 * An acknowledged cancel holds against any decision at the same moment: a retry, a resume, a
 * finish, a timeout, a start. First each pair of decisions in each order, with controlled syncs of
 * the journal; then from outside.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Loader } from "../../daemon/loader/loader.js";
import { WorkerEvents } from "../../daemon/run-files/worker-events.js";
import { Finishing } from "../../daemon/scheduler/finishing.js";
import { NO_OUTBOX } from "../../daemon/scheduler/outbox.js";
import { Queue } from "../../daemon/scheduler/queue.js";
import type { Queues } from "../../daemon/scheduler/queues.js";
import { start } from "../../daemon/scheduler/start.js";
import type { Settings } from "../../daemon/settings.js";
import type { Policy } from "../../daemon/store/decision.js";
import { attemptDir } from "../../daemon/store/layout.js";
import type { PooledWorker } from "../../daemon/worker/pool.js";
import type { Changes, Outcome } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import { isFinal } from "../../protocol/state.js";
import type { TestDaemon } from "../harness/daemon.js";
import { disk, useFailingDisk } from "../harness/failing-disk.js";
import { submission } from "../harness/records.js";
import { OpenStore, outcome, POLICY } from "../harness/store.js";
import { useDirectories } from "../harness/temporary.js";
import { counts, Dice, patience } from "./mode.js";
import { eventually, inStage, recordThat, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

useFailingDisk();
const directory = useDirectories();

/** A worker of another boot: none of its processes is looked for. */
const WORKER = {
  workerId: "worker000000",
  directory: "0:0",
  ...{ pid: 1, startTime: "1", bootId: "another boot" },
};
const RETRIED: Policy = { ...POLICY, retry: { attempts: 5, backoff: 0.001 } };
const RESUMED: Policy = { ...POLICY, resumable: true };

/** Holds the syncs of the journal until `go` is called; `reached` resolves when one waits. */
function holdSyncs(): { reached: Promise<void>; go: () => void } {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  disk.beforeSync = async () => {
    reached.resolve();
    await go.promise;
  };
  return {
    reached: reached.promise,
    go: () => {
      disk.beforeSync = async () => {};
      go.resolve();
    },
  };
}

describe("decided at the same moment", () => {
  let open: OpenStore;
  beforeEach(async () => {
    open = await OpenStore.open(directory());
  });
  afterEach(async () => {
    disk.heal();
    await open.close();
  });

  const recordOf = (id: string) => open.store.find(id)!.record;

  /** A running operation and what decides about it. */
  async function running(policy: Policy, accepted: boolean) {
    const id = await open.submit();
    const entry = (await open.lifecycle.start(id, WORKER, policy))!;
    entry.run!.accepted = accepted;
    const attempt = open.attempt(entry);
    const done = Promise.withResolvers<void>();
    open.bus.on("broken", done.reject);
    const finishing = new Finishing({
      outbox: NO_OUTBOX,
      judge: () => null,
      whyLeaseEnded: () => null,
      lifecycle: open.lifecycle,
      layout: open.layout,
      containment: { forget: () => {}, kill: async () => {} },
      original: () => null,
      isCurrent: () => true,
      isStopped: () => false,
      onDone: () => done.resolve(),
      onWait: () => {},
      bus: open.bus,
    });
    attempt.close();
    return { id, attempt, finishing, done: done.promise };
  }

  type Running = Awaited<ReturnType<typeof running>>;
  const finishing = (result: () => Outcome) => (it: Running) =>
    it.finishing.finish(it.attempt, result());
  const losing = (it: Running) => it.finishing.lost(it.attempt, null);
  const next = newId();

  const ENDS = [
    {
      end: "a failure that is retried",
      policy: RETRIED,
      accepted: true,
      decide: finishing(() => outcome("failed")),
    },
    { end: "a resume after a worker's death", policy: RESUMED, accepted: true, decide: losing },
    { end: "a requeue of what was not accepted", policy: POLICY, accepted: false, decide: losing },
    { end: "a worker's death", policy: POLICY, accepted: true, decide: losing },
    {
      end: "a hand-over to the next of a chain",
      policy: POLICY,
      accepted: true,
      decide: finishing(() => outcome("succeeded", submission({ id: next }))),
    },
  ];
  const ORDERS = [
    "the cancel is being synced",
    "both come in one turn",
    "the decision is being synced",
  ] as const;

  test.each(ENDS.flatMap((each) => ORDERS.map((order) => ({ ...each, order }))))(
    "$end and a cancel, while $order: the cancel holds",
    async ({ policy, accepted, decide, order }) => {
      const it = await running(policy, accepted);
      const syncs = holdSyncs();
      const cancel = () =>
        open.lifecycle.cancel(it.id).catch((error: { code: string }) => error.code);
      let cancelled: ReturnType<typeof cancel>;
      if (order === "the decision is being synced") {
        decide(it);
        await syncs.reached;
        cancelled = cancel();
      } else {
        cancelled = cancel();
        if (order === "the cancel is being synced") await syncs.reached;
        decide(it);
      }
      syncs.go();
      const answer = await cancelled;
      await it.done;
      const { state, chain } = recordOf(it.id);
      // Refused, it was over before; acknowledged, nothing of it goes on.
      if (answer === "LIVEOPS_WRONG_STATE") expect(order).toBe("the decision is being synced");
      else {
        expect(isFinal(state)).toBe(true);
        expect(await open.start(it.id)).toBe(false);
        if (chain.next !== null) expect(recordOf(chain.next).state).toBe("cancelled");
        expect(recordOf(it.id).cancelRequested).toBe(true);
      }
      // What the journal says is the same.
      const seen = open.seen();
      await open.close();
      open = await OpenStore.open(open.dir);
      expect(open.seen()).toEqual(seen);
    },
  );

  test("a cancel after a timeout is recorded: no retry follows", async () => {
    const it = await running(RETRIED, true);
    await open.lifecycle.cancel(it.id, "timeout");
    await open.lifecycle.cancel(it.id);
    expect(open.store.ledger.get(it.id)?.run?.stopReason).toBe("timeout");
    const error = { code: "LIVEOPS_TIMEOUT", message: "it ran too long", stack: null };
    it.finishing.finish(it.attempt, { ...outcome("failed"), error });
    await it.done;
    expect(recordOf(it.id).state).toBe("cancelled");
  });

  test("a timeout that comes when its attempt is over stops neither the wait nor the next attempt", async () => {
    const it = await running(RETRIED, true);
    it.finishing.finish(it.attempt, outcome("failed"));
    await it.done;
    await open.lifecycle.cancel(it.id, "timeout", 1);
    expect(recordOf(it.id).state).toBe("queued");
    await open.lifecycle.start(it.id, WORKER, RETRIED);
    await open.lifecycle.cancel(it.id, "timeout", 1);
    expect(open.store.ledger.get(it.id)?.run?.stopReason).toBeNull();
  });

  test("a retry by hand takes the cancel back: the next attempt runs and is retried", async () => {
    const it = await running(RETRIED, true);
    await open.lifecycle.cancel(it.id);
    it.finishing.lost(it.attempt, null);
    await it.done;
    expect(recordOf(it.id)).toMatchObject({ state: "cancelled", cancelRequested: true });
    const queued = await open.lifecycle.retry(it.id);
    expect(queued).toMatchObject({ state: "queued", cancelRequested: false });
    await open.lifecycle.start(it.id, WORKER, RETRIED);
    expect(open.store.ledger.get(it.id)?.run?.stopReason).toBeNull();
    const again = { reason: "r", next: 3, tries: 1, delay: 0 };
    await open.lifecycle.conclude(it.id, 2, 9, () => ({ requeue: again }));
    expect(recordOf(it.id)).toMatchObject({ state: "queued", attempt: 2 });
  });

  test("edited, or cancelled and retried, while its type is looked up, an operation does not start as it was", async () => {
    const queues = new Set(["default"]);
    const lookUp = async (id: string, meanwhile: () => Promise<unknown>) => {
      const lookedUp = Promise.withResolvers<void>();
      const begun: Array<{ attempt: number; dir: string; isRunning: boolean }> = [];
      const claiming = start(
        open.store.ledger.get(id)!,
        { identity: WORKER } as unknown as PooledWorker,
        1,
        {
          ...open,
          workerEvents: new WorkerEvents(open.layout.workers),
          store: open.store,
          lifecycle: open.lifecycle,
          layout: open.layout,
          loader: {
            toStart: async () => {
              await lookedUp.promise;
              return { file: "/ops/some.mjs", policy: POLICY };
            },
          } as unknown as Loader,
          waiting: { returned: () => {} },
          queue: new Queue(),
          queues: { isOpen: (name: string) => queues.has(name) } as unknown as Queues,
          log: pino({ level: "silent" }),
          settings: { maxLog: 1000 } as Settings,
          durations: { ofSteps: async () => null },
          begin: (entry, dir, order) => {
            const { attempt } = order.entry.record;
            begun.push({
              attempt,
              dir,
              isRunning: entry === open.store.ledger.get(id) && entry.run !== null,
            });
          },
        },
        null,
      );
      await meanwhile();
      lookedUp.resolve();
      return { isBegun: await claiming, begun };
    };
    const edit = (id: string, changes: Changes) => open.lifecycle.edit(id, () => changes);
    const id = await open.submit();
    const changes: Array<() => Promise<unknown>> = [
      async () => {
        await open.lifecycle.cancel(id);
        await open.lifecycle.retry(id);
      },
      () => edit(id, { queue: "gpu" }),
      () => edit(id, { queue: "default", priority: 2 }),
      () => edit(id, { notBefore: "2999-01-01T00:00:00.000Z" }),
      () => edit(id, { label: "another" }),
      async () => queues.clear(),
    ];
    for (const change of changes) {
      expect(await lookUp(id, change), String(change)).toEqual({ isBegun: false, begun: [] });
      expect(recordOf(id).state).toBe("queued");
    }
    queues.add("default");
    const { isBegun, begun } = await lookUp(id, async () => {});
    expect(isBegun).toBe(true);
    const { attempt } = recordOf(id);
    expect(begun).toEqual([
      { attempt, dir: attemptDir(open.layout, id, attempt), isRunning: true },
    ]);
  });
});

/** Runs of each operation, as the operations said themselves. */
function runs(side: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const id of readFileSync(side, "utf8").split("\n").filter(Boolean))
    found.set(id, (found.get(id) ?? 0) + 1);
  return found;
}

async function cancelSoon(
  daemon: TestDaemon,
  op: string,
  side: string,
  dice: Dice,
): Promise<string | null> {
  const { id } = await daemon.submit(op, { params: { side } });
  await dice.moment(0, 60);
  const answer = await daemon.client.cancel(id).catch((error: { code: string }) => error);
  // Refused: it was over already, as one that dies again and again is in the end.
  return "code" in answer ? null : id;
}

test.each(["fails-again", "dies-again"])(
  "no acknowledged cancel is undone by a retry or a resume: many of %s, each cancelled at a random moment",
  async (op) => {
    const dice = new Dice(`cancel-races ${op}`);
    await using daemon = await startDaemon(["stubborn"], { concurrency: 4 });
    const side = join(daemon.world.dir, "side");
    // On a busy machine all of them may be cancelled before they run.
    writeFileSync(side, "");
    const many = counts(40, 800);
    const cancelled: string[] = [];
    for (let n = 0; n < many; n += 10) {
      const ids = await Promise.all(
        Array.from({ length: 10 }, () => cancelSoon(daemon, op, side, dice)),
      );
      cancelled.push(...ids.filter((id) => id !== null));
    }
    const undone: string[] = [];
    for (const id of cancelled) {
      const ended = await untilFinished(daemon, id);
      if (ended.state === "succeeded" || !ended.cancelRequested)
        undone.push(`${id} ${ended.state}`);
    }
    const ran = runs(side);
    for (const id of cancelled) {
      const { attempt } = await daemon.client.show(id);
      if ((ran.get(id) ?? 0) > attempt) undone.push(`${id} ran after its end`);
    }
    record({
      fault: `cancel beside a requeue (${op})`,
      injected: many,
      survived: cancelled.length - undone.length,
      lost: undone.length,
      duplicated: 0,
    });
    expect(undone).toEqual([]);
    expect(cancelled.length).toBeGreaterThan(0);
  },
  patience(60_000, 600_000),
);

test("a cancel that only the journal knows holds: daemon and worker killed before the worker received it", async () => {
  await using daemon = await startDaemon(["stubborn"]);
  const { id } = await daemon.submit("deaf");
  const worker = await inStage(daemon, id, "Wait");
  process.kill(worker, "SIGSTOP");
  await daemon.client.cancel(id);
  await daemon.kill();
  process.kill(worker, "SIGKILL");
  await daemon.startAgain();
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "cancelled",
    attempt: 1,
    cancelRequested: true,
  });
  const again = await daemon.client.retry(id);
  expect(again).toMatchObject({ cancelRequested: false });
  await recordThat(daemon, id, ({ state, attempt }) => state === "running" && attempt === 2);
  await eventually(
    "the second attempt is in its stage",
    async () => (await daemon.client.show(id)).stageStates.Wait === "active",
  );
  record({
    fault: "cancel recorded, daemon and worker killed",
    injected: 1,
    survived: 1,
    lost: 0,
    duplicated: 0,
  });
});
