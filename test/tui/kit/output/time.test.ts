/** Times of records; the zone of the process is set for each test. */
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { parseLocalTime } from "../../../../tui/kit/output/local-time.js";
import { absoluteTime, fullTime } from "../../../../tui/kit/output/time.js";

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test.each([
  ["Europe/Berlin", "2026-07-01T12:00:05.120Z", "2026-07-01 14:00:05 +02:00"],
  // The hour that comes twice, and the hour that does not come.
  ["Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 +02:00"],
  ["Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 +01:00"],
  ["Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00:00 +02:00"],
  ["America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31 20:30:00 -03:30"],
  ["Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01 05:45:00 +05:45"],
  ["No/Such_Zone", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00 +00:00"],
])("in %s, %s is %s", (tz, iso, local) => {
  process.env.TZ = tz;
  expect(absoluteTime(new Date(iso))).toBe(local);
  // A zone that is unknown has no name; that is no error.
  // An event has its seconds also where they are 0.
  expect(fullTime("2026-11-25T13:30:00Z", 0)).toMatch(/^Wed 25 Nov 2026 \d\d:\d\d:00 /);
  expect(fullTime(iso, Date.parse(iso) + 90_000)).toMatch(/^\w{3} \d.* \(1m ago\)$/);
});

test("an absolute time is read back as the same second, in every zone", () => {
  const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];
  const noInvalidDate = {
    min: new Date("1971-01-01"),
    max: new Date("2099-01-01"),
    noInvalidDate: true,
  };
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.date(noInvalidDate), (tz, at) => {
      process.env.TZ = tz;
      const read = parseLocalTime(absoluteTime(at), new Date(0));
      expect(read?.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000);
    }),
  );
});

test("how long ago a time is, and what is not a time", () => {
  const now = Date.parse("2026-01-02T12:00:00Z");
  expect(fullTime("2026-01-02T11:58:00Z", now)).toContain(" (2m ago)");
  expect(fullTime("2026-01-02T12:00:00.400Z", now)).toContain(" (now)");
  expect(fullTime("2026-01-04T12:00:00Z", now)).toContain(" (in 2d)");
  expect(fullTime("soon", now)).toBe("soon");
});
