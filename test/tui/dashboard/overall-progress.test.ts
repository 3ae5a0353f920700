/** How far an operation is as a whole: never back, never the end before it, nothing said that is not known. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { progressOf } from "../../../tui/dashboard/core/time/estimate.js";
import { formatOverall } from "../../../tui/terminal/format.js";
import { answerTo, changed, initial, update } from "./core.js";
import { backup, backupDone, failed, NOW, queued, scanning } from "./operations.js";

const ID = "backupaaaaaa";
const NO_RUNS: HistoryReply = {
  op: "backup",
  runs: 0,
  finished: 0,
  seconds: null,
  stages: {},
  recent: [],
  next: [],
};
/** A run of 300 s, of which archiving is 200. */
const RUNS: HistoryReply = { ...NO_RUNS, runs: 5, stages: took({ Scan: 40, Archive: 200, Checksum: 60 }) };

function took(seconds: Record<string, number>): HistoryReply["stages"] {
  const entries = Object.entries(seconds);
  return Object.fromEntries(entries.map(([name, p50]) => [name, { runs: 5, p50, p90: p50 * 2 }]));
}

const history = (reply: HistoryReply): Message =>
  answerTo("history", reply, { name: reply.op, succeeded: 0 });
const patched = (patch: Partial<Operation>): Message => changed(ID, patch);
const counting = (percent: number) => ({ percent, progress: { ...backup().progress!, done: percent } });
const uncounted = { percent: 0, progress: null };

function after(operation: Operation, ...messages: Message[]): State {
  const state = initial({ size: { columns: 160, rows: 50 } });
  const operations = [operation];
  const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
  return messages.reduce(update, update(state, { type: "watched", line }));
}

const shown = (state: State) => progressOf(state, state.view.operations.get(ID)!);

describe("the share", () => {
  test("is the stages behind and the part of the one under way", () => {
    const state = after(backup(counting(50)), history(NO_RUNS));
    expect(shown(state)).toEqual({ percent: 50, known: true });
  });

  test("of a stage is what it usually takes", () => {
    const state = after(backup(counting(50)), history(RUNS));
    expect(shown(state).percent).toBeCloseTo((40 + 100) / 3);
  });

  test("that is an estimate is marked, while the operation runs", () => {
    const { percent, progress } = counting(50);
    const guess = { percent, progress: { ...progress, approximate: true } };
    const state = after(backup(guess), history(RUNS));
    expect(formatOverall(shown(state))).toBe("≈46%");
    expect(formatOverall(shown(update(state, patched({ state: "succeeded" }))))).toBe("100%");
    expect(formatOverall(shown(update(state, patched(counting(60)))))).toBe("53%");
  });

  test("of a stage that no run came through is the mean of the others", () => {
    const reply = { ...RUNS, stages: took({ Scan: 40, Archive: 200 }) };
    expect(shown(after(backup(counting(50)), history(reply))).percent).toBeCloseTo((140 / 360) * 100);
  });

  test("is the same for each where all of them took no time", () => {
    const reply = { ...RUNS, stages: took({ Scan: 0, Archive: 0, Checksum: 0 }) };
    expect(shown(after(backup(counting(50)), history(reply))).percent).toBe(50);
  });

  test("between two stages is what is behind", () => {
    const between = backup({ ...counting(100), stageStates: { Scan: "done", Archive: "done" } });
    expect(shown(after(between, history(RUNS))).percent).toBe(80);
  });

  test("of an operation without stages, or that never entered one, is its own percent", () => {
    expect(shown(after(backup({ ...counting(30), stages: [], currentStage: -1 })))).toEqual({
      percent: 30,
      known: true,
    });
    const outside = backup({ ...counting(30), currentStage: -1, stageStates: {} });
    expect(shown(after(outside, history(NO_RUNS))).percent).toBe(30);
  });

  test("of a failed one is how far it came", () => {
    const state = after(failed(), history({ ...NO_RUNS, op: "fails-at-item" }));
    expect(progressOf(state, failed()).percent).toBeCloseTo((1 + 0.7) * (100 / 3));
  });
});

