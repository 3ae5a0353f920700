/**
 * Queues in the dashboard: pause, priority, what a queued operation waits for, and the page of
 * queues and schedules.
 */
import { describe, expect, test } from "vitest";
import { stageRanSeconds } from "../../../protocol/estimate/seconds.js";
import type { QueueReply, ScheduleReply } from "../../../protocol/replies.js";
import { ACTIONS } from "../../../tui/dashboard/actions.js";
import { reasonOf } from "../../../tui/dashboard/core/keys/action.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { chainTime } from "../../../tui/dashboard/core/time/chain-time.js";
import { stallOf } from "../../../tui/dashboard/core/time/estimate.js";
import { helpItems, shownItems } from "../../../tui/dashboard/pages/help/help-items.js";
import { elapsedOf } from "../../../tui/describe/duration.js";
import {
  act,
  action,
  after,
  answerTo,
  effectsOf,
  firstRun,
  opened as open,
  press,
  screenText,
  update,
  wanted,
} from "./core.js";
import { ago, backup, failed, operation, queued, scanning, verify } from "./operations.js";

const SIZE = { columns: 160, rows: 50 };
const COUNTS = { queued: 1, running: 1, toAnswer: 0, succeeded: 0, failed: 0, cancelled: 0 };
const paused = (seconds = 0) => ({ since: ago(20), seconds, changes: 1 });
const key = (input: string) => ({ type: "pressed", pressed: { input } }) as const;

function queue(over: Partial<QueueReply> & { name: string }): QueueReply {
  return {
    concurrency: 2,
    pausedSince: null,
    configured: false,
    queued: 1,
    running: 1,
    toAnswer: 0,
    ...over,
  };
}

function schedule(over: Partial<ScheduleReply> & { name: string }): ScheduleReply {
  return {
    cron: "0 2 * * *",
    zone: "UTC",
    catchup: "none",
    operation: { op: "backup" },
    env: [],
    createdAt: ago(9000),
    nextAt: ago(-3600),
    lastDueAt: ago(9000),
    lastOperation: null,
    missed: 0,
    lastSuccessAt: null,
    missing: null,
    lastProblem: null,
    rebootProblem: null,
    file: null,
    ...over,
  };
}

const told = (queues: QueueReply[], schedules: ScheduleReply[] = []) =>
  answerTo("queues", { queues, schedules });

/** What the key asks the daemon for; null: nothing. */
function sentBy(state: State, input: string) {
  const effect = effectsOf(state, key(input)).find(({ type }) => type === "send");
  return effect?.type === "send" ? effect.request : null;
}

const reason = (name: string, state: State) => reasonOf(action(name), state);

describe("p", () => {
  test("asks whether to pause what runs, and resumes it at once; marked ones together, those that run first", () => {
    const both = [backup(), scanning({ pause: paused() })];
    expect(sentBy(open([backup()]), "p")).toBeNull();
    const asked = press(open([backup()]), "p");
    expect(screenText(asked)).toMatch(/Pause nightly\? +⏎ yes +n no/);
    expect(screenText(asked)).toContain(`$ liveops pause ${backup().id}`);
    expect(sentBy(asked, "n")).toBeNull();
    expect(sentBy(asked, "y")).toEqual({ kind: "pause", ids: [backup().id] });
    expect(sentBy(open([backup({ pause: paused() })]), "p")).toEqual({
      kind: "resume",
      ids: [backup().id],
    });
    const marked = press(open(both), "g", " ", " ");
    expect(marked.list.marked.size).toBe(2);
    const askedOfMarked = press(marked, "p");
    expect(sentBy(askedOfMarked, "y")).toEqual({ kind: "pause", ids: [backup().id] });
    const answered = after(press(askedOfMarked, "y"), {
      type: "answered",
      request: { kind: "pause", ids: [backup().id] },
      operations: [backup({ pause: paused() })],
    });
    expect(answered.notice).toMatchObject({
      text: "paused",
      command: `liveops pause ${backup().id}`,
    });
    expect(answered.list.marked.size).toBe(2);
  });

  test("on a queued one it asks whether to pause the queue, and then to resume it", () => {
    const waiting = after(
      open([queued({ queue: "gpu" })], { size: SIZE }),
      told([queue({ name: "default" }), queue({ name: "gpu", running: 3 })]),
    );
    const asked = press(waiting, "p");
    expect(asked.question?.request).toEqual({ kind: "pause-queue", name: "gpu" });
    expect(screenText(asked)).toContain("Pause queue gpu? Nothing starts. 3 running continue.");
    expect(screenText(asked)).toContain("$ liveops pause --queue gpu");
    expect(sentBy(asked, "y")).toEqual({ kind: "pause-queue", name: "gpu" });
    const held = after(
      waiting,
      told([queue({ name: "default" }), queue({ name: "gpu", pausedSince: ago(9) })]),
    );
    expect(press(held, "p").question?.request).toEqual({ kind: "resume-queue", name: "gpu" });
    const idle = act(open([failed()]), "pause-queue");
    expect(idle.question?.request).toEqual({ kind: "pause-queue", name: "default" });
    const busy = press(open([backup(), failed()], { counts: COUNTS }), "j", "p");
    expect(busy.question).toBeNull();
    expect(busy.notice?.text).toBe("already finished");
  });

  test("says why it cannot: cancelling, different queues; in the log it pauses too", () => {
    expect(reason("pause", open([backup({ cancelRequested: true })]))).toBe("already cancelling");
    const two = [queued(), queued({ id: "othereeeeeee", queue: "gpu" })];
    expect(reason("pause-queue", press(open(two), "g", " ", " "))).toMatch(/different queues/);
    expect(press(open([backup()]), "return", "p").question?.request.kind).toBe("pause");
  });
});

