/** Questions to a person: the card, the keys with their confirmation; the bell and its list. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Approval, Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import { needsOf } from "../../../tui/dashboard/core/needs.js";
import { choose } from "../../../tui/dashboard/core/select.js";
import { LookedFile } from "../../../tui/dashboard/looked-file.js";
import { useDirectories } from "../../harness/temporary.js";
import { act, after, answerTo, effectsOf, opened as open, press, put, screenText } from "./core.js";
import { ago, backup, failed, NOW, operation } from "./operations.js";

const directory = useDirectories();

const SIZE = { columns: 120, rows: 36 };

function asks(over: Partial<Approval> = {}, more: Partial<Operation> = {}): Operation {
  const asked = {
    stage: "Approve",
    occurrence: 1,
    question: "Roll out 4.2 to prod?",
    choices: ["yes", "no"],
    default: "no",
    attempt: 1,
    since: ago(120),
    until: ago(-3600),
    answer: null,
    ...over,
  };
  return operation({
    id: "rolloutaaaaa",
    label: "rollout",
    title: "Roll out",
    stages: ["Build", "Approve", "Deploy"],
    stageStates: { Build: "done", Approve: "active" },
    currentStage: 1,
    state: "queued",
    blocked: { reason: `approval: ${asked.question}`, since: asked.since },
    approvals: [asked],
    ...more,
  });
}

const rows = (state: Parameters<typeof screenText>[0]) => screenText(state).split("\n");

describe("a question", () => {
  test("has a calm card with its choices, its end and its keys, and a row of the list", () => {
    const state = choose(open([backup(), asks()], { size: SIZE }), "rolloutaaaaa");
    const text = screenText(state);
    expect(text).toContain("? Roll out 4.2 to prod?");
    expect(text).toMatch(/yes · no \(default\) {3}asked 2m ago, until .*\d\d:\d\d, then no/);
    expect(rows(state).at(-1)).toContain("i answer");
    expect(text).not.toContain("blocked for");
    expect(text).toMatch(/rollout.*Roll out 4.2.*answer\?/);
  });

  test("of an exported run has no keys, and needs nobody", () => {
    const state = open([asks()], { size: SIZE, readOnly: "run.json" });
    expect(screenText(state)).toMatch(/yes · no \(default\) {3}asked/);
    expect(screenText(state)).not.toContain("i answer");
    expect(needsOf(state)).toEqual([]);
  });

  test("i asks it; y sends the only choice, n the rejection, and escape leaves it open", () => {
    const asked = press(choose(open([asks()], { size: SIZE }), "rolloutaaaaa"), "i");
    expect(rows(asked).at(-1)).toContain("rollout: Roll out 4.2 to prod?  y yes  n no  esc later");
    expect(rows(asked).at(-2)).toContain("$ liveops approve rolloutaaaaa/1 yes");
    const request = { kind: "answer", ids: ["rolloutaaaaa"], since: ago(120), attempt: 1 };
    expect(press(asked, "y").request).toEqual({ ...request, choice: "yes" });
    expect(press(asked, "n").request).toEqual({ ...request, choice: "no" });
    expect(press(asked, "escape")).toMatchObject({ question: null, request: null });
  });

  test("of several choices has them in the palette, and goes when somebody else answers", () => {
    const state = choose(open([asks({ choices: ["canary", "all", "no"] })], { size: SIZE }), "rolloutaaaaa");
    const choices = press(state, "i");
    expect(screenText(choices)).toMatch(
      /▌answer: canary +approve[\s\S]*answer: all +approve[\s\S]*answer: no +reject/,
    );
    expect(screenText(choices)).toContain("$ liveops approve rolloutaaaaa/1 canary");
    const sure = press(choices, "downArrow", "return");
    expect(rows(sure).at(-1)).toContain("Approve rollout with all?");
    const answer = { choice: "all", by: "ada", at: ago(1) };
    const running = asks({ answer }, { state: "running", blocked: null });
    expect(after(sure, put(running)).question).toBeNull();
    // Where somebody else answers and the next question comes at once, too.
    expect(after(sure, put(asks({ question: "Sure?", since: ago(1) }))).question).toBeNull();
  });
});

describe("the bell", () => {
  const schedule = {
    name: "nightly",
    pausedSince: null,
    nextAt: null,
    lastProblem: null,
    lastOperation: null,
    rebootProblem: null,
    cron: "@daily",
    zone: "UTC",
    jitter: 0,
    overlap: "skip",
    catchup: "none",
    missed: 2,
    operation: { op: "backup" },
    file: null,
    missing: { kind: "missed", text: "2 runs missed", since: ago(600) },
  } as unknown as ScheduleReply;
  const told = (...schedules: ScheduleReply[]): Message => answerTo("queues", { queues: [], schedules });
  const fails = failed();
  const before = { ...fails, state: "running" as const, error: null, finishedAt: null };
  const all = () => {
    const state = choose(open([backup(), asks(), before], { size: SIZE }), backup().id);
    return after(state, put(fails), told(schedule));
  };

  test("counts what needs a person, and N lists it; enter shows an item and takes it off", () => {
    const state = all();
    expect(rows(state)[0]).toContain("◆ 3 need you");
    const list = act(state, "needs");
    const text = screenText(list);
    expect(text).toMatch(/\? rollout +Roll out 4.2 to prod\?/);
    expect(text).toMatch(/✗ .*\n.*▲ schedule nightly +2 runs missed/);
    const shown = press(list, "return");
    expect(shown).toMatchObject({ selected: "rolloutaaaaa", page: null });
    expect(rows(shown)[0]).toContain("◆ 2 need you");
    const queues = press(press(act(shown, "needs"), "j"), "return");
    expect(queues.page).toMatchObject({ kind: "queues" });
    expect(rows(queues)[0]).toContain("◆ 1 needs you");
  });

  test("counts an odd success that ended since the dashboard was started", () => {
    const numbers = [{ name: "bytes", value: 4, low: 900, high: 1100, runs: 12 }];
    const ended = (at: string) =>
      operation({ id: "oddaaaaaaaaa", title: "Dump", state: "succeeded", finishedAt: at, odd: numbers });
    const state = choose(open([backup()], { size: SIZE }), backup().id);
    expect(needsOf(after(state, put(ended(ago(60)))))).toEqual([]);
    const needs = needsOf(after(state, put(ended(ago(-1)))));
    expect(needs).toMatchObject([{ operation: "oddaaaaaaaaa", text: expect.stringContaining("odd: bytes") }]);
  });

  test("what a person sees while a key is pressed was looked at; a new question counts anew", () => {
    const state = after(choose(open([asks()], { size: SIZE }), "rolloutaaaaa"));
    expect(needsOf(state)).toHaveLength(1);
    const moved = press(state, "tab");
    expect(needsOf(moved)).toHaveLength(0);
    expect(needsOf(after(moved, put(asks({ since: ago(5) }))))).toHaveLength(1);
  });

  test("what was looked at stays off in the next dashboard, and an odd success meanwhile counts", () => {
    const file = join(directory(), "looks", "one.json");
    const first = new LookedFile(file);
    const state = choose(
      open([asks(), failed()], { size: SIZE, looks: first.read(NOW - 60_000) }),
      "rolloutaaaaa",
    );
    const failures: Message = answerTo("failures", { operations: [failed()], cursor: "c1" });
    const both = after(state, failures);
    expect(needsOf(both)).toHaveLength(2);
    for (const effect of effectsOf(both, { type: "pressed", pressed: { input: "tab" } }))
      if (effect.type === "remember-looked") first.write(effect.keys);

    const looks = new LookedFile(file).read(NOW);
    const next = choose(open([backup(), asks(), failed()], { size: SIZE, looks }), backup().id);
    const numbers = [{ name: "bytes", value: 4, low: 900, high: 1100, runs: 12 }];
    const odd = operation({ id: "odd", state: "succeeded", finishedAt: ago(30), odd: numbers });
    expect(needsOf(after(next, failures, put(odd))).map(({ operation }) => operation)).toEqual([
      failed().id,
      "odd",
    ]);
    expect(new LookedFile(null).read(NOW)).toEqual({ began: NOW, looked: new Set() });
  });

  test("x takes an item off without a look, and an empty list says so", () => {
    const list = press(press(press(act(all(), "needs"), "x"), "x"), "x");
    expect(screenText(list)).toContain("Nothing new needs you.");
    expect(needsOf(act(all(), "needs", "all-seen"))).toEqual([]);
    expect(rows(list)[0]).not.toContain("◆");
    // The row of troubles does not tell it as new, either.
    expect(all().needs.failures).toHaveLength(1);
    expect(list.needs.failures).toEqual([]);
  });
});
