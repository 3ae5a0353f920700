/** The laws of the forecast. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ForecastInput,
  forecast,
  type QueuedInput,
} from "../../../daemon/scheduler/forecast.js";
import { cases } from "../../faults/mode.js";

const NOW = 1_000_000;
const NEVER = Number.POSITIVE_INFINITY;
const QUEUES = ["default", "gpu", "paused"];
const queue = fc.constantFrom(...QUEUES);
const seconds = fc.option(fc.integer({ min: 1, max: 20 }), { freq: 8 });

const inputs: fc.Arbitrary<ForecastInput> = fc
  .record({
    slots: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 2 })),
    running: fc.array(
      fc.record({
        queue,
        startedAt: fc.integer({ min: NOW - 20_000, max: NOW }),
        endsAt: fc.option(fc.integer({ min: NOW, max: NOW + 20_000 }), { freq: 8 }),
      }),
      { maxLength: 6 },
    ),
    queued: fc.array(
      fc.record({
        queue,
        seconds,
        priority: fc.integer({ min: -1, max: 1 }),
        earliest: fc.option(fc.integer({ min: NOW - 1000, max: NOW + 30_000 }), { freq: 1 }),
        /** How far before it stands what it waits for. */
        after: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat({ max: 9 }), { maxLength: 3 })),
      }),
      { maxLength: 25 },
    ),
  })
  .map(({ slots, running, queued }) => {
    const ids = [...running.map((_, n) => `r${n}`), ...queued.map((_, n) => `q${n}`)];
    return {
      now: NOW,
      slots: new Map(QUEUES.map((name, n) => [name, slots[n as 0 | 1] ?? 0])),
      running: running.map((each, n) => ({ id: `r${n}`, ...each })),
      queued: queued.map(({ priority, after, ...each }, n): QueuedInput => {
        const before = after
          .map((back) => ids[running.length + n - 1 - back])
          .filter((id) => id !== undefined);
        return {
          id: `q${n}`,
          turn: { priority, queuedAt: n },
          after: [...new Set(before)],
          ...each,
        };
      }),
    };
  });

/** When each operation runs. */
function spans(input: ForecastInput): Map<string, { from: number; to: number }> {
  const expected = [...forecast(input)];
  return new Map(
    expected.map(([id, { startsAt, endsAt }]) => [
      id,
      { from: startsAt ?? NEVER, to: endsAt ?? NEVER },
    ]),
  );
}

test("law: never more at once than a queue has slots, and nothing starts in a paused queue", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const all = spans(input);
      for (const { id, queue: name } of input.queued) {
        const { from } = all.get(id)!;
        if (from === NEVER) continue;
        const its = [...input.running, ...input.queued].filter((each) => each.queue === name);
        const busy = its.filter((each) => {
          const span = all.get(each.id)!;
          return span.from <= from && span.to > from;
        });
        expect(busy.length).toBeLessThanOrEqual(input.slots.get(name)!);
      }
    }),
    { numRuns: cases(500) },
  );
});

test("law: an operation starts after all that it waits for, and neither before its time nor before now", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const all = spans(input);
      for (const { id, after, earliest } of input.queued) {
        const { from } = all.get(id)!;
        expect(from).toBeGreaterThanOrEqual(Math.max(NOW, earliest ?? NOW));
        for (const other of after) expect(from).toBeGreaterThanOrEqual(all.get(other)!.to);
      }
    }),
    { numRuns: cases(500) },
  );
});

test("law: operations of a queue that are ready start in the order of their turns, and no slot stays idle", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const all = spans(input);
      const ends = [...all.values()].map(({ to }) => to);
      const readyAt = ({ after, earliest }: QueuedInput) =>
        Math.max(NOW, earliest ?? NOW, ...after.map((id) => all.get(id)!.to));
      for (const one of input.queued) {
        const { from } = all.get(one.id)!;
        if (from !== NEVER) expect([readyAt(one), ...ends]).toContain(from);
        for (const other of input.queued) {
          const isNext =
            other.turn.priority === one.turn.priority
              ? other.turn.queuedAt > one.turn.queuedAt
              : other.turn.priority < one.turn.priority;
          // The later one may take a slot only before the earlier one is ready.
          if (other.queue === one.queue && isNext && all.get(other.id)!.from < from)
            expect(all.get(other.id)!.from).toBeLessThan(readyAt(one));
        }
      }
    }),
    { numRuns: cases(500) },
  );
});

const slots = new Map([["default", 1]]);
const turn = { priority: 0, queuedAt: 1 };
const queuedOne = { id: "q", queue: "default", turn, seconds: 5, earliest: null, after: [] };

test("what waits behind an operation starts at its expected end", () => {
  const running = [{ id: "r", queue: "default", startedAt: NOW - 60_000, endsAt: NOW + 7000 }];
  const expected = forecast({ now: NOW, slots, running, queued: [queuedOne] });
  expect(expected.get("q")).toEqual({ startsAt: NOW + 7000, endsAt: NOW + 12_000 });
});

test("nothing is known of what waits behind an operation that is late", () => {
  const running = [{ id: "r", queue: "default", startedAt: NOW - 60_000, endsAt: null }];
  const expected = forecast({ now: NOW, slots, running, queued: [queuedOne] });
  expect(expected.get("q")).toEqual({ startsAt: null, endsAt: null });
});

test("what waits for an operation of unknown length, or for one that is not there, starts at an unknown time", () => {
  const running = [{ id: "r", queue: "other", startedAt: NOW, endsAt: null }];
  const queued = [
    { ...queuedOne, after: ["r"] },
    { ...queuedOne, id: "s", after: ["gone"] },
    { ...queuedOne, id: "t", earliest: NOW + 60_000 },
  ];
  const expected = forecast({ now: NOW, slots, running, queued });
  const unknown = { startsAt: null, endsAt: null };
  expect(expected.get("q")).toEqual(unknown);
  expect(expected.get("s")).toEqual(unknown);
  expect(expected.get("t")).toEqual({ startsAt: NOW + 60_000, endsAt: NOW + 65_000 });
});

test("an operation in a lent slot leaves the slot to the one that lends it", () => {
  const expected = forecast({
    now: NOW,
    slots: new Map([["default", 1]]),
    running: [
      { id: "waits", queue: "default", startedAt: NOW, endsAt: NOW + 5000 },
      { id: "works", queue: "default", startedAt: NOW, endsAt: NOW + 2000, isLent: true },
    ],
    queued: [
      {
        id: "next",
        queue: "default",
        turn: { priority: 0, queuedAt: 1 },
        seconds: 1,
        earliest: null,
        after: [],
      },
    ],
  });
  expect(expected.get("next")).toEqual({ startsAt: NOW + 5000, endsAt: NOW + 6000 });
});
