/**
 * The window of the log: always consecutive, always bounded, whatever is streamed, fetched and
 * scrolled.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogLine } from "../../../protocol/operation.js";
import {
  addPage,
  afterOfJump,
  appendLines,
  followLog,
  LOG_PAGE,
  type LogWant,
  type LogWindow,
  MAX_LINES,
  openLog,
  scrollLog,
  scrollToStart,
  visibleLines,
  wantedLines,
} from "../../../tui/dashboard/core/log/log-window.js";
import { patched } from "../../../tui/dashboard/core/model.js";
import { wantedRange } from "../../../tui/dashboard/pages/log/asks.js";
import { initial } from "./core.js";
import { logLine } from "./operations.js";

const HEIGHT = 20;
const ROOM = { height: HEIGHT, rowsOf: () => 1 };

const line = (n: number) => logLine(n, `line ${n}`);

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => line(from + i));

/** As the daemon answers it for a log of so many lines. */
function answer(want: LogWant, total: number): LogLine[] {
  if ("tail" in want) return range(Math.max(1, total - want.tail + 1), total);
  if ("before" in want) return range(Math.max(1, want.before - LOG_PAGE), want.before - 1);
  const after = "around" in want ? afterOfJump(want.around) : want.after;
  return range(after + 1, Math.min(total, after + LOG_PAGE));
}

/** Fetches until nothing is wanted. */
function finish(log: LogWindow, total: number): LogWindow {
  let now = log;
  for (let rounds = 0; rounds < 20; rounds++) {
    const want = wantedLines(now, HEIGHT);
    if (want === null) return now;
    const lines = answer(want, total);
    const backwards = "before" in want || "tail" in want;
    const more = backwards ? (lines[0]?.n ?? 1) > 1 : (lines.at(-1)?.n ?? total) < total;
    const next = (backwards ? lines[0] : lines.at(-1))?.n ?? null;
    now = addPage(now, want, lines, total, more ? next : null);
  }
  throw new Error("it never has enough");
}

const numbers = (log: LogWindow) => visibleLines(log, ROOM).map(({ n }) => n);

describe("the window", () => {
  test("scrolled up it stands still while lines come in", () => {
    const log = scrollLog(appendLines(openLog("a", 0), range(1, 100)), -10, ROOM);
    expect(numbers(log).at(-1)).toBe(90);
    expect(numbers(appendLines(log, range(101, 150))).at(-1)).toBe(90);
  });

  test("scrolling down to the end follows again", () => {
    const log = scrollLog(appendLines(openLog("a", 0), range(1, 100)), -10, ROOM);
    expect(scrollLog(log, 10, ROOM).follow).toBe(true);
  });

  test("scrolling up past what is held fetches older lines, down to the first", () => {
    let log = appendLines(openLog("a", 3000), range(2501, 3000));
    for (let i = 0; i < 200; i++) log = finish(scrollLog(log, -HEIGHT, ROOM), 3000);
    expect(numbers(log)[0]).toBe(1);
    expect(log.lines.length).toBeLessThanOrEqual(MAX_LINES);
    expect(numbers(finish(followLog(log), 3000)).at(-1)).toBe(3000);
  });

  test("a short log has no way up", () => {
    const log = appendLines(openLog("a", 0), range(1, 5));
    expect(scrollToStart(log, ROOM).follow).toBe(true);
    expect(numbers(scrollLog(log, -3, ROOM))).toEqual([1, 2, 3, 4, 5]);
  });

  test("applying streamed lines twice is harmless", () => {
    const log = appendLines(openLog("a", 0), range(1, 10));
    expect(appendLines(log, range(4, 10))).toBe(log);
  });

  test("lines that came while the end was fetched have it fetched once more", () => {
    const logLinks = [{ id: "a", name: "a", offset: 0, lines: 0 }];
    const wanted = (log: LogWindow) =>
      wantedRange(patched(initial(), "log", { links: logLinks, window: log }), HEIGHT);
    const log = appendLines({ ...openLog("a", 0), behind: true }, range(2, 600));
    const fetched = addPage(log, { tail: LOG_PAGE }, range(91, 590), 590, 91);
    expect(fetched.behind).toBe(true);
    expect(wanted(fetched)).not.toEqual(wanted(log));
    expect(wanted(addPage(fetched, { tail: LOG_PAGE }, range(101, 600), 600, 101))).toBeNull();
  });

  test("lines that were written after the total was told are not shown twice", () => {
    const held = addPage(openLog("a", 0), { after: 0 }, range(1, 12), 10, null);
    expect(appendLines(held, range(11, 13)).lines.map(({ n }) => n)).toEqual(
      range(1, 13).map(({ n }) => n),
    );
  });

  type Step = { stream: number } | { scroll: number } | { to: "start" | "end" };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ stream: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ scroll: fc.integer({ min: -60, max: 60 }) }),
    fc.record({ to: fc.constantFrom("start" as const, "end" as const) }),
  );

  test("is consecutive and bounded, shows a full screen, and reaches the end when followed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4000 }),
        fc.array(step, { maxLength: 40 }),
        (start, steps) => {
          let total = start;
          let log = appendLines(
            openLog("a", total),
            range(Math.max(1, total - LOG_PAGE + 1), total),
          );
          for (const now of steps) {
            if ("stream" in now) {
              log = appendLines(log, range(total + 1, total + now.stream));
              total += now.stream;
            } else if ("scroll" in now) log = scrollLog(log, now.scroll, ROOM);
            else log = now.to === "start" ? scrollToStart(log, ROOM) : followLog(log);
            log = finish(log, total);
            expect(log.lines.length).toBeLessThanOrEqual(MAX_LINES);
            expect(log.lines.map(({ n }) => n)).toEqual(
              Array.from(log.lines, (_, i) => (log.lines[0]?.n ?? 0) + i),
            );
            expect(visibleLines(log, ROOM)).toHaveLength(Math.min(HEIGHT, total));
            if (log.follow && total > 0) expect(numbers(log).at(-1)).toBe(total);
          }
        },
      ),
    );
  });
});
