/** When a channel sends: floods, quiet hours, pauses after failures. */
import { describe, expect, test } from "vitest";
import { nextMessage, type Pace, quietFor, retryDelay } from "../../../daemon/features/notices/pace.js";

const pace = (over: Partial<Pace>): Pace => ({
  waiting: [],
  recent: [],
  lastSentAt: null,
  retryAt: 0,
  quietUntil: 0,
  ...over,
});

describe("the next message", () => {
  test("is sent a second after the first notice, so that it meets the others of the moment", () => {
    expect(nextMessage(pace({}), 5000)).toBeNull();
    expect(nextMessage(pace({ waiting: [5000], recent: [5000] }), 5000)).toEqual({ at: 6000, count: 1 });
  });

  test("tells one notice each, as long as there are fewer than five in a minute", () => {
    const four = [10_000, 20_000, 30_000, 40_000];
    expect(nextMessage(pace({ waiting: [40_000], recent: four, lastSentAt: 31_000 }), 40_000)).toEqual({
      at: 41_000,
      count: 1,
    });
    expect(nextMessage(pace({ waiting: four, recent: four }), 50_000)?.count).toBe(1);
  });

  test("is one summary of a flood, and the next one a minute later", () => {
    const flood = [100, 101, 102, 103, 104];
    expect(nextMessage(pace({ waiting: flood, recent: flood }), 104)).toEqual({ at: 1100, count: 5 });
    const more = [2000, 2001];
    expect(nextMessage(pace({ waiting: more, recent: [...flood, ...more], lastSentAt: 1100 }), 2001)).toEqual(
      {
        at: 61_100,
        count: 2,
      },
    );
    // The flood is over at that time.
    const later = pace({ waiting: [2000], recent: [...flood, 2000], lastSentAt: 1100 });
    expect(nextMessage(later, 61_101)).toEqual({ at: 3000, count: 1 });
  });

  test("waits for the end of a pause and of the quiet hours", () => {
    expect(nextMessage(pace({ waiting: [0], retryAt: 9000 }), 100)?.at).toBe(9000);
    expect(nextMessage(pace({ waiting: [0], retryAt: 9000, quietUntil: 20_000 }), 100)?.at).toBe(20_000);
  });
});

test("pauses double from 5 s to 10 min, and are as long as the server asks, at most an hour", () => {
  const delays = [1, 2, 3, 8, 50].map((failures) => retryDelay(failures, null, 0.5));
  expect(delays).toEqual([5000, 10_000, 20_000, 600_000, 600_000]);
  expect(retryDelay(1, null, 0)).toBeCloseTo(4000);
  expect(retryDelay(1, null, 1)).toBeCloseTo(6000);
  expect(retryDelay(1, 30, 0.5)).toBe(30_000);
  expect(retryDelay(1, 86_400, 0.5)).toBe(3_600_000);
});

test("quiet hours end at their end, also past midnight", () => {
  const at = (hours: number, minutes = 0) => new Date(2026, 5, 10, hours, minutes);
  const hours = (n: number) => n * 3_600_000;
  expect(quietFor(undefined, at(23))).toBe(0);
  expect(quietFor("22:00-07:00", at(21, 59))).toBe(0);
  expect(quietFor("22:00-07:00", at(22))).toBe(hours(9));
  expect(quietFor("22:00-07:00", at(6, 30))).toBe(hours(0.5));
  expect(quietFor("22:00-07:00", at(7))).toBe(0);
  expect(quietFor("12:00-13:30", at(13))).toBe(hours(0.5));
  expect(quietFor("12:00-12:00", at(12))).toBe(0);
});
