/** The third column of a wide terminal: what starts next, the hosts, what finished today. */
import { describe, expect, test } from "vitest";
import type { Message } from "../../../tui/dashboard/core/message.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { after, answerTo, opened as open, screenText, update } from "./core.js";
import { FLEET } from "./fleet.js";
import { ago, backup, backupDone, failed, operation, queued } from "./operations.js";

const SIZE = { columns: 200, rows: 50 };
const WIDTH = 40;
/** The rows of the third column. */
const asideOf = (state: State): string[] =>
  screenText(state)
    .split("\n")
    .slice(1, -1)
    .map((row) =>
      [...row]
        .slice(SIZE.columns - WIDTH)
        .join("")
        .trimEnd(),
    );

const schedules = (...all: { name: string; nextAt: string | null }[]): Message =>
  answerTo("queues", {
    queues: [],
    schedules: all.map((each) => ({ ...each, lastProblem: null, pausedSince: null })) as never,
  });

test("is there from 180 columns on, and neither the list nor a click there changes", () => {
  const at = (columns: number) => screenText(open([backup()], { size: { columns, rows: 40 } }));
  expect(at(179)).not.toContain("─ Today ─");
  expect(at(180)).toContain("─ Today ─");
  for (const row of at(180).split("\n")) expect([...row].length).toBeLessThanOrEqual(180);
  const state = open([backup()], { size: SIZE });
  expect(update(state, { type: "clicked", x: 190, y: 5 })).toMatchObject({ pane: state.pane });
});

describe("next", () => {
  test("has schedules and queued operations in the order of their starts", () => {
    const one = queued({ id: "queueddddddd", label: "job\x1b[2J 1" });
    const late = queued({ id: "latelatelate", label: "late", notBefore: "2026-01-02T14:30:00.000Z" });
    const state = after(
      open([one, late], { size: SIZE }),
      schedules({ name: "nightly", nextAt: "2026-01-02T03:30:00.000Z" }, { name: "paused", nextAt: null }),
      answerTo("forecast", {
        at: ago(0),
        emptyAt: null,
        operations: { [one.id]: { startsAt: ago(-60), endsAt: null } },
      }),
    );
    expect(asideOf(state).slice(1, 4)).toEqual([
      expect.stringMatching(/^│ 03:05 +job\\x1b\[2J 1 +│$/),
      expect.stringMatching(/^│ 03:30 +nightly +schedule │$/),
      expect.stringMatching(/^│ 14:30 +late +│$/),
    ]);
  });

  test("says how many more there are, and that there is nothing", () => {
    const many = Array.from({ length: 90 }, (_, i) => ({ name: `s${i}`, nextAt: ago(-60 * (i + 1)) }));
    const rows = asideOf(after(open([backup()], { size: SIZE }), schedules(...many)));
    const shown = rows.filter((row) => row.includes("schedule")).length;
    expect(rows.join("\n")).toContain(`⋯ ${90 - shown} more`);
    expect(asideOf(open([backup()], { size: SIZE }))[1]).toContain("nothing is planned");
  });
});

test("hosts are those of the fleet with their slots, or the state that is not up", () => {
  const rows = asideOf(after(open([backup()], { size: SIZE }), answerTo("hosts", FLEET)));
  const text = rows.join("\n");
  expect(text).toContain("─ Hosts ─");
  expect(text).toMatch(/● build-1 +5\/8 slots/);
  expect(text).toMatch(/▲ build-2 +unreachable/);
});

test("today has a column for each hour, the counts and the median; what the list has not is told", () => {
  const state = open(
    [
      backupDone({ seconds: 20 }),
      operation({ id: "okokokokokok", state: "succeeded", seconds: 40, finishedAt: ago(7300) }),
      failed({ finishedAt: ago(600) }),
      failed({ id: "oldoldoldold", finishedAt: ago(90_000) }),
    ],
    { size: SIZE, counts: { queued: 0, running: 0, succeeded: 2, failed: 2, cancelled: 0 } },
  );
  const rows = asideOf(state);
  const at = rows.findIndex((row) => row.includes("─ Today ─"));
  expect(rows[at + 1]).toMatch(/^│ [▁█▄▅▃▆]{3,4} +│$/);
  expect(rows[at + 2]).toMatch(/^│ ✓ 2 {2}✗ 1 {2}median 40s +│$/);
  const since = new Date(new Date(state.now).setHours(0, 0, 0, 0)).toISOString();
  const counted = asideOf(update(state, answerTo("today", { count: 1234, succeeded: 1000 }, { since })));
  expect(counted.join("\n")).toContain("newest 3 of 1,234");
});

test("the header counts what succeeded today, also since it was counted", () => {
  const counts = { queued: 0, running: 0, succeeded: 2, failed: 2, cancelled: 0 };
  const state = open([backup()], { size: SIZE, counts });
  const since = new Date(new Date(state.now).setHours(0, 0, 0, 0)).toISOString();
  const counted = update(state, answerTo("today", { count: 14, succeeded: 10 }, { since }));
  expect(screenText(counted)).toMatch(/✓ 10 today/);
  const view = { ...counted.view, counts: { ...counts, succeeded: 3, failed: 4 } };
  expect(screenText({ ...counted, view })).toMatch(/✓ 11 today/);
});

test("a shell command is shown as it is typed", () => {
  const args = ["sh", "-c", "sleep 30 & wait"];
  const command = operation({
    id: "shellllllll1",
    op: "shell",
    title: "x",
    params: { args },
    state: "running",
  });
  const text = screenText(open([command], { size: SIZE }));
  expect(text).toContain("$ sh -c 'sleep 30 & wait'");
  expect(text).not.toContain("sh -c sleep");
});
