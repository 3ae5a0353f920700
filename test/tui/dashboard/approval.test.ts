/** Questions to a person: the card, and the keys with their confirmation. */
import { describe, expect, test } from "vitest";
import type { Approval, Operation } from "../../../protocol/operation.js";
import { choose } from "../../../tui/dashboard/core/operation/select.js";
import { after, opened as open, press, put, screenText } from "./core.js";
import { ago, asked, backup, operation } from "./operations.js";

const SIZE = { columns: 120, rows: 36 };

function asks(over: Partial<Approval> = {}, more: Partial<Operation> = {}): Operation {
  const approval = asked("Approve", ago(120), {
    question: "Roll out 4.2 to prod?",
    default: "no",
    until: ago(-3600),
    ...over,
  });
  return operation({
    id: "rolloutaaaaa",
    label: "rollout",
    title: "Roll out",
    stages: ["Build", "Approve", "Deploy"],
    stageStates: { Build: "done", Approve: "active" },
    currentStage: 1,
    state: "queued",
    blocked: { reason: `approval: ${approval.question}`, since: approval.since },
    approvals: [approval],
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
    expect(text).toMatch(/▌ \? rollout +Roll.* i +2m/);
  });

  test("i asks it; y sends the only choice, n the rejection, and escape leaves it open", () => {
    const question = press(choose(open([asks()], { size: SIZE }), "rolloutaaaaa"), "i");
    expect(rows(question).at(-1)).toContain(
      "rollout: Roll out 4.2 to prod?  ⏎ yes  n no  esc later",
    );
    expect(rows(question).at(-2)).toContain("$ liveops approve rolloutaaaaa/1 yes");
    const request = { kind: "answer", ids: ["rolloutaaaaa"], since: ago(120), attempt: 1 };
    expect(press(question, "y").request).toEqual({ ...request, choice: "yes" });
    expect(press(question, "n").request).toEqual({ ...request, choice: "no" });
    expect(press(question, "escape")).toMatchObject({ question: null, request: null });
  });

  test("of several choices has them in the help, and goes when somebody else answers", () => {
    const state = choose(
      open([asks({ choices: ["canary", "all", "no"] })], { size: SIZE }),
      "rolloutaaaaa",
    );
    const choices = press(state, "i");
    expect(screenText(choices)).toMatch(
      /▌answer: canary +approve[\s\S]*answer: all +approve[\s\S]*answer: no +reject/,
    );
    expect(screenText(choices)).toContain("$ liveops approve rolloutaaaaa/1 canary");
    const sure = press(choices, "downArrow", "return");
    expect(rows(sure).at(-1)).toContain("Approve rollout with all?");
    const answer = { choice: "all", by: "ada", at: ago(1) };
    const running = asks({ answer }, { state: "running", blocked: null });
    const late = after(sure, put(running));
    expect(late.question).toBeNull();
    expect(late.notice?.text).toBe("answer: not possible any more");
    // Where somebody else answers and the next question comes at once, too.
    expect(after(sure, put(asks({ question: "Sure?", since: ago(1) }))).question).toBeNull();
  });
});
