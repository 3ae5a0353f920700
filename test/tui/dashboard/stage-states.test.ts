/**
 * Allowed failures and skipped stages on each screen of the dashboard: a sign and words of their
 * own.
 */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { commandOf } from "../../../tui/dashboard/core/request.js";
import { retryChoices } from "../../../tui/dashboard/core/submit/pages.js";
import { withPlainGlyphs } from "../../../tui/dashboard/text/plain-glyphs.js";
import { announce } from "../../../tui/features/reader/announce.js";
import { after, answerTo, opened, press, screenText } from "./core.js";
import { ago, operation } from "./operations.js";
import { TYPES } from "./types.js";

const ID = "nightlyaaaaa";
const times = (from: number, to: number) => ({
  startedAt: ago(from),
  finishedAt: ago(to),
  resumed: false,
  seconds: from - to,
});

function nightly(over: Partial<Operation> = {}): Operation {
  return operation({
    id: ID,
    op: "nightly",
    title: "Nightly copy",
    stages: ["Dump", "Upload", "Check", "Prune"],
    state: "succeeded",
    currentStage: 3,
    percent: 100,
    stageStates: { Dump: "done", Upload: "allowed-failure", Check: "skipped", Prune: "done" },
    stageTimes: {
      Dump: { ...times(60, 60), resumed: true, reason: "done in attempt 1" },
      Upload: { ...times(60, 40), error: "no remote\nat \x1b[31mall" },
      Check: { ...times(40, 40), reason: "not on weekdays" },
      Prune: times(40, 10),
    },
    createdAt: ago(61),
    startedAt: ago(60),
    finishedAt: ago(10),
    seconds: 50,
    ...over,
  });
}

const rowOf = (screen: string, text: string) =>
  screen.split("\n").find((row) => row.includes(text)) ?? "";

describe("the first screen", () => {
  const screen = screenText(opened([nightly()], { size: { columns: 190, rows: 40 } }));

  test("has a row a stage with sign and reason, or the first line of the error", () => {
    expect(rowOf(screen, "done in")).toMatch(/✓ Dump +done in attempt 1 /);
    expect(rowOf(screen, "no remote")).toMatch(/▲ Upload +20s {2}━+▲ +allowed failure: no remote /);
    expect(rowOf(screen, "not on weekdays")).toMatch(/» Check +skipped: not on weekdays /);
    expect(screen).toMatch(/✓ Prune +30s +[╺━]/);
    expect(screen).not.toContain("\x1b");
  });

  test("marks the operation in the list, and in the chain", () => {
    expect(screen).toMatch(/▲ Nightly copy +▲ 1 +50s/);
    const chain = { id: ID, index: 0, previous: null, next: "secondbbbbbb" };
    const next = nightly({
      id: "secondbbbbbb",
      title: "Verify",
      stageStates: {},
      chain: { id: ID, index: 1, previous: ID, next: null },
    });
    const state = opened([next, nightly({ chain })], { size: { columns: 190, rows: 40 } });
    expect(screenText(state)).toMatch(/▲ Nightly copy +(▲ +)?50s/);
  });

  test("has signs that the Linux console can show", () => {
    // Code page 437 has both.
    expect(withPlainGlyphs(rowOf(screen, "Upload"))).toContain("▲ Upload");
    expect(withPlainGlyphs(rowOf(screen, "Check"))).toContain("» Check");
  });

  test("shows a state of a later version as done", () => {
    const later = nightly({ stageStates: { Dump: "postponed" as "done" }, stageTimes: {} });
    expect(rowOf(screenText(opened([later])), "Dump")).toContain("✓ Dump");
  });
});

test("a screen reader reads each of them once, and the number at the end", () => {
  const running = nightly({ state: "running", finishedAt: null, stageStates: { Dump: "done" } });
  const before = opened([running]);
  const now = opened([nightly()]);
  expect(announce(before, now, null)).toEqual([
    "Nightly copy: stage Upload allowed failure: no remote.",
    "Nightly copy: stage Check skipped: not on weekdays.",
    "Nightly copy: succeeded after 50s, with 1 allowed failure.",
  ]);
  const label = opened([nightly({ label: "weekly" })]);
  expect(announce(now, label, null)).toEqual([]);
});

test("a retry of a resumable type runs an allowed failure again", () => {
  const state = opened([
    nightly({ state: "failed", stageStates: { ...nightly().stageStates, Prune: "failed" } }),
  ]);
  const types = { ...TYPES, ops: [{ ...TYPES.ops[0]!, op: "nightly", resumable: true }] };
  const known = after(state, answerTo("types", types));
  expect(retryChoices(known, ID)).toEqual([
    { from: undefined, kept: ["Dump"], first: "Upload" },
    { from: "Dump", kept: [], first: "Dump" },
  ]);
});

test("a retry reuses the done steps of the stage that failed, and may run all of them, or what is up to date", () => {
  const stageStates = { Dump: "up-to-date", Upload: "done", Check: "failed" } as const;
  const stepCounts = { Check: { total: 3, done: 2, failed: 1 } };
  const it = nightly({
    state: "failed",
    stages: ["Dump", "Upload", "Check"],
    stageStates,
    stepCounts,
  });
  const types = { ...TYPES, ops: [{ ...TYPES.ops[0]!, op: "nightly", resumable: true }] };
  const known = after(opened([it]), answerTo("types", types));
  expect(retryChoices(known, ID)).toEqual([
    { from: undefined, kept: ["Upload", "2 of 3 steps of Check"], first: "Check" },
    { from: "Check", kept: ["Upload"], first: "Check" },
    { from: "Upload", kept: [], first: "Upload" },
    { from: "Dump", kept: [], first: "Dump" },
  ]);
  const page = screenText(press(known, "R", "s"));
  expect(page).toContain("resume at Check, reusing Upload, 2 of 3 steps of Check");
  expect(page).toContain("rerun from Check, reusing Upload");
});

test("a retry of a pipeline offers the present text of its file", () => {
  const state = opened([
    nightly({ state: "failed", stageStates: { ...nightly().stageStates, Prune: "failed" } }),
  ]);
  const file = "/ops/nightly.yaml";
  const types = { ...TYPES, ops: [{ ...TYPES.ops[0]!, op: "nightly", resumable: true, file }] };
  const known = after(state, answerTo("types", types));
  expect(retryChoices(known, ID)[1]).toEqual({
    from: undefined,
    kept: ["Dump"],
    first: "Upload",
    current: file,
  });
  const page = press(known, "R", "s", "j");
  expect(screenText(page)).toContain(
    "with the present text of nightly.yaml; unchanged stages are reused",
  );
  const request = { kind: "retry", ids: [ID], current: true } as const;
  expect(press(page, "return").request).toEqual(request);
  expect(commandOf(request, {})).toBe(`liveops retry ${ID} --current`);
});