describe("a paused operation", () => {
  const it = backup({ pause: { since: ago(20), seconds: 10, changes: 3 }, updatedAt: ago(600) });

  test("its times stand still, and it is no stall", () => {
    const state = open([it], { size: SIZE });
    expect(elapsedOf(it, state.now)).toBe(45);
    expect(elapsedOf(it, state.now + 60_000)).toBe(45);
    expect(stageRanSeconds(it, "Archive", state.now + 60_000)).toBe(45);
    expect(chainTime(state, it)).toEqual(chainTime({ ...state, now: state.now + 60_000 }, it));
    expect(stallOf(state, it)).toBeNull();
  });

  test("has its own sign and word in list and detail, with the total", () => {
    const text = screenText(open([it], { size: SIZE }));
    expect(text).toMatch(/▌ ‖ nightly .* paused │/);
    expect(text).toMatch(/─ ‖ nightly .*─ paused ─╮/);
    expect(text).toContain("paused for 20s");
    expect(text).toContain("paused 30s in all");
  });

  test("the waterfall shows the pause that lasts, and counts no pause", () => {
    const text = screenText(open([it], { size: SIZE }));
    expect(text).toMatch(/‖ nightly +45s +[┄╺━╸]+‖+/);
  });
});

describe("what a queued operation waits for", () => {
  const A = operation({ id: "aaaaaaaaaaaa", state: "running", label: "build", startedAt: ago(5) });
  const B = operation({
    id: "bbbbbbbbbbbb",
    state: "succeeded",
    label: "lint",
    finishedAt: ago(5),
  });
  const wait = (over: Parameters<typeof operation>[0]) => queued({ queuePosition: null, ...over });
  const three = wait({ id: "threedddddd1", after: [A.id, B.id, "gonegonegone"], waitsFor: [A.id] });
  const late = wait({ id: "latelatelate", label: "late", notBefore: "2026-01-02T14:30:00.000Z" });
  const held = queued({ id: "heldheldheld", label: "held", queue: "gpu" });

  test("operations, a time, a paused queue: in the list", () => {
    const state = after(
      open([A, B, three, late, held], { size: SIZE, counts: { ...COUNTS, queued: 3 } }),
      told([queue({ name: "default" }), queue({ name: "gpu", pausedSince: ago(9) })]),
    );
    const text = screenText(state);
    expect(text).toMatch(/after build +after 1/);
    expect(text).toMatch(/late +at 14:30 +14:30/);
    expect(text).toMatch(/○ held +queue gpu paused +paused/);
    expect(text).toContain("─ Queued 3 ─");
    expect(text.split("\n")[1]).toBe(" ‖ queue gpu paused  Q shows");
  });

  test("in the detail with the states of the operations; one that is not known is asked for", () => {
    const state = press(open([A, B, three], { size: SIZE }), "j");
    const text = screenText(state);
    expect(text).toContain("after ● build · ✓ lint · ? gonegonegone");
    expect(text).toContain("starts after build");
    expect(wanted(state, "dependencies")).toEqual({ ids: ["gonegonegone"] });
  });

  test("they stand behind those that can start, in the order in which they could", () => {
    const next = queued({ id: "nextnextnext" });
    expect(press(open([late, three, held, next]), "z").list.order).toEqual([
      next.id,
      held.id,
      three.id,
      late.id,
    ]);
  });
});

test("finished operations stand in the order of their ends", () => {
  const at = (id: string, created: number, ended: number) =>
    operation({ id, state: "succeeded", createdAt: ago(created), finishedAt: ago(ended) });
  const order = open([
    at("longaaaaaaaa", 900, 10),
    at("shortbbbbbbb", 100, 90),
    at("otherccccccc", 500, 50),
  ]);
  expect(order.list.order).toEqual(["longaaaaaaaa", "otherccccccc", "shortbbbbbbb"]);
});

