/**
 * The panel of what waits for the person, the count in the header, and the key that goes from one
 * to the next.
 */
import { expect, test } from "vitest";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { listLayout } from "../../../tui/dashboard/core/layout/layout.js";
import { waitingOf } from "../../../tui/dashboard/core/list/waiting.js";
import { choose } from "../../../tui/dashboard/core/operation/select.js";
import { after, answerTo, effectsOf, opened as open, press, put, screenText } from "./core.js";
import { ago, asked, backup, failed, NOW, operation } from "./operations.js";

const SIZE = { columns: 120, rows: 40 };
const rows = (state: Parameters<typeof screenText>[0]) => screenText(state).split("\n");
const looked = NOW - 60_000;

const approval = asked("Approve", ago(120), { question: "Roll out 4.2?", default: "no" });
const rollout = operation({
  id: "rolloutaaaaa",
  label: "rollout",
  stages: ["Approve"],
  stageStates: { Approve: "active" },
  currentStage: 0,
  state: "queued",
  approvals: [approval],
});
const asks = operation({
  id: "asksaaaaaaaa",
  label: "ask",
  state: "running",
  startedAt: ago(90),
  waitingForInput: { prompt: "Name?", echo: true, number: 1, since: ago(60) },
});
const ends = failed({ label: "deploy", finishedAt: ago(5) });
const odd = operation({
  id: "oddaaaaaaaaa",
  label: "dump",
  state: "succeeded",
  finishedAt: ago(4),
  odd: [{ name: "rows", value: 4, low: 900, high: 1100, runs: 12 }],
});
const schedule = {
  name: "nightly",
  missing: null,
  lastProblem: "2 runs missed",
  lastDueAt: ago(50),
  nextAt: null,
};
const missed = answerTo("queues", { queues: [], schedules: [schedule as ScheduleReply] });

const all = (size = SIZE) => {
  const counts = { queued: 0, running: 1, toAnswer: 2, succeeded: 1, failed: 1, cancelled: 0 };
  const state = open([backup(), rollout, asks, ends, odd], { size, counts, looked });
  return after(choose(state, backup().id), missed);
};

test("each of its kinds has a row, and the header has the count", () => {
  const text = screenText(all());
  expect(rows(all())[0]).toMatch(/● 1 running +○ 0 queued +\? 2 to answer +✗ 3 new/);
  expect(text).toMatch(/─ Waits for you 5 ─+ ! next ─/);
  expect(text).toMatch(/▲ dump +rows 4, usually .* 4s │/);
});

test("a question has no other row, and its keys stand in its row while it is selected", () => {
  const state = choose(all(), rollout.id);
  const text = screenText(state);
  expect(text).toMatch(/▌ \? rollout +Roll out 4\.2\? +i +2m/);
  expect(text).toMatch(/─ Running 1 ─/);
  expect(text).not.toContain("─ Queued");
  expect(listLayout(state).rows).not.toContain(rollout.id);
  const filtered = press(state, "/", ..."rollout", "return");
  expect(listLayout(filtered).rows).toContain(rollout.id);
});

const kinds = (state: ReturnType<typeof all>) => waitingOf(state).map(({ kind }) => kind);

test("! only goes from one to the next", () => {
  const first = press(all(), "!");
  expect(first.selected).toBe(rollout.id);
  const fourth = press(first, "!", "!", "!");
  expect(fourth.selected).toBe(odd.id);
  const queues = press(fourth, "!");
  expect(queues.page).toMatchObject({ kind: "queues", at: 0 });
  const round = press(queues, "!");
  expect([round.selected, round.page]).toEqual([rollout.id, null]);
  expect(kinds(round)).toEqual(["question", "input", "failed", "odd", "schedule"]);
  const answer = { choice: "yes", by: "ada", at: ago(1) };
  const answered = after(round, put({ ...rollout, approvals: [{ ...approval, answer }] }));
  expect(kinds(answered)).toEqual(["input", "failed", "odd", "schedule"]);
});

test("what is opened is looked at with all that ended before, here and by other dashboards; a question stays", () => {
  const at = press(all(), "!", "!", "!");
  const effects = effectsOf(at, { type: "pressed", pressed: { special: "return" } });
  const until = Date.parse(ends.finishedAt!);
  expect(effects).toContainEqual({ type: "remember", looked: until });
  expect(kinds(press(at, "return"))).toEqual(["question", "input", "odd", "schedule"]);
  const elsewhere = after(all(), { type: "looked", until });
  expect(kinds(elsewhere)).toEqual(["question", "input", "odd", "schedule"]);
  expect(after(elsewhere, { type: "looked", until: until - 1 })).toBe(elsewhere);
  expect(kinds(press(press(all(), "!"), "return"))).toHaveLength(5);
});

test("half of the screen has rows of what waits, and the rest is counted", () => {
  const many = Array.from({ length: 8 }, (_, i) =>
    failed({ id: `failed${i}`, label: `job ${i}`, finishedAt: ago(50 - i) }),
  );
  const at = (columns: number, lines: number) =>
    choose(open([backup(), ...many], { size: { columns, rows: lines }, looked }), backup().id);
  expect(screenText(at(120, 40))).toMatch(/Waits for you 8[\s\S]*job 7[\s\S]*job 0/);
  for (const [columns, lines, last] of [
    [80, 24, "job 0"],
    [40, 15, "job 4[\\s\\S]*─ 4 more ─"],
  ] as const) {
    const text = screenText(at(columns, lines));
    expect(text).toMatch(new RegExp(`Waits for you 8[\\s\\S]*job 7[\\s\\S]*${last}`));
    for (const row of text.split("\n")) expect([...row].length).toBeLessThanOrEqual(columns);
  }
  // The selected one is among the rows.
  expect(screenText(choose(at(40, 15), "failed0"))).toMatch(
    /Waits for you 8[\s\S]*job 1[\s\S]*▌ ✗ job 0/,
  );
  // The keys go from what waits to what runs.
  expect(press(choose(at(80, 24), "failed0"), "j").selected).toBe(backup().id);
});

test("a name and a question reach the terminal only as text", () => {
  const dangerous = {
    ...rollout,
    label: "x\x1b[2J",
    approvals: [{ ...approval, question: "\x07Go\u202e?" }],
  };
  const text = screenText(open([dangerous], { size: SIZE }));
  expect(text).toContain("\\x07Go\\u202e?");
  expect(text).toContain("x\\x1b[2J");
});
