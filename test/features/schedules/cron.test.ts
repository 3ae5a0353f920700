/** Times of cron expressions, with the changes to and from summer time. */
import { describe, expect, test } from "vitest";
import { cronProblem, nextRun, runsBetween } from "../../../daemon/features/schedules/cron.js";

const ZONE = "Europe/Berlin";
const now = new Date("2026-03-01T00:00:00Z");

/** The runs after a time, in UTC. */
function runs(cron: string, after: string, count: number): string[] {
  const found: string[] = [];
  for (let at = new Date(after); found.length < count; ) {
    at = nextRun(cron, ZONE, at)!;
    found.push(at.toISOString().slice(0, 16));
  }
  return found;
}

test.each([
  ["0 2 * * *", "2026-11-25T12:00:00Z", ["2026-11-26T01:00", "2026-11-27T01:00"]],
  [
    "*/20 9-10 * * mon",
    "2026-11-28T00:00:00Z",
    ["2026-11-30T08:00", "2026-11-30T08:20", "2026-11-30T08:40"],
  ],
  ["@weekly", "2026-11-25T12:00:00Z", ["2026-11-28T23:00", "2026-12-05T23:00"]],
  ["0 0 29 2 *", "2026-11-25T12:00:00Z", ["2028-02-28T23:00"]],
])("%s", (cron, after, expected) => {
  expect(runs(cron, after, expected.length)).toEqual(expected);
});

describe("summer time", () => {
  test("a run in the skipped hour is at the end of the gap, once", () => {
    expect(runs("30 2 * * *", "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
  });

  test("a run in the repeated hour comes once, an hourly run each hour", () => {
    expect(runs("30 2 * * *", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    expect(runs("30 * * * *", "2026-10-24T23:00:00Z", 3)).toEqual([
      "2026-10-24T23:30",
      "2026-10-25T00:30",
      "2026-10-25T01:30",
    ]);
  });
});

test.each([
  ["61 * * * *", /Invalid value for minute: 61.*give five fields/],
  ["* * * *", /is not a cron expression; give five fields/],
  ["* * * * * *", /requires exactly 5 parts/],
  ["@reboot", /is not a cron expression; .*@daily/],
  ["0 0 31 2 *", /never comes/],
])("%s is refused", (cron, message) => {
  expect(cronProblem(cron, ZONE, now)).toMatch(message);
});

test("an unknown zone is refused, a known one is not", () => {
  expect(cronProblem("@daily", "Mars/Phobos", now)).toMatch(/"Mars\/Phobos" is not a time zone/);
  expect(cronProblem("@daily", "UTC", now)).toBeNull();
});

test("the runs of a long time are counted up to a bound", () => {
  const since = new Date("2026-11-24T00:00:00Z");
  expect(runsBetween("* * * * *", "UTC", since, new Date("2026-11-24T03:00:00Z"))).toEqual({
    first: new Date("2026-11-24T00:01:00Z"),
    previous: new Date("2026-11-24T02:59:00Z"),
    last: new Date("2026-11-24T03:00:00Z"),
    count: 180,
  });
  const year = runsBetween("* * * * *", "UTC", new Date("2025-01-01T00:00:00Z"), since);
  expect(year?.count).toBe(10_000);
});
