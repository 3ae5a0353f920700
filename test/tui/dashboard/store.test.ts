/**
 * The pace of drawing: data at most ten times a second, a key at once, nothing where nothing
 * changed.
 */
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
  store.dispatch({
    type: "watched",
    line: { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS },
  });
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
  vi.advanceTimersByTime(1);
  expect(drawings()).toBe(1);
  percent(2);
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

test("what nobody waits for is drawn within a second, or with the next change", () => {
  const { store, percent, drawings } = opened();
  const line = { type: "moved" as const, queue: "default", ids: [] };
  for (let i = 0; i < 20; i++) {
    store.dispatch(changed(backup().id, { updatedAt: `${i}`, seq: i + 100 }));
    store.dispatch({ type: "watched", line });
    vi.advanceTimersByTime(100);
  }
  expect(drawings()).toBeGreaterThanOrEqual(1);
  expect(drawings()).toBeLessThanOrEqual(3);
  store.dispatch(changed(backup().id, { seq: 900 }));
  percent(1);
  vi.advanceTimersByTime(100);
  expect(store.drawn().view.operations.get(backup().id)).toMatchObject({ seq: 900, percent: 1 });
});

test("a burst is taken in ten times a second while the terminal takes no drawing, and a key goes before it", () => {
  // The store reads the clock once for the lines that it takes in together.
  let times = 0;
  const clock = { now: () => NOW + times++ };
  let isReady = true;
  const store = new Store(initial(), clock, undefined, () => isReady);
  const operations = [backup(), queued(), failed()];
  store.dispatch({
    type: "watched",
    line: { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS },
  });
  vi.advanceTimersByTime(1000);
  isReady = false;
  const percentIn = (state: ReturnType<Store["drawn"]>) =>
    state.view.operations.get(backup().id)?.percent;
  const [was, before] = [percentIn(store.state), times];
  for (let i = 0; i < 2400; i++)
    store.dispatch(changed(backup().id, { percent: i / 24, seq: i + 100 }));
  expect([times - before, percentIn(store.state)]).toEqual([0, was]);
  store.dispatch({ type: "pressed", pressed: { input: "q" } });
  expect([store.drawn().quit?.code, percentIn(store.drawn())]).toEqual([0, was]);
  vi.advanceTimersByTime(100);
  expect(percentIn(store.state)).toBe(2399 / 24);
  expect(times - before).toBeLessThan(20);
});

test("a terminal that takes drawings again gets the one that was due, and no other", () => {
  let isReady = false;
  const store = new Store(initial(), { now: () => NOW }, undefined, () => isReady);
  let drawings = 0;
  store.subscribe(() => drawings++);
  store.dispatch({ type: "pressed", pressed: { input: "?" } });
  expect(drawings).toBe(0);
  isReady = true;
  store.ready();
  expect([drawings, store.drawn().entry?.kind]).toEqual([1, "help"]);
  store.dispatch(changed(backup().id, backup()));
  store.ready();
  expect(drawings).toBe(1);
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
  const log = (n: number) =>
    store.dispatch(answerTo("logStream", [logLine(start + n, "a line")], { id }));
  log(1);
  vi.advanceTimersByTime(1);
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
