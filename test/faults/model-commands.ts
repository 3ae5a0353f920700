/**
 * The commands of the model test on operations: each changes the model and a real daemon, then
 * compares both at rest. `model-queue-commands.ts` has those on queues and on the order.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { TestDaemon } from "../harness/daemon.js";
import { describe, type Model, type ModelOperation, type Word } from "./model.js";
import { eventually, workerOf } from "./start.js";

export interface Real {
  daemon: TestDaemon;
  ids: Map<string, string>;
  bodies: Map<string, SubmitBody>;
  commands: number;
}

export type ModelCommand = fc.AsyncCommand<Model, Real>;

/** A start that is not reached by a test. */
const LATER = "2999-01-01T00:00:00.000Z";

/** Most live operations. */
const MOST_LIVE = 12;

/** One of several, chosen by a number that stays good however the list shrinks. */
export function choose<T>(from: readonly T[], choice: number): T {
  return from[choice % from.length]!;
}

export function command(
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Real) => Promise<void>,
): ModelCommand {
  return {
    check,
    run: async (model, real) => {
      real.commands++;
      await run(model, real);
      await expectSame(model, real);
    },
    toString: () => name,
  };
}

const gateOf = ({ daemon }: Real, name: string) => join(daemon.world.dir, name);

export const idOf = ({ ids }: Real, { name }: { name: string }) => ids.get(name)!;

/**
 * Opens the gate. The word is there with the file: an operation that saw it empty would take it for
 * another.
 */
function say(real: Real, { name, attempt }: ModelOperation, word: Word): void {
  const file = `${gateOf(real, name)}.${attempt}`;
  writeFileSync(`${file}.new`, word);
  renameSync(`${file}.new`, file);
}

/** Waits until the real one comes to rest, and that must be where the model is. */
export async function expectSame(model: Model, real: Real): Promise<void> {
  const { daemon } = real;
  const expected = model.shown();
  let shown: string[] = [];
  const ask = async () => {
    const { operations } = await daemon.client.list({ limit: 1000 });
    shown = operations.map(shownOf);
    for (const each of operations) real.ids.set(nameOf(each), each.id);
    const begun = operations.every(
      (each) => each.state !== "running" || each.stageStates.Wait === "active",
    );
    return begun && JSON.stringify(shown) === JSON.stringify(expected) ? operations : null;
  };
  const operations = await eventually("the daemon rests where the model does", ask, () => ({
    expected,
    shown,
  }));
  for (const { name, ran } of model.operations) expect(attemptsRun(real, name), name).toEqual(ran);
  expectOwnSlots(operations);
}

/** No two running operations of a queue have the same slot. */
function expectOwnSlots(operations: readonly Operation[]): void {
  const running = operations.filter(({ state }) => state === "running");
  const slots = running.map(({ queue, slot }) => `${queue} ${slot}`);
  expect(new Set(slots).size, slots.join()).toBe(slots.length);
}

function shownOf(each: Operation): string {
  const { state, attempt, queue, priority, label, pause } = each;
  return describe({
    ...{ name: nameOf(each), state, attempt, queue, priority, label },
    isPaused: state === "running" && pause !== null && pause.since !== null,
  });
}

function nameOf({ params }: Operation): string {
  return (params.gate as string).split("/").at(-1)!;
}

/** What the operation itself wrote down when it ran, whatever the daemon says. */
function attemptsRun(real: Real, name: string): string[] {
  try {
    const text = readFileSync(`${gateOf(real, name)}.ran`, "utf8");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => line.trim());
  } catch {
    return [];
  }
}

/** Refused, and nothing has changed. */
export async function expectRefused(answer: Promise<unknown>, code: string): Promise<void> {
  const error = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Refusal);
  expect(error).toMatchObject({ code });
}

interface Wish {
  queue: number;
  priority: number;
  isLater: boolean;
  after: number[];
  afterAny: number[];
}

const submit = (wish: Wish) =>
  command(
    `submit ${JSON.stringify(wish)}`,
    (model) => model.in("queued", "running").length < MOST_LIVE,
    async (model, real) => {
      const name = model.nextName();
      const { priority, isLater } = wish;
      const queue = choose([...model.queues.keys()], wish.queue);
      const named = (choices: number[]) =>
        model.operations.length === 0
          ? []
          : [...new Set(choices.map((each) => choose(model.operations, each).name))];
      const after = named(wish.after);
      const afterAny = named(wish.afterAny);
      const ids = (names: string[]) => names.map((each) => real.ids.get(each)!);
      const body = {
        ...{ op: "many", queue, priority, params: { gate: gateOf(real, name) } },
        ...{ after: ids(after), afterAny: ids(afterAny) },
        ...(isLater && { notBefore: LATER }),
      };
      real.bodies.set(name, body);
      const { id } = await real.daemon.client.submit(body, `key of ${name}`);
      real.ids.set(name, id);
      model.submit({ queue, priority, isLater, after, afterAny });
    },
  );

const submitAgain = (choice: number) =>
  command(
    `submit again ${choice}`,
    (model) => model.operations.some(({ name }) => !name.includes("+")),
    async (model, real) => {
      const firsts = model.operations.filter((each) => !each.name.includes("+"));
      const { name } = choose(firsts, choice);
      const again = await real.daemon.client.submit(real.bodies.get(name)!, `key of ${name}`);
      expect(again.id).toBe(real.ids.get(name));
    },
  );

