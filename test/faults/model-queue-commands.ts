/** The commands of the model test on queues, pauses and edits. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import type { EditBody } from "../../protocol/requests.js";
import type { Model, ModelOperation } from "./model.js";
import {
  choose,
  command,
  expectRefused,
  idOf,
  type ModelCommand,
  type Real,
} from "./model-commands.js";

/** A queue that commands create and remove. */
const EXTRA = "extra";

/** The queue whose concurrency commands change; the flag sets that of the default queue. */
const SIDE = "side";

const names = (model: Model) => [...model.queues.keys()];

const setQueue = (name: string, concurrency: number) =>
  command(
    `queue set ${name} ${concurrency}`,
    () => true,
    async (model, real) => {
      await real.daemon.client.setQueue(name, { concurrency });
      model.setQueue(name, concurrency);
    },
  );

const removeQueue = () =>
  command(
    "queue rm",
    (model) => model.queues.has(EXTRA),
    async (model, real) => {
      const removed = real.daemon.client.removeQueue(EXTRA);
      if (model.liveOf(EXTRA).length > 0) await expectRefused(removed, "LIVEOPS_WRONG_STATE");
      else {
        await removed;
        model.removeQueue(EXTRA);
      }
    },
  );

const pauseQueue = (choice: number, isPaused: boolean) =>
  command(
    `${isPaused ? "pause" : "resume"} queue ${choice}`,
    () => true,
    async (model, real) => {
      const name = choose(names(model), choice);
      if (isPaused) await real.daemon.client.pauseQueue({ queue: name });
      else await real.daemon.client.resumeQueue({ queue: name });
      model.pauseQueues(isPaused, name);
    },
  );

const resumeAll = () =>
  command(
    "resume all queues",
    () => true,
    async (model, real) => {
      await real.daemon.client.resumeQueue();
      model.pauseQueues(false, ...names(model));
    },
  );

/** Only the config file is left of the queues. */
const loseQueues = () =>
  command(
    "queues.json is deleted while the daemon is dead",
    () => true,
    async (model, { daemon }) => {
      await daemon.kill();
      rmSync(join(daemon.world.stateDir, "queues.json"), { force: true });
      await daemon.startAgain();
      model.forgetQueues();
    },
  );

const pause = (choice: number, isPaused: boolean) =>
  command(
    `${isPaused ? "pause" : "resume"} ${choice}`,
    (model) => model.in("running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("running"), choice);
      const id = idOf(real, operation);
      if (isPaused) await real.daemon.client.pause(id);
      else await real.daemon.client.resume(id);
      model.pause(operation, isPaused);
    },
  );

/** Not one whose word is heard and not yet told: its end may come first. */
const cancelQueue = (choice: number) =>
  command(
    `cancel queue ${choice}`,
    (model) => {
      const live = model.liveOf(choose(names(model), choice));
      return live.length > 0 && live.every(({ heard }) => heard === null);
    },
    async (model, real) => {
      const operations = model.liveOf(choose(names(model), choice));
      const ids = operations.map((operation) => idOf(real, operation));
      const told: string[] = [];
      for await (const line of real.daemon.client.cancelAll({ ids })) told.push(line.type);
      expect(told).toEqual([...operations.map(() => "changed"), "end"]);
      model.cancel(...operations);
    },
  );

interface Change {
  label?: string | undefined;
  queue?: number | undefined;
  priority?: number | undefined;
  isLater?: boolean | undefined;
}

const edit = (choice: number, change: Change) =>
  command(
    `edit ${choice} ${JSON.stringify(change)}`,
    (model) => model.in("queued").length > 0,
    async (model, real) => {
      const operation = choose(model.in("queued"), choice);
      const { label, priority, isLater } = change;
      const queue = change.queue === undefined ? undefined : choose(names(model), change.queue);
      const body: EditBody = {
        ...(label !== undefined && { label }),
        ...(queue !== undefined && { queue }),
        ...(priority !== undefined && { priority }),
        ...(isLater !== undefined && { notBefore: isLater ? "2998-01-01T00:00:00.000Z" : null }),
      };
      if (Object.keys(body).length === 0) return;
      await real.daemon.client.edit(idOf(real, operation), body);
      model.edit(operation, {
        ...(label !== undefined && { label }),
        ...(queue !== undefined && { queue }),
        ...(priority !== undefined && { priority }),
        ...(isLater !== undefined && { isLater }),
      });
    },
  );

/** The daemon chooses the priority: it must be enough, and not less than before. */
const top = (choice: number) =>
  command(
    `top ${choice}`,
    (model) => model.in("queued").length > 0,
    async (model, real) => {
      const operation = choose(model.in("queued"), choice);
      const { priority } = await real.daemon.client.edit(idOf(real, operation), { top: true });
      expect(priority).toBeGreaterThanOrEqual(operation.priority);
      for (const other of othersInLine(model, operation))
        expect(
          isBefore({ ...operation, priority }, other),
          `${operation.name} and ${other.name}`,
        ).toBe(true);
      model.edit(operation, { priority });
    },
  );

/** What else waits for a slot of the same queue. */
function othersInLine(model: Model, operation: ModelOperation): ModelOperation[] {
  return model.waitingFor(operation.queue).filter((each) => each !== operation);
}

type Turn = Pick<ModelOperation, "priority" | "arrival">;

function isBefore(a: Turn, b: Turn): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.arrival < b.arrival);
}

/** Two commands at once, in paused queues: either order has the same end. */
const retryAndMove = (choice: number) =>
  command(
    `retry and move ${choice} at once`,
    (model) => model.in("queued").length > 0 && model.in("failed", "cancelled").length > 0,
    async (model, real: Real) => {
      const queued = choose(model.in("queued"), choice);
      const finished = choose(model.in("failed", "cancelled"), choice);
      const queue = choose(names(model), choice);
      const { client } = real.daemon;
      await client.pauseQueue();
      model.pauseQueues(true, ...names(model));
      await Promise.all([
        client.retry(idOf(real, finished)),
        client.edit(idOf(real, queued), { queue, label: "moved" }),
      ]);
      model.retry(finished);
      if (queued.state === "queued") model.edit(queued, { queue, label: "moved" });
    },
  );

const choice = fc.nat({ max: 20 });
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

const change: fc.Arbitrary<Change> = fc.record({
  label: maybe(fc.constantFrom("red", "blue")),
  queue: maybe(choice),
  priority: maybe(fc.integer({ min: -2, max: 2 })),
  isLater: fc.constantFrom(undefined, undefined, false, false, true),
});

export const queueCommands: fc.Arbitrary<ModelCommand>[] = [
  fc.integer({ min: 1, max: 3 }).map((n) => setQueue(SIDE, n)),
  fc.integer({ min: 1, max: 2 }).map((n) => setQueue(EXTRA, n)),
  fc.constant(null).map(removeQueue),
  fc.tuple(choice, fc.boolean()).map(([n, isPaused]) => pauseQueue(n, isPaused)),
  fc.constant(null).map(resumeAll),
  fc.constant(null).map(loseQueues),
  fc.tuple(choice, fc.boolean()).map(([n, isPaused]) => pause(n, isPaused)),
  fc.tuple(choice, change).map(([n, it]) => edit(n, it)),
  fc.tuple(choice, change).map(([n, it]) => edit(n, it)),
  choice.map(top),
  choice.map(cancelQueue),
  choice.map(retryAndMove),
];
