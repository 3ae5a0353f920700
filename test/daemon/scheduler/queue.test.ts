/** The queue compared with a sorted list, and tasks by key. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyedMutex } from "../../../daemon/keyed-mutex.js";
import { Queue } from "../../../daemon/scheduler/queue.js";

type Step = { do: "add" } | { do: "take" } | { do: "remove" | "add again"; which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>({ do: "add" }) },
    { weight: 2, arbitrary: fc.constant<Step>({ do: "take" }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom("remove" as const, "add again" as const), which: fc.nat() }),
    },
  ),
  { maxLength: 200 },
);

test("ids come out in the order in which they were queued, each once, and know their place", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new Queue();
      let model: number[] = [];
      const taken: number[] = [];
      let n = 0;
      for (const step of all) {
        if (step.do === "add") {
          queue.add(`id${++n}`, n);
          model.push(n);
        } else if (step.do === "take") {
          const first = model.shift();
          expect(queue.take()).toBe(first === undefined ? null : `id${first}`);
          if (first !== undefined) taken.push(first);
        } else if (step.do === "remove") {
          const gone = model[step.which % Math.max(1, model.length)] ?? 0;
          queue.remove(`id${gone}`, gone);
          model = model.filter((it) => it !== gone);
        } else if (step.which % 2 === 0 && taken.length > 0) {
          // Could not be started: it goes back to where it was.
          const [back] = taken.splice(step.which % taken.length, 1);
          queue.add(`id${back}`, back!);
          model = [...model, back!].sort((a, b) => a - b);
        } else if (model.length > 0) {
          const there = model[step.which % model.length]!;
          queue.add(`id${there}`, there);
        }
        expect(queue.length).toBe(model.length);
        expect(queue.first(1000)).toEqual(model.map((it) => `id${it}`));
        model.forEach((it, index) => {
          expect(queue.position(`id${it}`, it)).toBe(index + 1);
        });
      }
      for (const it of taken) expect(queue.position(`id${it}`, it)).toBeNull();
    }),
  );
});

test("ids that fit are taken out at once, and come back to their places", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 }), { maxLength: 60 }), fc.nat({ max: 10 }), (types, takes) => {
      const queue = new Queue();
      types.forEach((_, n) => {
        queue.add(`id${n}`, n);
      });
      for (let n = 0; n < takes; n++) queue.take();
      const left = types.map((type, n) => ({ type, n })).slice(takes);
      const isOut = (id: string) => types[Number(id.slice(2))] === 1;
      const out = queue.takeWhere(isOut);
      expect(out).toEqual(left.filter(({ type }) => type === 1).map(({ n }) => [`id${n}`, n]));
      expect(queue.first(100)).toEqual(left.filter(({ type }) => type !== 1).map(({ n }) => `id${n}`));
      // One that is there already does not come twice.
      const there = left.find(({ type }) => type !== 1)?.n;
      queue.addAll(there === undefined ? out : [...out, [`id${there}`, there]]);
      expect(queue.first(100)).toEqual(left.map(({ n }) => `id${n}`));
      left.forEach(({ n }, index) => {
        expect(queue.position(`id${n}`, n)).toBe(index + 1);
      });
    }),
  );
});

test("a long queue that is worked off keeps nothing of what is done", () => {
  const queue = new Queue();
  for (let n = 1; n <= 5000; n++) queue.add(`id${n}`, n);
  for (let n = 1; n <= 5000; n++) {
    expect(queue.take()).toBe(`id${n}`);
    expect(queue.position(`id${n + 1}`, n + 1)).toBe(n < 5000 ? 1 : null);
  }
  expect(queue.take()).toBeNull();
});

test("tasks of a key run one after the other, of others side by side", async () => {
  const perKey = new KeyedMutex();
  const happened: string[] = [];
  const gates = { a1: Promise.withResolvers<void>(), a2: Promise.withResolvers<void>() };
  const task = (name: keyof typeof gates | "b1", gate: Promise<void>) => async () => {
    happened.push(`${name} begins`);
    await gate;
    happened.push(`${name} ends`);
    return name;
  };
  const a1 = perKey.run("a", task("a1", gates.a1.promise));
  const a2 = perKey.run("a", task("a2", gates.a2.promise));
  expect(await perKey.run("b", task("b1", Promise.resolve()))).toBe("b1");
  gates.a2.resolve();
  gates.a1.resolve();
  expect(await Promise.all([a1, a2])).toEqual(["a1", "a2"]);
  expect(happened.filter((it) => it.startsWith("a"))).toEqual([
    "a1 begins",
    "a1 ends",
    "a2 begins",
    "a2 ends",
  ]);
  expect(happened.indexOf("b1 ends")).toBeLessThan(happened.indexOf("a1 ends"));
});

test("a task that fails rejects to its caller alone", async () => {
  const perKey = new KeyedMutex();
  const failing = perKey.run("a", async () => {
    throw new Error("mine");
  });
  const next = perKey.run("a", async () => "went on");
  await expect(failing).rejects.toThrow("mine");
  expect(await next).toBe("went on");
});