const unheard = (model: Model) => model.in("running").filter(({ heard }) => heard === null);

const open = (choice: number, word: Word) =>
  command(
    `open ${choice} ${word}`,
    (model) => unheard(model).length > 0,
    async (model, real) => {
      const operation = choose(unheard(model), choice);
      const chains = word === "chain" && !operation.handedOver && operation.name.length < 14;
      const said = word === "chain" && !chains ? "go" : word;
      say(real, operation, said);
      model.open(operation, said);
    },
  );

/**
 * Not those that would act on a word as soon as their processes continue: either end would be
 * right.
 */
const cancellable = (model: Model) =>
  model.in("queued", "running").filter(({ heard }) => heard === null);

const cancel = (choice: number) =>
  command(
    `cancel ${choice}`,
    (model) => cancellable(model).length > 0,
    async (model, real) => {
      const operation = choose(cancellable(model), choice);
      await real.daemon.client.cancel(idOf(real, operation));
      model.cancel(operation);
    },
  );

const cancelFinished = (choice: number) =>
  command(
    `cancel finished ${choice}`,
    (model) => model.in("succeeded", "failed", "cancelled").length > 0,
    async (model, real) => {
      const operation = choose(model.in("succeeded", "failed", "cancelled"), choice);
      await expectRefused(real.daemon.client.cancel(idOf(real, operation)), "LIVEOPS_WRONG_STATE");
    },
  );

const retry = (choice: number) =>
  command(
    `retry ${choice}`,
    (model) => model.in("failed", "cancelled").length > 0,
    async (model, real) => {
      const operation = choose(model.in("failed", "cancelled"), choice);
      await real.daemon.client.retry(idOf(real, operation));
      model.retry(operation);
    },
  );

const remove = (choice: number) =>
  command(
    `remove ${choice}`,
    (model) => model.in("queued", "succeeded", "failed", "cancelled").length > 0,
    async (model, real) => {
      const operation = choose(model.in("queued", "succeeded", "failed", "cancelled"), choice);
      const removed = real.daemon.client.remove(idOf(real, operation));
      if (model.isPassed(operation)) await expectRefused(removed, "LIVEOPS_WRONG_STATE");
      else {
        await removed;
        model.remove(operation);
      }
    },
  );

const killWorker = (choice: number) =>
  command(
    `kill worker ${choice}`,
    (model) => model.in("running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("running"), choice);
      process.kill(await workerOf(real.daemon, idOf(real, operation)), "SIGKILL");
      model.loseWorker(operation);
    },
  );

const killDaemon = () =>
  command(
    "kill daemon",
    () => true,
    async (_, { daemon }) => {
      await daemon.kill();
      await daemon.startAgain();
    },
  );

const restart = () =>
  command(
    "restart",
    () => true,
    async (_, { daemon }) => {
      await daemon.stop();
      await daemon.startAgain();
    },
  );

const active = (model: Model) => model.in("running").filter(({ isPaused }) => !isPaused);

/** The outcome is written while no daemon looks, or the worker dies meanwhile. */
const whileAway = (choice: number, dies: boolean) =>
  command(
    `${dies ? "worker dies" : "operation ends"} ${choice} while the daemon is dead`,
    (model) => active(model).length > 0,
    async (model, real) => {
      const operation = choose(active(model), choice);
      const pid = await workerOf(real.daemon, idOf(real, operation));
      await real.daemon.kill();
      if (dies) process.kill(pid, "SIGKILL");
      else say(real, operation, "go");
      await real.daemon.startAgain();
      if (dies) model.loseWorker(operation);
      else model.open(operation, "go");
    },
  );

const choice = fc.nat({ max: 20 });
const few = fc.oneof(
  fc.constant<number[]>([]),
  fc.constant<number[]>([]),
  fc.array(choice, { maxLength: 2 }),
);
const rarely = (percent: number) => fc.nat({ max: 99 }).map((n) => n < percent);

const wish: fc.Arbitrary<Wish> = fc.record({
  queue: fc.constantFrom(0, 0, 0, 0, 1, 2),
  priority: fc.constantFrom(0, 0, 1, 2, -1),
  isLater: rarely(10),
  after: few,
  afterAny: few,
});

export const operationCommands: fc.Arbitrary<ModelCommand>[] = [
  // Enough that operations wait in line: an order of one or two shows nothing.
  ...Array.from({ length: 12 }, () => wish.map(submit)),
  choice.map(submitAgain),
  fc.tuple(choice, fc.constantFrom<Word>("go", "fail", "chain")).map(([n, word]) => open(n, word)),
  fc.tuple(choice, fc.constantFrom<Word>("fail", "chain")).map(([n, word]) => open(n, word)),
  choice.map(cancel),
  choice.map(cancelFinished),
  choice.map(retry),
  choice.map(remove),
  choice.map(killWorker),
  fc.tuple(choice, fc.boolean()).map(([n, dies]) => whileAway(n, dies)),
  fc.constant(null).map(killDaemon),
  fc.constant(null).map(restart),
];
