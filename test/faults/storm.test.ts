/**
 * A storm: many operations in five queues, with priorities and dependencies. Clients pause, resume,
 * cancel, edit and remove while the daemon is killed again and again. Afterwards the records of
 * every attempt are counted.
 *
 * More workers are busy than the machine has cores, so workers handle their messages late.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LogRecord, linesOf } from "../../daemon/run-files/log-tail.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../../protocol/client/errors.js";
import { Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import { parseRecord, seqOfRecord } from "../../protocol/record-line.js";
import type { TestDaemon } from "../harness/daemon.js";
import { problemsIn } from "../harness/store.js";
import { storedEvents } from "../harness/stored-events.js";
import { counts, Dice, patience } from "./mode.js";
import { eventually, everyOperation, startDaemon, strike, untilIdle } from "./start.js";
import { compareOnce, record } from "./tally.js";

const KILLS = counts(2, 30);
const OPERATIONS = counts(200, 20_000);
const BATCH = counts(100, 1000);
/**
 * Bytes that operations write between two kills, so that each kill strikes in the middle of work.
 */
const BETWEEN_BYTES = counts(200, 2000);
/** Longest pause of a client between two requests, in ms. */
const REST_MS = counts(150, 30);

/** Slots by queue. */
const SLOTS: Record<string, number> = { a: 1, b: 3, c: 1, d: 3, e: 1 };
const QUEUES = Object.keys(SLOTS);

interface Submitted {
  id: string;
  name: string;
  queue: string;
  priority: number;
  /** Another operation that must succeed before. */
  after: Submitted | null;
  /** A client has cancelled or removed it, or may have. */
  isAttacked: boolean;
  /** A client has changed its priority, or may have. */
  isEdited: boolean;
  /** The daemon said that it is removed. */
  isRemoved: boolean;
}

test("a storm of requests and kills: no record of a run file is lost, no work is done twice, queues keep their order", {
  timeout: patience(90_000, 1_800_000),
}, async () => {
  const queues = Object.fromEntries(QUEUES.map((name) => [name, { concurrency: SLOTS[name]! }]));
  const config = { maxQueued: 100_000, keepFinished: 100_000, queues };
  await using daemon = await startDaemon(["counted"], { config });
  const side = join(daemon.world.dir, "side");
  const dice = new Dice("storm");
  await daemon.client.pauseQueue();
  const submitted = await submitAll(daemon, side, dice);
  await daemon.client.resumeQueue();

  const storm = { over: false };
  const clients = requests(daemon, submitted).map((request, n) =>
    repeat(request, storm, new Dice(`${n}`)),
  );
  let kills = 0;
  while (kills < KILLS) {
    const before = sizeOf(side);
    await eventually(
      "more operations run",
      () => sizeOf(side) > before + BETWEEN_BYTES,
      undefined,
      60_000,
    );
    kills += await strike(daemon, dice);
  }
  storm.over = true;
  await Promise.all(clients);
  await daemon.client.resumeQueue();
  await untilIdle(daemon, patience(60_000, 1_200_000));

  const all = new Map((await everyOperation(daemon)).map((operation) => [operation.id, operation]));
  const mustRun = submitted.filter(({ isAttacked, after }) => !isAttacked && !after?.isAttacked);
  const said = readFileSync(side, "utf8").trim().split("\n");
  const isOf = new Set(mustRun.map(({ name }) => name));
  const ran = compareOnce(
    mustRun.flatMap(({ name }) => [`${name} 1 ran`, `${name} 1 ended`]),
    said.filter((line) => isOf.has(line.split(" ")[0]!) || line.endsWith(" ran")),
  );
  record({ fault: "storm: operations run", injected: kills, ...ran }, ran.details);

  const damaged = [...all.values()].flatMap((operation) => damageOf(daemon, operation));
  const whole = { survived: all.size - damaged.length, lost: damaged.length, duplicated: 0 };
  record({ fault: "storm: run files of an attempt", injected: kills, ...whole }, damaged);

  expect(mustRun.filter(({ id }) => all.get(id)?.state !== "succeeded")).toEqual([]);
  expect(submitted.filter(({ id, isRemoved }) => isRemoved && all.has(id))).toEqual([]);
  expect([...all.values()].filter(({ error }) => error?.code === "LIVEOPS_WORKER_LOST")).toEqual(
    [],
  );
  expect(outOfOrder(submitted, said)).toEqual([]);
  const early = submitted.filter(
    ({ id, after }) => after && startedBefore(all.get(id), all.get(after.id)),
  );
  expect(early).toEqual([]);
  await daemon.stop();
  expect(await problemsIn(daemon.world.stateDir)).toEqual([]);
});

