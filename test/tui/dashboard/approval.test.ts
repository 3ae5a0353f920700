/** Questions to a person: the card, and the keys with their confirmation. */
import { describe, expect, test } from "vitest";
import type { Approval, Operation } from "../../../protocol/operation.js";
import { choose } from "../../../tui/dashboard/core/select.js";
import { after, effectsOf, opened as open, press, put, screenText } from "./core.js";
import { ago, backup, operation } from "./operations.js";

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
    expect(text).toMatch(/yes · no \(default\) {3}asked 2m ago, until \d\d:\d\d, then no/);
    expect(text).toMatch(/Roll out 4.2 to pro… +y n +2m/);
    expect(text).not.toContain("blocked for");
    expect(text).toMatch(/rollout.*Roll out 4.2.*answer\?/);
  });

  test("of an exported run has no keys", () => {
    const state = open([asks()], { size: SIZE, readOnly: "run.json" });
    expect(screenText(state)).toMatch(/yes · no \(default\) {3}asked/);
    expect(screenText(state)).not.toContain("y approve");
  });

  test("y asks first, and sends the only choice; n sends the rejection", () => {
    const state = choose(open([asks()], { size: SIZE }), "rolloutaaaaa");
    const sure = press(state, "y");
    expect(rows(sure).at(-1)).toContain("Approve rollout?");
    expect(rows(sure).at(-2)).toContain("$ liveops approve rolloutaaaaa/1 yes");
    expect(effectsOf(sure, { type: "pressed", pressed: { input: "y" } })).toContainEqual({
      type: "send",
      request: { kind: "answer", ids: ["rolloutaaaaa"], choice: "yes", since: ago(120), attempt: 1 },
    });
    const reject = press(state, "n");
    expect(rows(reject).at(-1)).toContain("Reject rollout?");
    expect(effectsOf(reject, { type: "pressed", pressed: { input: "n" } })).toEqual([]);
    expect(effectsOf(reject, { type: "pressed", pressed: { input: "y" } })).toContainEqual({
      type: "send",
      request: { kind: "answer", ids: ["rolloutaaaaa"], choice: "no", since: ago(120), attempt: 1 },
    });
  });

  test("of several choices opens a page of them, and the question goes when somebody else answers", () => {
    const state = choose(open([asks({ choices: ["canary", "all", "no"] })], { size: SIZE }), "rolloutaaaaa");
    const page = press(state, "y");
    expect(screenText(page)).toMatch(/▌ canary[\s\S]*all[\s\S]*no {2}rejects/);
    const sure = press(press(page, "j"), "return");
    expect(rows(sure).at(-1)).toContain("Approve rollout with all?");
    const answer = { choice: "all", by: "ada", at: ago(1) };
    const running = asks({ answer }, { state: "running", blocked: null });
    expect(after(sure, put(running)).question).toBeNull();
    // Where somebody else answers and the next question comes at once, too.
    expect(after(sure, put(asks({ question: "Sure?", since: ago(1) }))).question).toBeNull();
  });
});
