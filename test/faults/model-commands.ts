/** The commands of the model test: each changes the model and a real daemon, then compares both at rest. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import type { TestDaemon } from "../harness/daemon.js";
import type { Model, ModelOperation, Word } from "./model.js";
import { eventually, workerOf } from "./start.js";

export interface Real {
  daemon: TestDaemon;
  ids: Map<string, string>;
  commands: number;
}

type Command = fc.AsyncCommand<Model, Real>;

/** One of several, chosen by a number that stays good however the list shrinks. */
function choose(from: ModelOperation[], choice: number): ModelOperation {
  return from[choice % from.length]!;
}

function command(
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Real) => Promise<void>,
): Command {
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

/** Opens the gate. The word is there with the file: an operation that saw it empty would take it for another. */
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
  const isSame = async () => {
    const { operations } = await daemon.client.list({ limit: 1000 });
    shown = operations.map((each) => `${nameOf(each)} ${each.state} ${each.attempt}`);
    for (const each of operations) real.ids.set(nameOf(each), each.id);
    const begun = operations.every((each) => each.state !== "running" || each.stageStates.Wait === "active");
    return begun && JSON.stringify(shown) === JSON.stringify(expected);
  };
  await eventually("the daemon rests where the model does", isSame, () => ({ expected, shown }));
  for (const { name, ran } of model.operations) expect(attemptsRun(real, name), name).toEqual(ran);
}

function nameOf({ params }: Operation): string {
  return (params.gate as string).split("/").at(-1)!;
}

/** What the operation itself wrote down when it ran, whatever the daemon says. */
function attemptsRun(real: Real, name: string): number[] {
  try {
    const text = readFileSync(`${gateOf(real, name)}.ran`, "utf8");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => Number(line.split(" ")[0]));
  } catch {
    return [];
  }
}

function submitted(real: Real, name: string): Promise<Operation> {
  return real.daemon.client.submit({ op: "gate", params: { gate: gateOf(real, name) } }, `key of ${name}`);
}

const submit = () =>
  command(
    "submit",
    (model) => model.in("queued", "running").length < 6,
    async (model, real) => {
      const name = model.nextName();
      const { id } = await submitted(real, name);
      model.submit();
      real.ids.set(name, id);
    },
  );

const submitAgain = (choice: number) =>
  command(
    `submit again ${choice}`,
    (model) => model.operations.some(({ name }) => !name.includes("+")),
    async (model, real) => {
      const { name } = choose(
        model.operations.filter((each) => !each.name.includes("+")),
        choice,
      );
      expect((await submitted(real, name)).id).toBe(real.ids.get(name));
    },
  );

const open = (choice: number, word: Word) =>
  command(
    `open ${choice} ${word}`,
    (model) => model.in("running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("running"), choice);
      const chains = word === "chain" && !operation.handedOver && operation.name.length < 14;
      const said = word === "chain" && !chains ? "go" : word;
      say(real, operation, said);
      model.open(operation, said);
    },
  );

const cancel = (choice: number) =>
  command(
    `cancel ${choice}`,
    (model) => model.in("queued", "running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("queued", "running"), choice);
      await real.daemon.client.cancel(real.ids.get(operation.name)!);
      model.cancel(operation);
    },
  );

const cancelFinished = (choice: number) =>
  command(
    `cancel finished ${choice}`,
    (model) => model.in("succeeded", "failed", "cancelled").length > 0,
    async (model, real) => {
      const { name } = choose(model.in("succeeded", "failed", "cancelled"), choice);
      const answer = await real.daemon.client.cancel(real.ids.get(name)!).catch((error: unknown) => error);
      expect(answer).toBeInstanceOf(Refusal);
      expect(answer).toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
    },
  );

const retry = (choice: number) =>
  command(
    `retry ${choice}`,
    (model) => model.in("failed", "cancelled").length > 0,
    async (model, real) => {
      const operation = choose(model.in("failed", "cancelled"), choice);
      await real.daemon.client.retry(real.ids.get(operation.name)!);
      model.retry(operation);
    },
  );

const remove = (choice: number) =>
  command(
    `remove ${choice}`,
    (model) => model.in("queued", "succeeded", "failed", "cancelled").length > 0,
    async (model, real) => {
      const operation = choose(model.in("queued", "succeeded", "failed", "cancelled"), choice);
      await real.daemon.client.remove(real.ids.get(operation.name)!);
      model.remove(operation);
    },
  );

const killWorker = (choice: number) =>
  command(
    `kill worker ${choice}`,
    (model) => model.in("running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("running"), choice);
      process.kill(await workerOf(real.daemon, real.ids.get(operation.name)!), "SIGKILL");
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

/** The outcome is written while no daemon looks, or the worker dies meanwhile. */
const whileAway = (choice: number, dies: boolean) =>
  command(
    `${dies ? "worker dies" : "operation ends"} ${choice} while the daemon is dead`,
    (model) => model.in("running").length > 0,
    async (model, real) => {
      const operation = choose(model.in("running"), choice);
      const pid = await workerOf(real.daemon, real.ids.get(operation.name)!);
      await real.daemon.kill();
      if (dies) process.kill(pid, "SIGKILL");
      else say(real, operation, "go");
      await real.daemon.startAgain();
      if (dies) model.loseWorker(operation);
      else model.open(operation, "go");
    },
  );

const choice = fc.nat({ max: 20 });

export const commands: fc.Arbitrary<Command>[] = [
  fc.constant(null).map(submit),
  fc.constant(null).map(submit),
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