test("a very long time stands apart from the percent", () => {
  const slow = backup({ progress: { ...backup().progress!, rate: 50.2 } });
  const text = screenText(after(open([slow], { size: SIZE }), firstRun("backup")));
  expect(text).toMatch(/▌ . nightly .*(?:%|…) +≥?~?326d │/);
});

test("an action that failed is told, and all of it in the details", () => {
  const failure = {
    event: "failure",
    source: "pipeline",
    at: ago(3),
    message: "exited with 1\nmore",
  } as const;
  const record = failed({
    actionFailures: [failure],
    schedule: "nightly",
    queue: "gpu",
    priority: 2,
  });
  const state = open([record], { size: SIZE });
  expect(screenText(state)).toContain("▲ action failure failed: exited with 1");
  expect(screenText(state)).toContain("queue gpu · priority 2 · schedule nightly");
});

describe("queues and schedules", () => {
  const list = after(
    open([backup()], { size: SIZE }),
    told(
      [queue({ name: "default" }), queue({ name: "gpu", pausedSince: ago(60) })],
      [schedule({ name: "weekly", nextAt: ago(-86_400 * 3) }), schedule({ name: "nightly" })],
    ),
  );

  test("the page lists them with the facts of the chosen one; p acts on it", () => {
    const page = press(list, "Q");
    const text = screenText(page);
    expect(text).toMatch(/ {2}nightly +04:04 +none +0 2 \* \* \* UTC /);
    expect(screenText(press(page, "j"))).toContain("‖ paused for 1m: nothing starts");
    expect(screenText(press(page, "G"))).toContain("next run in 1h00m · catch up");
    expect(press(page, "p").question?.request).toEqual({ kind: "pause-queue", name: "default" });
    expect(press(page, "j", "p").question?.request).toEqual({ kind: "resume-queue", name: "gpu" });
    expect(press(page, "G", "p").question).toBeNull();
    expect(press(page, "Q").page).toBeNull();
  });

  test.each([
    [100, 30],
    [40, 15],
  ])("the page at %ix%i keeps the chosen row, and no row is too wide", (columns, rows) => {
    const size = { columns, rows };
    const many = Array.from({ length: 20 }, (_, i) => queue({ name: `queue-${i}` }));
    const late = schedule({ name: "weekly", lastProblem: "the file is gone" });
    const failing = schedule({
      name: "hourly",
      missing: { kind: "unsuccessful", text: "no success in 3 runs", since: ago(9000) },
    });
    const state = after(open([backup()], { size }), told(many, [failing, late]));
    for (const page of [
      press(state, "Q"),
      press(state, "Q", "G"),
      press(state, "Q", "j", "j", "j"),
    ]) {
      const lines = screenText(page).split("\n");
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
      expect(screenText(page)).toMatch(/Queues 20/);
      expect(screenText(page)).toContain("▌");
    }
    expect(screenText(press(state, "Q", "G"))).toMatch(/hourly .*▲ fails[\s\S]*weekly .*▲ no run/);
  });

  test("a schedule that a reboot stops says so, with the command", () => {
    const rebootProblem = "after a reboot, schedules stand still: liveops install";
    const state = after(
      open([backup()]),
      told([queue({ name: "default" })], [schedule({ name: "weekly", rebootProblem })]),
    );
    expect(screenText(press(state, "Q", "j"))).toMatch(/▲ after a reboot/);
  });

  test("the header has the next run; the same answer draws nothing anew", () => {
    expect(screenText(list).split("\n")[0]).toContain("next nightly 04:04");
    expect(update(list, told([...list.queues.all], [...list.queues.schedules]))).toBe(list);
  });

  test("the help knows the commands of the CLI, with the reason where one cannot be run", () => {
    const name = (typed: string) => shownItems(list, typed)[0];
    expect(name("queue")?.name).toBe("queues");
    expect(name("schedule")?.name).toBe("queues");
    expect(name("pause")).toMatchObject({ name: "pause", disabledReason: null });
    expect(name("resume")).toMatchObject({ name: "pause", disabledReason: null });
    expect(name("again")).toMatchObject({ name: "again", disabledReason: "not finished yet" });
    const inLog = helpItems(press(list, "return")).map((item) => item.name);
    expect(inLog).toContain("pause");
  });

  test("one key does not mean two things, whatever is selected", () => {
    const states = [
      list,
      press(list, "Q"),
      open([queued()]),
      open([backup({ pause: paused() }), verify()]),
    ];
    for (const state of states) {
      const live = ACTIONS.filter((each) => each.when(state) && reasonOf(each, state) === null);
      const keys = live.flatMap(({ keys: own }) => own);
      expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted());
    }
  });
});
