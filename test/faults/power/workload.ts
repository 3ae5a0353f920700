/**
 * The workload that is recorded: runs a daemon in the given world, as clients do, and kills it now
 * and then. Everything that a client asked or saw is written down in the same recording.
 *
 * Usage: workload.ts DIR NAME REQUESTS
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { ConnectionLostError, NoDaemonError } from "../../../protocol/client/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { until } from "../../../protocol/system/until.js";
import { applyWatchLine, EMPTY_VIEW, type WatchView } from "../../../protocol/watch.js";
import { TestDaemon } from "../../harness/daemon.js";
import { Dice } from "../mode.js";
import { CONFIG, type Draft, HELD, LANE, type Mark, marksFile, sideFile, submit } from "./marks.js";

const [dir, name, requests] = process.argv.slice(2);
if (!dir || !name || !requests) throw new Error("usage: workload.ts DIR NAME REQUESTS");

/** Longest wait for the end of an operation, in ms. */
const PATIENCE = 20_000;

const marks = openSync(marksFile(dir), "a");
const dice = new Dice(name);
const daemon = TestDaemon.prepare({ dir, config: CONFIG, concurrency: 3 });
const { client } = daemon;
let view: WatchView = EMPTY_VIEW;
let isOver = false;
let names = 0;
/** Ends that were seen. */
let ended = 0;

function mark(said: Mark): void {
  writeSync(marks, `${JSON.stringify(said)}\n`);
}

/** Undefined where the daemon died: the request may have had its effect or not. */
async function asked<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof NoDaemonError || error instanceof ConnectionLostError) return undefined;
    throw error;
  }
}

