/** Which lines of the daemon's log `liveopsd logs` takes, and how they read. */
import { expect, test } from "vitest";
import { UsageError } from "../../../../protocol/failures.js";
import { readable, takes } from "../../../../tui/cli/liveopsd/logs.js";
import { sinceFrom } from "../../../../tui/kit/given-duration.js";

const line = (fields: object) =>
  JSON.stringify({ level: 40, time: "2026-11-25T18:00:00.000Z", pid: 7, msg: "it failed", ...fields });

test("a line reads as time, level, message and keys; values with spaces are quoted", () => {
  expect(readable(line({ id: "k3f", count: 2, reason: "no room", op: null, ids: ["a"] }))).toBe(
    '2026-11-25 18:00:00.000 +00:00 warn  it failed id=k3f count=2 reason="no room" ids=["a"]',
  );
});

test("the stack of an error stands below, without control characters", () => {
  expect(readable(line({ err: { message: "no", stack: "Error: no\n    at \u001b[31mx" } }))).toMatch(
    /it failed\nError: no\n {4}at [^\u001b]+$/,
  );
});

test("text that is no record is shown unchanged, but for control characters, and no filter takes it", () => {
  expect(readable("plain \u001b[2Jtext")).not.toContain("\u001b");
  expect(takes({}, "plain")).toBe(true);
  for (const filter of [{ level: "trace" as const }, { since: 0 }, { id: "a" }])
    for (const text of ["plain", "7", "null"]) expect(takes(filter, text)).toBe(false);
});

test("filters", () => {
  const about = line({ id: "k3fabc" });
  expect(takes({ level: "warn" }, about)).toBe(true);
  expect(takes({ level: "error" }, about)).toBe(false);
  expect(takes({ id: "k3f" }, about)).toBe(true);
  expect(takes({ id: "k3f" }, line({ ids: ["other", "k3f9"] }))).toBe(true);
  expect(takes({ id: "k3f" }, line({ msg: "k3fabc" }))).toBe(false);
  expect(takes({ since: Date.parse("2026-11-25T18:00:00Z") }, about)).toBe(true);
  expect(takes({ since: Date.parse("2026-11-25T18:00:01Z") }, about)).toBe(false);
});

test("--since takes a duration and a time", () => {
  expect(sinceFrom("10m", 1_000_000)).toBe(400_000);
  expect(sinceFrom("2026-11-25T18:00:00Z", 0)).toBe(Date.parse("2026-11-25T18:00:00Z"));
  expect(() => sinceFrom("soon", 0)).toThrow(UsageError);
});
