/** The laws of the forecast. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { forecast } from "../../../daemon/scheduler/forecast.js";

const NOW = 1_000_000;
const seconds = fc.option(fc.integer({ min: 0, max: 1000 }), { freq: 5 });
const inputs = fc
  .record({
    slots: fc.integer({ min: 1, max: 6 }),
    running: fc.array(fc.record({ startedAt: fc.integer({ min: 0, max: NOW }), seconds }), { maxLength: 6 }),
    queued: fc.array(seconds, { maxLength: 30 }),
  })
  .map(({ slots, running, queued }) => ({
    now: NOW,
    slots,
    running: running.slice(0, slots).map((each, n) => ({ id: `r${n}`, ...each })),
    queued: queued.map((each, n) => ({ id: `q${n}`, seconds: each })),
  }));

test("law: operations start in the order of the queue, and never more at once than there are slots", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { operations, emptyAt } = forecast(input);
      const queued = input.queued.map(({ id }) => operations.get(id)!);
      const starts = queued.map(({ startsAt }) => startsAt ?? Number.POSITIVE_INFINITY);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      expect(starts.every((start) => start >= NOW)).toBe(true);
      expect(emptyAt).toBe(queued.at(-1)?.startsAt ?? null);
      const all = [...operations.values()].map(({ startsAt, endsAt }) => ({
        from: startsAt ?? Number.POSITIVE_INFINITY,
        to: endsAt ?? Number.POSITIVE_INFINITY,
      }));
      for (const { from } of all.filter((each) => Number.isFinite(each.from) && each.from >= NOW)) {
        const busy = all.filter((each) => each.from <= from && each.to > from);
        expect(busy.length).toBeLessThanOrEqual(input.slots);
      }
    }),
  );
});

test("law: a slot is never idle while an operation waits", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { operations } = forecast(input);
      const ends = [...operations.values()].flatMap(({ endsAt }) => endsAt ?? []);
      for (const { id } of input.queued) {
        const { startsAt } = operations.get(id)!;
        if (startsAt !== null) expect([NOW, ...ends]).toContain(startsAt);
      }
    }),
  );
});

test("an operation that takes longer than usual may end at any moment", () => {
  const running = [{ id: "r", startedAt: NOW - 60_000, seconds: 10 }];
  const { operations } = forecast({ now: NOW, slots: 1, running, queued: [{ id: "q", seconds: 5 }] });
  expect(operations.get("q")).toEqual({ startsAt: NOW, endsAt: NOW + 5000 });
});
