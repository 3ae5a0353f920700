/** The queues compared with sorted lists, and tasks by key. */
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { StartTimes } from "../../../daemon/scheduler/holds/start-time.js";
import { compareTurns } from "../../../daemon/scheduler/lane.js";
import { type Place, Queue } from "../../../daemon/scheduler/queue.js";
import { Queues, type SavedQueues } from "../../../daemon/scheduler/queues.js";
import { Waiting } from "../../../daemon/scheduler/waiting.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { KeyedMutex } from "../../../daemon/store/keyed-mutex.js";
import { Story } from "../../harness/records.js";

type Step =
  | { do: "add"; queue: string; priority: number }
  | { do: "take"; open: readonly string[] }
  | { do: "remove" | "add again" | "move"; which: number; priority: number };

const QUEUES = ["a", "b", "c"] as const;
const queueName = fc.constantFrom(...QUEUES);
const priority = fc.integer({ min: -2, max: 2 });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("add" as const), queue: queueName, priority }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("take" as const), open: fc.subarray([...QUEUES]) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom("remove" as const, "add again" as const, "move" as const),
        which: fc.nat(),
        priority,
      }),
    },
  ),
  { maxLength: 200 },
);

interface Item {
  id: string;
  place: Place;
}

const inOrder = (items: readonly Item[]) =>
  items.toSorted((a, b) => compareTurns(a.place, b.place));

test("ids come out by priority and arrival, each once, from open queues only, and know their place", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new Queue();
      let model: Item[] = [];
      const taken: Item[] = [];
      let n = 0;
      for (const step of all) {
        if (step.do === "add") {
          const item = {
            id: `id${++n}`,
            place: { queue: step.queue, priority: step.priority, queuedAt: n },
          };
          queue.add(item.id, item.place);
          model = inOrder([...model, item]);
        } else if (step.do === "take") {
          const isOpen = (name: string) => step.open.includes(name);
          const next = model.find(({ place }) => isOpen(place.queue));
          expect(queue.first(1, isOpen)).toEqual(next ? [next.id] : []);
          expect(queue.take(isOpen)).toBe(next?.id ?? null);
          if (next) taken.push(next);
          model = model.filter((item) => item !== next);
        } else if (step.do === "add again" && step.which % 2 === 0 && taken.length > 0) {
          // Could not be started: it goes back to where it was.
          const [back] = taken.splice(step.which % taken.length, 1);
          queue.add(back!.id, back!.place);
          model = inOrder([...model, back!]);
        } else if (model.length > 0) {
          const item = model[step.which % model.length]!;
          if (step.do === "add again") queue.add(item.id, item.place);
          else {
            queue.remove(item.id, item.place);
            model = model.filter((each) => each !== item);
          }
          if (step.do === "move") {
            const moved = { id: item.id, place: { ...item.place, priority: step.priority } };
            queue.add(moved.id, moved.place);
            model = inOrder([...model, moved]);
          }
        }
        expect(queue.length).toBe(model.length);
        expect(queue.first(1000)).toEqual(model.map(({ id }) => id));
        for (const name of QUEUES) {
          const its = model.filter(({ place }) => place.queue === name);
          expect(queue.firstOf(name, 1000)).toEqual(its.map(({ id }) => id));
          expect(queue.lengthOf(name)).toBe(its.length);
          its.forEach(({ id, place }, index) => {
            expect(queue.position(id, place)).toBe(index + 1);
          });
        }
      }
      for (const { id, place } of taken) expect(queue.position(id, place)).toBeNull();
    }),
  );
});

test("ids that fit are taken out at once, and come back to their places", () => {
  const item = fc.record({ type: fc.nat({ max: 2 }), queue: queueName, priority });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), fc.nat({ max: 10 }), (items, takes) => {
      const queue = new Queue();
      const model = inOrder(
        items.map(({ queue, priority }, n) => ({
          id: `id${n}`,
          place: { queue, priority, queuedAt: n },
        })),
      );
      for (const { id, place } of model) queue.add(id, place);
      for (let n = 0; n < takes; n++) queue.take();
      const left = model.slice(takes);
      const isOut = (id: string) => items[Number(id.slice(2))]!.type === 1;
      const out = queue.takeWhere(isOut);
      expect(out.toSorted()).toEqual(
        left
          .filter(({ id }) => isOut(id))
          .map(({ id }) => id)
          .toSorted(),
      );
      expect(queue.first(100)).toEqual(left.filter(({ id }) => !isOut(id)).map(({ id }) => id));
      // One that is there already does not come twice.
      queue.addAll(left.map(({ id, place }) => [id, place]));
      expect(queue.first(100)).toEqual(left.map(({ id }) => id));
    }),
  );
});

test("a long queue that is worked off keeps nothing of what is done", () => {
  const queue = new Queue();
  const at = (n: number) => ({ queue: "default", priority: 0, queuedAt: n });
  for (let n = 1; n <= 5000; n++) queue.add(`id${n}`, at(n));
  for (let n = 1; n <= 5000; n++) {
    expect(queue.take()).toBe(`id${n}`);
    expect(queue.position(`id${n + 1}`, at(n + 1))).toBe(n < 5000 ? 1 : null);
  }
  expect(queue.take()).toBeNull();
});

test("operations with one start time join together, in the order of their submits", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let now = Date.parse("2026-11-25T12:00:00Z");
  const notBefore = new Date(now + 1000).toISOString();
  const entries = ["first", "second", "third"].map((id, queuedAt) => {
    return {
      record: { ...new Story().record(), id, notBefore, state: "queued" },
      queuedAt,
    } as unknown as Entry;
  });
  const queue = new Queue();
  const ready: string[][] = [];
  const waiting = new Waiting({
    queue,
    entry: (id) => entries.find(({ record }) => record.id === id) ?? null,
    onReady: () => void ready.push(queue.first(10)),
    bus: new Bus(),
    isWatched: () => false,
  });
  waiting.use([new StartTimes({ waiting, now: () => now })]);
  // The wall clock runs a little faster than the timers: the timer of the last submit ends first.
  for (const entry of entries) {
    waiting.add([entry]);
    now += 1;
  }
  now += 1000;
  vi.advanceTimersByTime(2000);
  expect(ready[0]).toEqual(["first", "second", "third"]);
  expect(waiting.length).toBe(3);
  expect(queue.length).toBe(3);
  waiting.stop();
});

test("all queues are paused in one change, and resumed in one", async () => {
  const changes: SavedQueues[] = [];
  const saved = {
    value: {},
    refresh: async () => {},
    update: async (change: (current: SavedQueues) => SavedQueues) => {
      changes.push(change(changes.at(-1) ?? {}));
      saved.value = changes.at(-1)!;
      changed();
    },
    onChange: (listener: () => void) => {
      changed = listener;
    },
  };
  let changed = () => {};
  const settings = { concurrency: 2, queues: { gpu: {} }, flags: { concurrency: null } };
  const queues = new Queues({ bus: new Bus(), settings, saved });
  await queues.pause(queues.names(), true);
  expect(Object.keys(changes[0]!)).toEqual(["default", "gpu"]);
  expect(queues.names().some((name) => queues.isOpen(name))).toBe(false);
  await queues.pause(queues.names(), true);
  await queues.pause(queues.names(), false);
  expect(changes).toHaveLength(2);
  expect(queues.isOpen("gpu")).toBe(true);
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
