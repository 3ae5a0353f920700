/**
 * Where text mode prints: on a terminal, in a pipe, under NO_COLOR, FORCE_COLOR, CI and TERM=dumb.
 */
import { expect, test } from "vitest";
import { type BarView, barLine } from "../../../tui/text/bar.js";
import type { TextLine } from "../../../tui/text/lines.js";
import { TextScreen } from "../../../tui/text/screen.js";

/** One record of all that both streams were given, in order. */
function screenOn(terminal: boolean, env: Record<string, string> = {}) {
  const written: string[] = [];
  const stream = (name: string) => ({
    isTTY: terminal,
    columns: 60,
    write: (text: string) => written.push(`${name} ${text}`),
  });
  const screen = new TextScreen({ stdout: stream("out"), stderr: stream("err"), env, interval: 0 });
  return { screen, written };
}

const view = (percent: number, total: number | null = 10): BarView => ({
  percent,
  progress: { done: percent / 10, total, unit: "row", label: "Rows", rate: 5, etaSeconds: 2 },
  stage: "Load",
});
const bar = (percent: number, total: number | null = 10): TextLine => ({
  to: "bar",
  view: view(percent, total),
});
const line: TextLine = { to: "out", text: "hello", tone: "plain" };
const header: TextLine = { to: "out", text: "=== [1/3] Load ===", tone: "header" };
const gone: TextLine = { to: "bar", view: null };

const DRAWN = "err \r\x1b[2K";

test("on a terminal the bar is drawn over, and cleared before any other output", () => {
  const { screen, written } = screenOn(true, { NO_COLOR: "1" });
  screen.print([bar(50), line, gone]);
  expect(written).toEqual([
    `${DRAWN}${barLine(view(50), 59)}`,
    DRAWN,
    "out hello\n",
    `${DRAWN}${barLine(view(50), 59)}`,
    DRAWN,
  ]);
});

test.each([
  ["a pipe", false, {}],
  ["CI", true, { CI: "true", NO_COLOR: "1" }],
  ["TERM=dumb", true, { TERM: "dumb" }],
])("in %s: a plain line a tenth, and no escape", (_name, terminal, env) => {
  const { screen, written } = screenOn(terminal, env as Record<string, string>);
  screen.print([
    header,
    bar(0),
    bar(9),
    bar(10),
    bar(14),
    bar(35),
    line,
    bar(100),
    gone,
    bar(5),
    bar(20),
    gone,
  ]);
  expect(written).toEqual([
    "out === [1/3] Load ===\n",
    "err Rows 10% (1/10 rows)\n",
    "err Rows 35% (3.5/10 rows)\n",
    "out hello\n",
    "err Rows 100% (10/10 rows)\n",
    "err Rows 20% (2/10 rows)\n",
  ]);
});

test("each of several bars in a stage has its tenths, and an empty one says that it is", () => {
  const { screen, written } = screenOn(false);
  const of = (label: string, done: number, total: number): TextLine => ({
    to: "bar",
    view: {
      percent: total === 0 ? 100 : (100 * done) / total,
      progress: { done, total, unit: "row", label, rate: null, etaSeconds: null },
      stage: "Load",
    },
  });
  screen.print([of("One", 3, 3), of("Two", 3, 3), of("Two", 3, 3), of("Three", 0, 0)]);
  expect(written).toEqual([
    "err One 100% (3/3 rows)\n",
    "err Two 100% (3/3 rows)\n",
    "err Three 100% (no rows)\n",
  ]);
});

test("the tenths of a bar are not said again after an untracked stage with a bar of its own", () => {
  const { screen, written } = screenOn(false);
  const inside: TextLine = {
    to: "bar",
    view: { percent: 50, progress: null, stage: "Warm cache" },
  };
  const untracked = (when: "begins" | "ends"): TextLine => ({
    to: "bar",
    view: null,
    untracked: when,
  });
  screen.print([bar(30), untracked("begins"), inside, untracked("ends"), bar(30), bar(40)]);
  screen.print([untracked("begins"), inside, untracked("ends"), bar(40), gone, bar(40)]);
  expect(written).toEqual([
    "err Rows 30% (3/10 rows)\n",
    "err Warm cache 50%\n",
    "err Rows 40% (4/10 rows)\n",
    "err Warm cache 50%\n",
    "err Rows 40% (4/10 rows)\n",
  ]);
});

test("an unknown total has no tenths", () => {
  const { screen, written } = screenOn(false);
  screen.print([bar(0, null), bar(50, null)]);
  expect(written).toEqual([]);
});

test.each([
  ["a terminal", true, {}, true],
  ["NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR", true, { NO_COLOR: "" }, true],
  ["TERM=dumb", true, { TERM: "dumb" }, false],
  ["a pipe", false, {}, false],
  ["a pipe with FORCE_COLOR", false, { FORCE_COLOR: "1" }, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
  ["NO_COLOR over FORCE_COLOR", false, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
])("colours: %s", (_name, terminal, env, coloured) => {
  const { screen, written } = screenOn(terminal, env as unknown as Record<string, string>);
  screen.print([header, { to: "out", text: "\x1b[31mlog\x1b[0m", tone: "plain" }]);
  expect(written).toEqual([
    coloured ? "out \x1b[1m=== [1/3] Load ===\x1b[22m\n" : "out === [1/3] Load ===\n",
    coloured ? "out \x1b[31mlog\x1b[0m\n" : "out log\n",
  ]);
});

test("the bar's figures", () => {
  expect(barLine(view(50), 80)).toBe(
    "[███████████████░░░░░░░░░░░░░░░]  50%  5/10 rows  5 rows/s  ETA 2s  Rows",
  );
  const guess = { ...view(50), progress: { ...view(50).progress!, approximate: true } };
  expect(barLine(guess, 80)).toBe(barLine(view(50), 80).replace("  50%", " ~50%"));
  expect(barLine(view(20, null), 80)).toMatch(
    /^\[░░█{3}░+\] 2 rows {2}5 rows\/s {2}ETA 2s {2}Rows$/,
  );
});

test("the bar is never wider than the terminal", () => {
  for (let columns = 1; columns <= 120; columns++) {
    expect(barLine(view(37), columns).length).toBeLessThanOrEqual(columns);
    expect(barLine(view(37, null), columns).length).toBeLessThanOrEqual(columns);
  }
});

test("each line of a step begins with its name, made harmless, always in the same colour", () => {
  const of = (step: string): TextLine => ({ to: "out", text: "hello", tone: "plain", step });
  const { screen, written } = screenOn(false);
  screen.print([of("unit"), of("a\x1b[31mb")]);
  expect(written).toEqual(["out [unit] hello\n", "out [a\\x1b[31mb] hello\n"]);
  const coloured = screenOn(true);
  coloured.screen.print(["unit", "lint", "unit", "e2e"].map(of));
  const colours = coloured.written.map((text) => /\x1b\[(\d+)m\[/.exec(text)?.[1]);
  expect(colours[0]).toBe(colours[2]);
  expect(new Set(colours).size).toBeGreaterThan(1);
  expect(colours).not.toContain("31");
});
