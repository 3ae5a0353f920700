/** Files share a thread or a process, so that a file must leave it as it was. */
import { afterAll, expect, vi } from "vitest";

const environment = { ...process.env };

afterAll(() => {
  expect({ ...process.env }, "a test changed the environment").toEqual(environment);
  expect(vi.isFakeTimers(), "a test left fake timers").toBe(false);
});
