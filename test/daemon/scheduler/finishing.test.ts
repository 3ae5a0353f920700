/** The outcome of an operation whose worker died, and the limit of losses in a row. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logFile } from "../../../daemon/run-files/attempt-files.js";
import type { Attempt } from "../../../daemon/scheduler/attempt.js";
import { Finishing } from "../../../daemon/scheduler/finishing.js";
import { NO_OUTBOX } from "../../../daemon/scheduler/outbox.js";
import { placeOf, Queue } from "../../../daemon/scheduler/queue.js";
import { MAX_LOSSES, MAX_UNACCEPTED } from "../../../daemon/scheduler/worker-death.js";
import type { Policy } from "../../../daemon/store/decision.js";
import { attemptDir } from "../../../daemon/store/layout.js";
import type { WorkerExit } from "../../../daemon/worker/pool.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { OpenStore, outcome, POLICY } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();
/** A worker of another boot: none of its processes is looked for. */
const WORKER = {
  workerId: "worker000000",
  directory: "0:0",
  pid: 1,
  startTime: "1",
  bootId: "another boot",
};
const RESUMED: Policy = { ...POLICY, resumable: true };

const containment = { forget: () => {}, kill: async () => {} };

let open: OpenStore;
beforeEach(async () => {
  open = await OpenStore.open(directory());
});
afterEach(() => open.close());

const recordOf = (id: string) => open.store.find(id)!.record;

/** One attempt that ends as `end` says. */
async function attempted(
  id: string,
  policy: Policy,
  isAccepted: boolean,
  end: (finishing: Finishing, attempt: Attempt) => void,
): Promise<void> {
  const entry = (await open.lifecycle.start(id, WORKER, policy))!;
  entry.run!.accepted = isAccepted;
  const attempt = open.attempt(entry);
  await new Promise<void>((resolve, reject) => {
    open.bus.on("broken", reject);
    const finishing = new Finishing({
      outbox: NO_OUTBOX,
      judge: () => null,
      whyLeaseEnded: () => null,
      lifecycle: open.lifecycle,
      layout: open.layout,
      containment,
      original: () => null,
      isCurrent: () => true,
      isStopped: () => false,
      onDone: () => resolve(),
      onWait: () => {},
      bus: open.bus,
    });
    end(finishing, attempt);
  });
  attempt.close();
}

const lost = (exit: WorkerExit | null) => (finishing: Finishing, attempt: Attempt) =>
  finishing.lost(attempt, exit);

/** How often it can be lost, with a new daemon before each time, until it is over. */
async function lossesUntilOver(
  id: string,
  policy: Policy,
  isAccepted: boolean,
  exit: WorkerExit | null,
) {
  for (let losses = 1; losses <= 30; losses++) {
    await attempted(id, policy, isAccepted, lost(exit));
    if (recordOf(id).state !== "queued") return losses;
    await open.store.checkpoint();
    await open.close();
    open = await OpenStore.open(open.dir);
  }
  return null;
}

test("a resumable operation is lost three times in a row, over restarts of the daemon, and told so", async () => {
  const id = await open.submit();
  expect(await lossesUntilOver(id, RESUMED, true, null)).toBe(MAX_LOSSES);
  expect(recordOf(id)).toMatchObject({ state: "failed", error: { code: "LIVEOPS_WORKER_LOST" } });
  expect(recordOf(id).error?.message).toContain(
    "the third worker in a row that died under the operation",
  );
  await open.lifecycle.retry(id);
  expect(await lossesUntilOver(id, RESUMED, true, null)).toBe(MAX_LOSSES);
});

test("one that is not accepted ends as well, later, and its message says the number", async () => {
  const id = await open.submit();
  expect(await lossesUntilOver(id, POLICY, false, { code: 1, signal: null })).toBe(MAX_UNACCEPTED);
  expect(recordOf(id)).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { code: "LIVEOPS_WORKER_LOST" },
  });
  expect(recordOf(id).error?.message).toContain(
    `${MAX_UNACCEPTED} workers in a row died before they accepted`,
  );
});

