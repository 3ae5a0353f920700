/** V8 is told to save memory while nothing happens, and only then. */
import { setFlagsFromString } from "node:v8";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdleMemory } from "../../daemon/idle-memory.js";

vi.mock("node:v8", () => ({ setFlagsFromString: vi.fn() }));

/** The flags set since they were last asked for. */
function flags(): string[] {
  const { mock } = vi.mocked(setFlagsFromString);
  const set = mock.calls.map(([flag]) => flag);
  mock.calls.length = 0;
  return set;
}

beforeEach(() => {
  vi.useFakeTimers();
  flags();
});
afterEach(() => vi.useRealTimers());

test("after a while in which nothing happened, until something does", () => {
  const memory = new IdleMemory("24.0.0");
  for (let n = 0; n < 10; n++) {
    memory.stir();
    vi.advanceTimersByTime(1500);
  }
  expect(flags()).toEqual([]);
  vi.advanceTimersByTime(4000);
  expect(flags()).toEqual(["--memory-saver-mode"]);
  vi.advanceTimersByTime(60_000);
  expect(flags()).toEqual([]);
  // Nothing wakes an idle daemon.
  expect(vi.getTimerCount()).toBe(0);
  memory.stir();
  memory.stir();
  expect(flags()).toEqual(["--no-memory-saver-mode"]);
  vi.advanceTimersByTime(4000);
  expect(flags()).toEqual(["--memory-saver-mode"]);
});

test("one that was stopped does nothing more", () => {
  const memory = new IdleMemory("24.0.0");
  memory.stir();
  memory.stop();
  flags();
  vi.advanceTimersByTime(60_000);
  expect(flags()).toEqual([]);
});

test("a Node that does not know the mode is not told of it", () => {
  const memory = new IdleMemory("22.15.0");
  memory.stir();
  vi.advanceTimersByTime(60_000);
  expect(flags()).toEqual([]);
});
