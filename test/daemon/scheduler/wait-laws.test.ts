/**
 * The laws of operations that wait for each other, over random graphs of waits, dependencies,
 * chains and queues.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cases } from "../../faults/mode.js";
import { type Plan, type Program, type Step, WaitWorld } from "./wait-world.js";

interface Shape {
  queues: readonly string[];
  slots: fc.Arbitrary<Plan["slots"]>;
  /** Steps besides those of every plan. */
  steps?: readonly Step["do"][];
}

function plans({ queues, slots, steps = [] }: Shape): fc.Arbitrary<Plan> {
  const whom = fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1, maxLength: 2 });
  const base = {
    queue: fc.constantFrom(...queues),
    priority: fc.integer({ min: -1, max: 1 }),
  };
  const { program } = fc.letrec<{ program: Program; step: Step }>((tie) => ({
    program: fc.record({
      ...base,
      after: fc.constant([]),
      steps: fc.array(tie("step"), { maxLength: 3, depthIdentifier: "program" }),
      next: fc.option(tie("program"), { freq: 6, depthIdentifier: "program" }),
    }),
    step: fc.oneof(
      { depthIdentifier: "program", maxDepth: 4 },
      fc.constant({ do: "work" as const }),
      { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), whom }) },
      ...(steps.includes("look") ? [fc.record({ do: fc.constant("look" as const), whom })] : []),
      ...(steps.includes("die") ? [fc.constant({ do: "die" as const })] : []),
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("run" as const),
          children: fc.array(tie("program"), {
            minLength: 1,
            maxLength: 3,
            depthIdentifier: "program",
          }),
        }),
      },
    ),
  }));
  const outer = fc.tuple(program, fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 2 }));
  return fc.record({
    slots,
    programs: fc
      .array(outer, { minLength: 1, maxLength: 7 })
      // What waits for others is submitted after them.
      .map((all) =>
        all.map(([each, after], n) => ({
          ...known(each, all.length),
          after: after.filter((m) => m < n),
        })),
      ),
    choices: fc.array(fc.nat({ max: 20 }), { maxLength: 12 }),
  });
}

/** The program without waits for operations that there are not. */
function known(program: Program, count: number): Program {
  const steps = program.steps.map((step): Step => {
    if (step.do === "run")
      return { ...step, children: step.children.map((each) => known(each, count)) };
    if (step.do !== "wait" && step.do !== "look") return step;
    return { ...step, whom: step.whom.map((n) => n % count) };
  });
  return { ...program, steps, next: program.next && known(program.next, count) };
}

const one = { queues: ["a"], slots: fc.record({ a: fc.integer({ min: 1, max: 3 }) }) };
const several = {
  queues: ["a", "b", "c"],
  slots: fc.record({ a: fc.integer({ min: 1, max: 2 }), b: fc.constant(1), c: fc.constant(1) }),
};

/** Runs many plans. `check` sees the world after each step. */
async function law(shape: Shape, check: (world: WaitWorld) => void): Promise<WaitWorld[]> {
  const worlds: WaitWorld[] = [];
  await fc.assert(
    fc.asyncProperty(plans(shape), async (plan) => {
      const world = new WaitWorld(plan);
      worlds.push(world);
      await world.run(() => check(world));
      // Nothing works, and nothing starts: all has ended.
      expect(world.unfinished).toEqual([]);
    }),
    { numRuns: cases(100, 5000) },
  );
  return worlds;
}

/** A slot is lent to what nobody waits for only where nothing else helps. */
function breaksLockUpsOnly({ breakings }: WaitWorld): void {
  expect(breakings.flatMap(({ able }) => able)).toEqual([]);
}

/** At most one operation works in a slot, unless the slot was lent to break a lock-up. */
function oneWorksInEachSlot(world: WaitWorld): void {
  breaksLockUpsOnly(world);
  const broken = new Set(world.breakings.map(({ id }) => world.slotOf(id)));
  for (const [slot, ids] of world.working())
    if (!broken.has(slot)) expect(ids, slot).toHaveLength(1);
}

test("law: in one queue all ends, one operation works in a slot, and only circles are refused", async () => {
  const worlds = await law(one, (world) => {
    expect(world.breakings).toEqual([]);
    oneWorksInEachSlot(world);
  });
  expect(worlds.some(({ circles }) => circles.length > 0)).toBe(true);
});

test("law: with several queues all ends, and a slot is lent to what nobody waits for only where nothing else helps", async () => {
  const worlds = await law(several, oneWorksInEachSlot);
  expect(worlds.some(({ breakings }) => breakings.length > 0)).toBe(true);
});

test("law: all ends where waits are given up and attempts die", async () => {
  await law({ ...several, steps: ["look", "die"] }, breaksLockUpsOnly);
});

const op = (queue: string, steps: Step[] = [], over: Partial<Program> = {}): Program => ({
  queue,
  priority: 0,
  after: [],
  steps,
  next: null,
  ...over,
});

test("a slot whose user waits for an operation that can start in it is lent to no other one", async () => {
  const programs = [
    op("a", [{ do: "run", children: [op("a")] }]),
    op("a"),
    op("b", [{ do: "wait", whom: [1, 0] }]),
  ];
  const world = new WaitWorld({ slots: { a: 1, b: 1 }, programs, choices: [3] });
  await world.run(() => {});
  expect([world.unfinished, world.breakings]).toEqual([[], []]);
});