test("an attempt that no worker accepted keeps its number, and its place in the queue", async () => {
  const ids = [await open.submit(), await open.submit(), await open.submit()];
  for (const id of ids.slice(0, 2).reverse()) await attempted(id, POLICY, false, lost(null));
  const inTurn = () => {
    const queue = new Queue();
    for (const id of ids.toReversed()) queue.add(id, placeOf(open.store.ledger.get(id)!));
    return queue.first(ids.length);
  };
  expect(inTurn()).toEqual(ids);
  expect(ids.map((id) => open.store.ledger.get(id)!.nextAttempt)).toEqual([1, 1, 1]);
  await open.close();
  open = await OpenStore.open(open.dir);
  expect(inTurn()).toEqual(ids);
});

test("losses that an outcome comes between are not in a row", async () => {
  const id = await open.submit();
  const both: Policy = { ...RESUMED, retry: { attempts: 50, backoff: 0.001 } };
  for (let round = 0; round < 3; round++) {
    for (let losses = 1; losses < MAX_LOSSES; losses++) await attempted(id, both, true, lost(null));
    await attempted(id, both, true, (finishing, attempt) =>
      finishing.finish(attempt, outcome("failed")),
    );
    expect(recordOf(id).state).toBe("queued");
  }
});

test("events that cannot be read for a moment stay in their place where the outcome was read", async () => {
  const id = await open.submit();
  let file = "";
  await attempted(id, POLICY, true, (finishing, attempt) => {
    ({ file } = attempt.events);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "{}\n");
    disk.unreadable = /events\.ndjson$/;
    attempt.read();
    expect(attempt.unreadable.events?.message).toContain("EIO");
    finishing.finish(attempt, outcome("succeeded"));
  });
  disk.heal();
  expect(existsSync(file)).toBe(true);
});

test("a worker that was stopped by its timeout and ends as cancelled counts as timed out", async () => {
  const id = await open.submit();
  await attempted(id, { ...POLICY, timeout: 5 }, true, (finishing, attempt) => {
    attempt.run.stopReason = "timeout";
    finishing.finish(attempt, outcome("cancelled"));
  });
  expect(recordOf(id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_TIMEOUT", message: "it ran longer than its timeout of 5 s" },
  });
});

test("what cannot be recorded because the daemon stops is left to the next one, and is no broken disk", async () => {
  const id = await open.submit();
  const entry = (await open.lifecycle.start(id, WORKER, POLICY))!;
  const attempt = open.attempt(entry);
  const said: string[] = [];
  const concluded = Promise.withResolvers<void>();
  let isStopped = false;
  open.bus.on("broken", () => said.push("broken"));
  const finishing = new Finishing({
    outbox: NO_OUTBOX,
    judge: () => null,
    whyLeaseEnded: () => null,
    lifecycle: {
      conclude: async () => {
        isStopped = true;
        concluded.resolve();
        throw new Error("the journal is closed");
      },
    },
    layout: open.layout,
    containment,
    original: () => null,
    isCurrent: () => true,
    isStopped: () => isStopped,
    onDone: () => said.push("done"),
    onWait: () => said.push("waits"),
    bus: open.bus,
  });
  void finishing.finish(attempt, outcome("succeeded"));
  await concluded.promise;
  await new Promise((resolve) => setImmediate(resolve));
  attempt.close();
  expect(said).toEqual([]);
  expect(recordOf(id).state).toBe("running");
});

test("the log of a worker that died is made durable before its operation goes on", async () => {
  const id = await open.submit();
  disk.heal();
  await attempted(id, RESUMED, true, (finishing, attempt) => {
    writeFileSync(logFile(attempt.dir), "");
    return finishing.lost(attempt, null);
  });
  const dir = attemptDir(open.layout, id, 1);
  expect(disk.synced).toEqual(expect.arrayContaining([logFile(dir), dir]));
});