/** Shows what a person at a dashboard sees. */
async function watch(): Promise<void> {
  while (!isOver) {
    await asked(async () => {
      for await (const line of client.watch({ limit: 1000 })) {
        const before = view;
        view = applyWatchLine(view, line);
        for (const [id, record] of view.operations)
          if (record !== before.operations.get(id)) show(record);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function show({ id, state, attempt, stageStates, chain }: Operation): void {
  if (isFinal(state)) ended++;
  const done = Object.keys(stageStates).filter((stage) => stageStates[stage] === "done");
  mark({ shown: id, state, attempt, done, next: chain.next });
}

/** Operations that a client may submit until one of them has to end. */
const MOST_LIVE = 8;

/** Characters of a value that the rows of lists leave out. */
const LARGE = 40_000;

function live(op?: string): Operation[] {
  const all = [...view.operations.values()];
  return all.filter(
    ({ state, queue, ...each }) =>
      !isFinal(state) && queue !== HELD && queue !== LANE && each.op === (op ?? each.op),
  );
}

function drawQueue(): string | undefined {
  if (dice.chance(0.15)) return HELD;
  return dice.chance(0.3) ? LANE : undefined;
}

function draft(): Draft {
  const ops = ["works", "works", "resumes", "resumes", "fails", "retries"];
  const op =
    live("waits").length < 2 && dice.chance(0.15) ? "waits" : ops[dice.whole(0, ops.length - 1)]!;
  return {
    op,
    label: `name-${++names}`,
    queue: drawQueue(),
    links: op === "works" || op === "resumes" ? dice.whole(1, 3) : 1,
    lines: dice.chance(0.2) ? dice.whole(30, 60) : dice.whole(0, 8),
    size: dice.chance(0.15) ? LARGE : 10,
    read: dice.chance(0.15) ? LARGE : dice.whole(0, 2000),
  };
}

async function submitSome(): Promise<void> {
  const drafts = Array.from({ length: dice.chance(0.3) ? dice.whole(2, 6) : 1 }, draft);
  const key = `key-${names}`;
  mark({ asked: "submit", key, drafts });
  const made = await until(() => asked(() => submit(client, dir!, key, drafts)), PATIENCE);
  if (made) mark({ acknowledged: "submit", key, ids: made.map(({ id }) => id) });
}

function any(fits: (record: Operation) => boolean): string | undefined {
  const all = [...view.operations.values()].filter(fits);
  return all[dice.whole(0, Math.max(0, all.length - 1))]?.id;
}

async function change(what: "cancel" | "retry" | "remove", id: string | undefined): Promise<void> {
  if (id === undefined) return;
  mark({ asked: what, id });
  const isDone = await asked(() =>
    client[what](id).then(
      () => true,
      (error: Error) => {
        if (/^LIVEOPS_/.test((error as NodeJS.ErrnoException).code ?? "")) return false;
        throw error;
      },
    ),
  );
  if (isDone) mark({ acknowledged: what, id });
}

async function edit(): Promise<void> {
  const id = any((record) => record.state === "queued" && record.queue === HELD);
  if (id === undefined) return;
  const priority = dice.whole(1, 50);
  mark({ asked: "edit", id, priority });
  if (await asked(() => client.edit(id, { priority }).catch(() => null)))
    mark({ acknowledged: "edit", id, priority });
}

async function setQueue(): Promise<void> {
  const concurrency = dice.whole(1, 4);
  mark({ asked: "queue", concurrency });
  if (await asked(() => client.setQueue(LANE, { concurrency })))
    mark({ acknowledged: "queue", concurrency });
}

async function addSchedule(): Promise<void> {
  const name = `yearly-${++names}`;
  mark({ asked: "schedule", name });
  const schedule = {
    name,
    cron: "@yearly",
    operation: { op: "works", params: { side: sideFile(dir!) } },
  };
  if (await asked(() => client.addSchedule(schedule))) mark({ acknowledged: "schedule", name });
}

async function request(): Promise<void> {
  const die = dice.whole(1, 20);
  if (die <= 9) await submitSome();
  else if (die <= 12)
    await change(
      "cancel",
      any(({ op, state }) => op === "waits" && !isFinal(state)),
    );
  else if (die <= 14)
    await change(
      "retry",
      any(({ op, state }) => op === "fails" && state === "failed"),
    );
  else if (die <= 16)
    await change(
      "remove",
      any(({ state }) => isFinal(state)),
    );
  else if (die <= 17) await edit();
  else if (die <= 18) await setQueue();
  else if (die <= 19)
    await asked(() => client[dice.chance(0.5) ? "pauseQueue" : "resumeQueue"]({ queue: LANE }));
  else await addSchedule();
}

/** A client: one request after the other. */
async function ask(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await until(() => live().length < MOST_LIVE || dice.chance(0.02), PATIENCE);
    await request();
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("workerId");
  } catch {
    return false;
  }
}

/** Kills the daemon, its workers, or all. */
async function kill(who: "daemon" | "workers" | "all"): Promise<void> {
  const workers = who === "daemon" ? [] : daemon.world.processes().filter(isWorker);
  if (who !== "workers") await daemon.kill();
  for (const pid of workers) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended with its daemon.
    }
  }
}

function hasWorked(): boolean {
  return [...view.operations.values()].some(({ state }) => state === "succeeded");
}

async function run(): Promise<void> {
  await daemon.startAgain();
  await client.pauseQueue({ queue: HELD });
  const clients = Promise.all([1, 2, 3].map(() => ask(Math.ceil(Number(requests) / 3))))
    // A recording without any work shows nothing.
    .then(() => until(hasWorked, PATIENCE))
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    const enough = ended + dice.whole(3, 12);
    await until(() => isOver || ended >= enough, PATIENCE);
    await dice.moment(0, 30);
    const who = (["stop", "stop", "daemon", "workers", "all"] as const)[dice.whole(0, 4)]!;
    // A stop writes a checkpoint.
    if (who === "stop") await daemon.stop();
    else await kill(who);
    if (who !== "workers") await daemon.startAgain();
  }
  await clients;
}

const watching = watch();
try {
  await run();
} finally {
  isOver = true;
  await kill("all");
}
await watching;
