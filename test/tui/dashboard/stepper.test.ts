/** The stepper: one line with where an operation or its chain is, at every width. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { STAGE_STATES } from "../../../protocol/stage-state.js";
import { chainOf, operationOf } from "../../../tui/dashboard/core/chain.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { stepper } from "../../../tui/dashboard/pages/operation/stepper.js";
import { Line } from "../../../tui/dashboard/text/line.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { cases } from "../../faults/mode.js";
import { after, answerTo, opened } from "./core.js";
import { ago, asked, backup, NOW, operation } from "./operations.js";

function lineOf(state: State, id: string, width = 80): Line {
  const one = operationOf(state, id)!;
  const line = () => new Line(width);
  return stepper({ state, operation: one, links: chainOf(state, one), width, line })[0]!;
}

const ID = "importaaaaaa";
const importing = (over: Partial<Operation> = {}) =>
  operation({
    id: ID,
    op: "import",
    title: "Import",
    stages: ["Load", "Process", "Save"],
    state: "running",
    currentStage: 1,
    stageStates: { Load: "done", Process: "active" },
    percent: 38,
    startedAt: ago(10),
    stageTimes: { Process: { startedAt: ago(8), finishedAt: null, resumed: false, seconds: null } },
    ...over,
  });
const told = (over: Partial<Operation> = {}, width = 80) =>
  String(lineOf(opened([importing(over)]), ID, width));

const RUNS = {
  op: "import",
  runs: 3,
  finished: 3,
  seconds: null,
  stages: {},
  recent: [],
  next: [],
};
const history = (over: Partial<HistoryReply>) =>
  answerTo("history", { ...RUNS, ...over }, { name: "import", succeeded: 0 });

describe("of an operation", () => {
  test("has its stages, and the percent of the one that runs", () => {
    expect(told()).toBe("✓ Load ─ ● Process ~43% ─ ○ Save");
    expect(told({ percent: 0 })).toBe("✓ Load ─ ● Process ─ ○ Save");
  });

  test("has a sign for each end of a stage", () => {
    const stageStates = { Load: "up-to-date", Process: "skipped", Save: "failed" } as const;
    expect(told({ stageStates, state: "failed", currentStage: 2 })).toBe(
      "≡ Load ─ » Process ─ ✗ Save",
    );
    const cancelled = { Load: "allowed-failure", Process: "cancelled" } as const;
    expect(told({ stageStates: cancelled, state: "cancelled" })).toBe(
      "▲ Load ─ ⊘ Process ─ ○ Save",
    );
  });

  test("has the stage that is not declared while it runs", () => {
    const stageStates = { Load: "done", Process: "done" } as const;
    expect(told({ stageStates, untrackedStage: "Warm cache" })).toBe(
      "✓ Load ─ ✓ Process ─ ● Warm cache 38% ─ ○ Save",
    );
  });

  test("tells what waits or is paused from what works", () => {
    expect(told({ state: "queued", approvals: [asked("Process", ago(5))] })).toBe(
      "✓ Load ─ ? Process ─ ○ Save",
    );
    expect(told({ waitingForInput: { prompt: "", echo: true, number: 1, since: ago(5) } })).toBe(
      "✓ Load ─ ? Process ─ ○ Save",
    );
    expect(told({ noRoomSince: ago(5) })).toBe("✓ Load ─ ▲ Process ─ ○ Save");
    expect(told({ pause: { since: ago(5), seconds: 0, changes: 1 } })).toBe(
      "✓ Load ─ ‖ Process ─ ○ Save",
    );
  });

  test("folds its far ends into counts where it does not fit", () => {
    const stages = [...Array.from({ length: 12 }, (_, i) => `Stage ${i + 1}`)];
    const ended = Object.fromEntries(stages.slice(0, 4).map((stage) => [stage, "done" as const]));
    const stageStates = { ...ended, "Stage 5": "active" as const };
    const at = (width: number) => told({ stages, stageStates, currentStage: 4 }, width);
    expect(at(28)).toBe("✓ 4 ─ ● Stage 5 38% ─ ○ 7");
    expect(at(40)).toBe("✓ 4 ─ ● Stage 5 38% ─ ○ Stage 6 ─ ○ 6");
    expect(at(20)).toBe("✓ 4 ─ ● S… 38% ─ ○ 7");
  });
});

describe("of a chain", () => {
  const next = { op: "load", title: "Load", runs: 3 };
  const chain = { id: "extractaaaaa", index: 0, previous: null, next: ID };
  const links = (startedAt: string) => [
    operation({ id: "extractaaaaa", title: "Extract", state: "succeeded", chain }),
    importing({
      startedAt,
      chain: { ...chain, index: 1, previous: "extractaaaaa", next: null },
    }),
  ];
  const state = (seconds: number) => after(opened(links(ago(seconds))), history({ next: [next] }));

  test("has its links, with those that usually follow", () => {
    expect(String(lineOf(state(10), ID))).toBe("✓ Extract ─ ● Import ─ ○ Load");
  });

  test("lights a link for some seconds after the hand-over", () => {
    expect(String(lineOf(state(2), ID))).toBe("✓ Extract → ● Import started ─ ○ Load");
  });
});

test("is never wider than its room, and keeps the stage that runs", () => {
  const stage = fc.record({
    name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
    is: fc.constantFrom(undefined, ...STAGE_STATES),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(stage, { maxLength: 40, selector: ({ name }) => name }),
      fc.integer({ min: 20, max: 160 }),
      fc.nat(),
      (stages, width, at) => {
        const currentStage = stages.length === 0 ? -1 : at % stages.length;
        const of = stages.flatMap(({ name, is }) =>
          is === undefined ? [] : [[name, is] as const],
        );
        const state = opened([
          backup({
            stages: stages.map(({ name }) => name),
            currentStage,
            stageStates: Object.fromEntries(of),
            updatedAt: new Date(NOW).toISOString(),
          }),
        ]);
        expect(columnsOf(String(lineOf(state, "backupaaaaaa", width)))).toBeLessThanOrEqual(width);
      },
    ),
    { numRuns: cases(200) },
  );
});
