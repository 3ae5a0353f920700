/** Unit tests share a thread, so that a file must leave the thread as it was. */
import { afterAll, expect, vi } from "vitest";

const environment = { ...process.env };

afterAll(() => {
  expect({ ...process.env }, "a unit test changed the environment").toEqual(environment);
  expect(vi.isFakeTimers(), "a unit test left fake timers").toBe(false);
});
