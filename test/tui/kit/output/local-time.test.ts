/** Local times as people type and read them; the zone of the process is set for each test. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  formatLocalTime,
  formatShortTime,
  parseLocalTime,
} from "../../../../tui/kit/output/local-time.js";

const zone = process.env.TZ;
beforeEach(() => {
  process.env.TZ = "Europe/Berlin";
});
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

// 13:00 in Berlin.
const now = new Date("2026-11-25T12:00:00Z");
const parsed = (text: string, at = now) => parseLocalTime(text, at)?.toISOString() ?? null;

test.each([
  ["14:30", "2026-11-25T13:30:00.000Z"],
  ["9:05", "2026-11-26T08:05:00.000Z"],
  ["13:00", "2026-11-26T12:00:00.000Z"],
  ["tomorrow 14:30:15", "2026-11-26T13:30:15.000Z"],
  ["today 09:00", "2026-11-25T08:00:00.000Z"],
  ["2026-12-01", "2026-11-30T23:00:00.000Z"],
  ["2026-12-01 14:30", "2026-12-01T13:30:00.000Z"],
  ["2026-12-01T14:30Z", "2026-12-01T14:30:00.000Z"],
  ["2026-12-01T14:30+02:00", "2026-12-01T12:30:00.000Z"],
  ["2026-12-01 14:30 -0530", "2026-12-01T20:00:00.000Z"],
])("%s", (text, iso) => {
  expect(parsed(text)).toBe(iso);
});

test.each([
  "",
  "noon",
  "24:00",
  "12:60",
  "2026-02-30",
  "2026-13-01",
  "2026-12-01 25:00",
  "12",
  "5m",
  "12:30pm",
])("%j is no time", (text) => {
  expect(parsed(text)).toBeNull();
});

describe("the change to and from summer time", () => {
  test("a time that the clocks skip is the one an hour later", () => {
    // At 02:00 the clocks go to 03:00.
    expect(parsed("2026-03-29 02:30")).toBe("2026-03-29T01:30:00.000Z");
  });

  test("a time of the next day has the offset of that day", () => {
    const evening = new Date("2026-10-24T20:00:00Z");
    expect(parsed("06:00", evening)).toBe("2026-10-25T05:00:00.000Z");
  });
});

test("a time is written with its weekday and zone", () => {
  expect(formatLocalTime(new Date("2026-11-25T13:30:00Z"))).toMatch(
    /^Wed 25 Nov 2026 14:30 (CET|GMT\+1)$/,
  );
  expect(formatLocalTime(new Date("2026-07-01T13:30:05Z"))).toMatch(
    /^Wed 1 Jul 2026 15:30:05 (CEST|GMT\+2)$/,
  );
  expect(formatShortTime(new Date("2026-11-25T13:30:00Z"), now)).toBe("14:30");
  expect(formatShortTime(new Date("2026-11-27T13:30:00Z"), now)).toBe("27 Nov 14:30");
});

test("every written date and time is read back", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
      (at) => {
        const seconds = new Date(Math.floor(at.getTime() / 1000) * 1000).toISOString();
        expect(parsed(seconds.replace(".000", ""))).toBe(seconds);
      },
    ),
  );
});

test("no text makes it throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseLocalTime(text, now)));
});