describe("what is not known", () => {
  test("is the share of a stage while an untracked stage has the bar", () => {
    const inside = backup({ ...counting(90), untrackedStage: "Warm cache" });
    expect(formatOverall(shown(after(inside, history(RUNS))))).toBe("≥13%");
    const alone = backup({ ...counting(30), stages: [], currentStage: -1, untrackedStage: "Warm cache" });
    expect(shown(after(alone))).toEqual({ percent: 30, known: true });
  });

  test("is shown as such: at least what is behind", () => {
    const state = after(backup(uncounted), history(RUNS));
    expect(shown(state).known).toBe(false);
    expect(formatOverall(shown(state))).toBe("≥13%");
    const first = backup({ ...uncounted, currentStage: 0, stageStates: { Scan: "active" } });
    expect(formatOverall(shown(after(first, history(RUNS))))).toBe("…");
  });

  test("is not missed where it is less than a hundredth", () => {
    const stages = Array.from({ length: 200 }, (_, i) => `${i}`);
    const many = backup({ ...uncounted, stages, currentStage: 20, stageStates: { "20": "active" } });
    expect(formatOverall(shown(after(many, history(NO_RUNS))))).toBe("10%");
  });

  test("is the weight of the stages, until the history is there: no number that would have to be taken back", () => {
    const state = after(backup(counting(50)));
    expect(formatOverall(shown(state))).toBe("…");
    expect(formatOverall(shown(update(state, history(RUNS))))).toBe("46%");
    expect(formatOverall(progressOf(after(scanning(counting(50))), scanning(counting(50))))).toBe("50%");
  });
});

describe("it never", () => {
  test("goes back: for another track in the stage, for a history that is asked for anew", () => {
    const state = after(backup(counting(50)), history(RUNS), patched(counting(0)));
    expect(formatOverall(shown(state))).toBe("46%");
    const anew = { ...RUNS, stages: took({ Scan: 1, Archive: 10, Checksum: 900 }) };
    expect(formatOverall(shown(update(state, history(anew))))).toBe("46%");
    expect(formatOverall(shown(update(update(state, history(anew)), patched(counting(80)))))).toBe("66%");
  });

  test("is 100 % before the end", () => {
    const last = backup({
      ...counting(100),
      currentStage: 2,
      stageStates: { Scan: "done", Archive: "done", Checksum: "active" },
    });
    const state = after(last, history(NO_RUNS));
    expect(formatOverall(shown(state))).toBe("99%");
    const { stageStates } = backupDone();
    expect(formatOverall(shown(update(state, patched({ stageStates }))))).toBe("99%");
    expect(formatOverall(shown(update(state, patched({ stageStates, state: "succeeded" }))))).toBe("100%");
  });

  test("does either in any run, nor after a reconnect", () => {
    const step = fc.record({
      percent: fc.double({ min: 0, max: 100, noNaN: true }),
      total: fc.constantFrom(10, null),
      on: fc.boolean(),
      anew: fc.boolean(),
      again: fc.boolean(),
      weights: fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let state = after(backup({ ...uncounted, currentStage: 0, stageStates: { Scan: "active" } }));
        let before = 0;
        let stage = 0;
        for (const { percent, total, on, anew, again, weights } of steps) {
          const { stages } = backup();
          if (on && stage < 2) stage++;
          const stageStates = Object.fromEntries(
            stages.slice(0, stage + 1).map((name, i) => [name, i < stage ? "done" : "active"] as const),
          );
          const patch = {
            percent,
            progress: { ...backup().progress!, total },
            currentStage: stage,
            stageStates,
          };
          const seconds = Object.fromEntries(stages.map((name, i) => [name, weights[i]!]));
          if (anew) state = update(state, history({ ...RUNS, stages: took(seconds) }));
          state = update(state, patched(patch));
          if (again) {
            const operations = [...state.view.operations.values()];
            state = update(state, { type: "lost", reason: "gone", at: NOW });
            state = update(state, {
              type: "watched",
              line: { type: "snapshot", cursor: "3", operations, counts: NO_COUNTS },
            });
          }
          const { percent: now } = shown(state);
          expect(now).toBeGreaterThanOrEqual(before);
          expect(now).toBeLessThan(100);
          before = now;
        }
      }),
    );
  });
});

test("another attempt begins anew", () => {
  const state = after(backup(counting(50)), history(RUNS));
  const again = { ...uncounted, attempt: 2, currentStage: 0, stageStates: { Scan: "active" } } as const;
  expect(formatOverall(shown(update(state, patched(again))))).toBe("…");
  const waiting = update(state, patched({ state: "queued" }));
  expect(waiting.operation.reached.size).toBe(0);
  expect(progressOf(waiting, queued())).toMatchObject({ percent: 0 });
});