async function submitAll(daemon: TestDaemon, side: string, dice: Dice): Promise<Submitted[]> {
  const all: Submitted[] = [];
  while (all.length < OPERATIONS) {
    const before = all.filter(({ after }) => after === null);
    const batch = Array.from({ length: BATCH }, (_, index) => ({
      name: String(all.length + index),
      queue: QUEUES[index % QUEUES.length]!,
      priority: [0, 0, 0, 5, -5][dice.whole(0, 4)]!,
      after:
        before.length > 0 && dice.chance(0.02) ? before[dice.whole(0, before.length - 1)]! : null,
    }));
    const bodies = batch.map(({ name, queue, priority, after }) => ({
      op: "counted",
      params: { side, name, lines: 0, pause: 0, links: 1 },
      ...{ queue, priority },
      ...(after && { after: [after.id] }),
    }));
    const records = await daemon.client.submit(bodies, `batch ${all.length}`);
    for (const [index, each] of batch.entries())
      all.push({
        ...each,
        id: records[index]!.id,
        isAttacked: false,
        isEdited: false,
        isRemoved: false,
      });
  }
  return all;
}

type Request = (dice: Dice) => Promise<unknown>;

/** What the clients do, each in a loop of its own. */
function requests({ client }: TestDaemon, submitted: readonly Submitted[]): Request[] {
  const one = (dice: Dice) => submitted[dice.whole(0, submitted.length - 1)]!;
  return [
    async (dice) => {
      const queue = QUEUES[dice.whole(0, QUEUES.length - 1)]!;
      await client.pauseQueue({ queue });
      await dice.moment(0, 150);
      await client.resumeQueue({ queue });
    },
    (dice) => {
      const operation = one(dice);
      return noted(operation, "isAttacked", client.cancel(operation.id));
    },
    (dice) => {
      const operation = one(dice);
      return noted(
        operation,
        "isEdited",
        client.edit(operation.id, { priority: dice.whole(-4, 4) }),
      );
    },
    async (dice) => {
      const operation = one(dice);
      await noted(operation, "isAttacked", client.remove(operation.id));
      operation.isRemoved = true;
    },
  ];
}

/**
 * Notes a request that was answered, or whose answer was lost; a refused one has changed nothing.
 */
async function noted(
  operation: Submitted,
  key: "isAttacked" | "isEdited",
  request: Promise<unknown>,
): Promise<void> {
  try {
    await request;
    operation[key] = true;
  } catch (error) {
    if (isLost(error)) operation[key] = true;
    throw error;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof ConnectionLostError || error instanceof NoAnswerError;
}

/** The daemon may be dead, may die in the middle, or may refuse. */
async function repeat(request: Request, storm: { over: boolean }, dice: Dice): Promise<void> {
  while (!storm.over) {
    await request(dice).catch((error: unknown) => {
      const isExpected =
        error instanceof NoDaemonError || error instanceof Refusal || isLost(error);
      if (!isExpected) throw error;
    });
    await dice.moment(0, REST_MS);
  }
}

/**
 * What is wrong with the run files of the operation's attempt: their numbers run up to the end
 * without a gap.
 */
function damageOf({ world }: TestDaemon, { id, seq, state, attempt }: Operation): string[] {
  const log = join(world.stateDir, "runs", id, "1", "log.ndjson");
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const events = storedEvents(world.stateDir, id).map((line) => seqOfRecord(line) ?? 0);
  const records = text
    .split("\n")
    .slice(0, -1)
    .map((line) => parseRecord<LogRecord>(line));
  const logged = records.flatMap((record) =>
    record === null ? 0 : linesOf(record).map(({ seq }) => seq),
  );
  const numbers = [...events, ...logged].sort((a, b) => a - b);
  if (numbers.length === 0 && state !== "succeeded") return [];
  const isWhole =
    (text === "" || text.endsWith("\n")) &&
    numbers.every((number, index) => number === seq - numbers.length + index) &&
    attempt === 1;
  return isWhole
    ? []
    : [`${id} ${state} ${attempt}: ${numbers}, and the operation ended with ${seq}`];
}

/** Operations of queues with one slot that started after a later one of the same priority. */
function outOfOrder(submitted: readonly Submitted[], said: readonly string[]): string[] {
  const started = said
    .filter((line) => line.endsWith(" ran"))
    .map((line) => Number(line.split(" ")[0]));
  const latest = new Map<string, number>();
  return started.flatMap((n) => {
    const { queue, priority, after, isEdited } = submitted[n]!;
    if (SLOTS[queue] !== 1 || after !== null || isEdited) return [];
    const place = `${queue} ${priority}`;
    const before = latest.get(place) ?? -1;
    latest.set(place, Math.max(before, n));
    return before > n ? [`${n} started after ${before} in ${place}`] : [];
  });
}

function startedBefore(operation: Operation | undefined, other: Operation | undefined): boolean {
  if (!operation?.startedAt || !other) return false;
  return other.finishedAt === null || other.finishedAt > operation.startedAt;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
