/** The pace of drawing: data at most ten times a second, a key at once, nothing where nothing changed. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { Store } from "../../../tui/dashboard/store.js";
import { answerTo, changed, initial } from "./core.js";
import { backup, failed, logLine, NOW, queued } from "./operations.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

function opened() {
  const store = new Store(initial(), { now: () => NOW });
  let drawings = 0;
  store.subscribe(() => drawings++);
  const operations = [backup(), queued(), failed()];
  store.dispatch({ type: "watched", line: { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } });
  vi.advanceTimersByTime(1000);
  drawings = 0;
  const percent = (value: number) => store.dispatch(changed(backup().id, { percent: value }));
  return { store, percent, drawings: () => drawings };
}

test("data that comes all the time is drawn ten times a second", () => {
  const { percent, drawings } = opened();
  for (let i = 0; i < 1000; i++) {
    percent(i % 100);
    vi.advanceTimersByTime(1);
  }
  expect(drawings()).toBeGreaterThanOrEqual(9);
  expect(drawings()).toBeLessThanOrEqual(11);
});

test("a key is answered at once, even right after data was drawn", () => {
  const { store, percent, drawings } = opened();
  percent(1);
  expect(drawings()).toBe(1);
  store.dispatch({ type: "pressed", pressed: { input: "j" } });
  expect(drawings()).toBe(2);
  expect(store.drawn().selected).toBe(queued().id);
});

test("a key that is held down is answered thirty times a second, and no slower the longer it is held", () => {
  const { store, drawings } = opened();
  for (let i = 0; i < 1000; i++) {
    store.dispatch({ type: "pressed", pressed: { input: i % 2 ? "k" : "j" } });
    vi.advanceTimersByTime(1);
  }
  expect(drawings()).toBeGreaterThanOrEqual(28);
  expect(drawings()).toBeLessThanOrEqual(32);
});

test("lines that wait to be drawn are in the state that is asked for", () => {
  const { store, percent } = opened();
  percent(1);
  percent(77);
  expect(store.state.view.operations.get(backup().id)?.percent).toBe(77);
  expect(store.drawn().view.operations.get(backup().id)?.percent).toBe(1);
  vi.advanceTimersByTime(100);
  expect(store.drawn().view.operations.get(backup().id)?.percent).toBe(77);
});

test("a log that grows all the time is drawn three times a second; its first line waits for nothing", () => {
  const { store } = opened();
  store.dispatch({ type: "pressed", pressed: { input: "k" } });
  const { id } = backup();
  let [drawings, last] = [0, store.drawn().log.window.total];
  store.subscribe(() => {
    if (store.drawn().log.window.total !== last) drawings++;
    last = store.drawn().log.window.total;
  });
  vi.advanceTimersByTime(1000);
  const start = last;
  const log = (n: number) => store.dispatch(answerTo("logStream", [logLine(start + n, "a line")], { id }));
  log(1);
  expect(drawings).toBe(1);
  for (let n = 2; n <= 21; n++) {
    log(n);
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(1000);
  expect(drawings).toBeGreaterThanOrEqual(5);
  expect(drawings).toBeLessThanOrEqual(8);
  expect(last).toBe(start + 21);
});
