/** How the lines of the daemon's log read. */
import { expect, test } from "vitest";
import { readable } from "../../../../tui/cli/liveopsd/logs.js";

const line = (fields: object) =>
  JSON.stringify({
    level: 40,
    time: "2026-11-25T18:00:00.000Z",
    pid: 7,
    msg: "it failed",
    ...fields,
  });

test("a line reads as time, level, message and keys; values with spaces are quoted", () => {
  expect(readable(line({ id: "k3f", count: 2, reason: "no room", op: null, ids: ["a"] }))).toBe(
    '2026-11-25 18:00:00.000 +00:00 warn  it failed id=k3f count=2 reason="no room" ids=["a"]',
  );
});

test("the stack of an error stands below, without control characters", () => {
  expect(
    readable(line({ err: { message: "no", stack: "Error: no\n    at \u001b[31mx" } })),
  ).toMatch(/it failed\nError: no\n {4}at [^\u001b]+$/);
});

test("text that is no record is shown unchanged, but for control characters", () => {
  for (const text of ["plain", "7", "null"]) expect(readable(text)).toBe(text);
  expect(readable("plain \u001b[2Jtext")).not.toContain("\u001b");
});
