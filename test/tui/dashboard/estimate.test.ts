/** Time left from earlier runs, and the warning that nothing moves: numbers only where something tells them. */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { HistoryReply } from "../../../protocol/replies.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import {
  chainSecondsLeft,
  isOverdue,
  secondsLeft,
  stallOf,
  usualSeconds,
} from "../../../tui/dashboard/core/estimate.js";
import { wantedHistory } from "../../../tui/dashboard/core/history.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { SteadyClock } from "../../../tui/dashboard/store.js";
import { initial, screenText, update } from "./core.js";
import { ago, backup, failed, NOW, queued } from "./operations.js";

const spread = (p50: number, p90 = p50 * 1.5) => ({ p50, p90 });
const stages = (given: Record<string, number>) =>
  Object.fromEntries(Object.entries(given).map(([name, p50]) => [name, { runs: 5, ...spread(p50) }]));
const BACKUP: HistoryReply = {
  op: "backup",
  runs: 5,
  finished: 5,
  seconds: spread(300),
  stages: stages({ Scan: 2, Archive: 200, Checksum: 60 }),
  recent: [],
  next: [],
};
const VERIFY: HistoryReply = {
  op: "verify-backup",
  runs: 5,
  finished: 5,
  seconds: spread(90),
  stages: stages({ Read: 60, Compare: 30 }),
  recent: [],
  next: [],
};

function opened(operations: Operation[], ...histories: HistoryReply[]): State {
  const state = initial({ size: { columns: 160, rows: 50 } });
  const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
  return histories.reduce(
    (now, reply) => update(now, { type: "history-fetched", name: reply.op, reply, succeeded: 0 }),
    update(state, { type: "watched", line }),
  );
}

/** Says nothing of its own pace. */
const silent = (over: Partial<Operation> = {}) => backup({ progress: null, percent: 0, ...over });

describe("time left of an operation", () => {
  test("no history, no number", () => {
    expect(secondsLeft(opened([silent()]), silent())).toBeNull();
    expect(
      secondsLeft(opened([silent()], { ...BACKUP, runs: 0, seconds: null, stages: {} }), silent()),
    ).toBeNull();
  });

  test("the rest of the stage's median, and the medians of those to come", () => {
    expect(secondsLeft(opened([silent()], BACKUP), silent())).toBe(200 - 72 + 60);
  });

  test("a stage that counts knows its own rest better", () => {
    expect(secondsLeft(opened([backup()], BACKUP), backup())).toBe(79.2 + 60);
  });

  test("without a history, the last stage's own rest is all that is left", () => {
    const last = backup({ stages: ["Scan", "Archive"] });
    expect(secondsLeft(opened([last]), last)).toBe(79.2);
    expect(secondsLeft(opened([backup()]), backup())).toBeNull();
  });

  test("a stage that only says its percent is taken at its pace", () => {
    const half = silent({ percent: 50 });
    expect(secondsLeft(opened([half], BACKUP), half)).toBe(72 + 60);
  });

  test("the bar of an untracked stage says nothing of the stage around it", () => {
    const counting = backup({ untrackedStage: "Warm cache" });
    expect(secondsLeft(opened([counting], BACKUP), counting)).toBe(200 - 72 + 60);
    const half = silent({ percent: 50, untrackedStage: "Warm cache" });
    expect(secondsLeft(opened([half], BACKUP), half)).toBe(200 - 72 + 60);
    const stageTimes = {
      Archive: { startedAt: ago(400), finishedAt: null, resumed: false, seconds: null },
    };
    const long = backup({ untrackedStage: "Warm cache", stageTimes });
    expect(isOverdue(opened([long], BACKUP), long)).toBe(true);
    expect(isOverdue(opened([backup({ stageTimes })], BACKUP), backup({ stageTimes }))).toBe(false);
  });

  test("a stage that no earlier run came through leaves the whole's median", () => {
    const { Checksum: _, ...known } = BACKUP.stages;
    expect(secondsLeft(opened([silent()], { ...BACKUP, stages: known }), silent())).toBe(300 - 75);
  });

  test("a stage that is called as what every object has is a stage like others", () => {
    const odd = silent({
      stages: ["Archive", "constructor"],
      currentStage: 0,
      stageStates: { Archive: "active" },
    });
    expect(secondsLeft(opened([odd], BACKUP), odd)).toBe(300 - 75);
    expect(screenText(opened([odd]))).toContain("○ constructor");
  });

  test("one that waits takes what the whole usually takes", () => {
    const waiting = queued({ op: "backup" });
    expect(secondsLeft(opened([waiting], BACKUP), waiting)).toBe(300);
  });

  test("runs that differ too much tell nothing: neither what is left, nor what is usual, nor a stall", () => {
    const shell = (over: Partial<Operation>) =>
      silent({ op: "shell", stages: ["Run"], currentStage: 0, stageStates: { Run: "active" }, ...over });
    const running = shell({
      updatedAt: ago(0),
      stageTimes: { Run: { startedAt: ago(72), finishedAt: null, resumed: false, seconds: null } },
    });
    const history = (p50: number, p90: number): HistoryReply => ({
      op: "shell",
      runs: 9,
      finished: 9,
      seconds: { p50, p90 },
      stages: { Run: { runs: 9, p50, p90 } },
      recent: [],
      next: [],
    });
    const mixed = opened([running], history(20, 61));
    expect(secondsLeft(mixed, running)).toBeNull();
    expect(secondsLeft(mixed, shell({ state: "queued" }))).toBeNull();
    expect(isOverdue(mixed, running)).toBe(false);
    expect(usualSeconds(mixed, running, "Run")).toBeNull();
    expect(stallOf(update(mixed, { type: "ticked", now: NOW + 86_400_000 }), running)).toBeNull();

    const one = { ...history(20, 20), runs: 1 };
    expect(secondsLeft(opened([running], one), running)).toBeNull();

    const alike = opened([running], history(20, 60));
    expect(usualSeconds(alike, running, "Run")).toBe(20);
    expect(isOverdue(alike, running)).toBe(true);
    expect(usualSeconds(opened([running], history(0.01, 1)), running, "Run")).toBe(0.01);
  });

  test("where one stage's runs differ too much the whole's median is left", () => {
    const wide = { ...BACKUP.stages, Checksum: { runs: 5, p50: 10, p90: 100 } };
    expect(secondsLeft(opened([silent()], { ...BACKUP, stages: wide }), silent())).toBe(300 - 75);
  });

  test("beyond what nine of ten runs took there is no number, but a word", () => {
    const long = silent({
      stageTimes: { Archive: { startedAt: ago(400), finishedAt: null, resumed: false, seconds: null } },
    });
    const state = opened([long], BACKUP);
    expect(secondsLeft(state, long)).toBeNull();
    expect(isOverdue(state, long)).toBe(true);
    expect(isOverdue(opened([silent()], BACKUP), silent())).toBe(false);
  });
});

describe("time left of a chain", () => {
  const followed = { ...BACKUP, next: [{ op: "verify-backup", title: "Verify a backup", runs: 5 }] };

  test("goes on as earlier chains of its kind did", () => {
    const state = opened([silent()], followed, VERIFY);
    expect(chainSecondsLeft(state, silent())).toBe(200 - 72 + 60 + 90);
  });

  test("an operation that was never followed by another is no chain", () => {
    expect(chainSecondsLeft(opened([silent()], BACKUP), silent())).toBeNull();
  });

  test("a link of which nothing is known leaves no number", () => {
    expect(chainSecondsLeft(opened([silent()], followed), silent())).toBeNull();
  });
});

describe("the history that is wanted", () => {
  test("of the selected type and what runs on the screen; anew when more have succeeded, after a while", () => {
    const state = opened([backup()]);
    expect(wantedHistory(state)).toEqual({ name: "backup", succeeded: 0 });
    const known = opened([backup()], BACKUP);
    expect(wantedHistory(known)).toBeNull();
    const counted = update(known, {
      type: "watched",
      line: { type: "counts", counts: { ...NO_COUNTS, succeeded: 1 } },
    });
    expect(wantedHistory(counted)).toBeNull();
    expect(wantedHistory(update(counted, { type: "ticked", now: NOW + 31_000 }))).toEqual({
      name: "backup",
      succeeded: 1,
    });
  });
});

describe("an operation with a history key", () => {
  const make = silent({ historyKey: "make -j4", updatedAt: ago(0) });
  const name = "backup make -j4";

  test("asks for the runs with this key", () => {
    expect(wantedHistory(opened([make]))).toEqual({ name, succeeded: 0 });
  });

  test("has no estimate and no stall from other runs of its type", () => {
    const state = update(opened([make], BACKUP), { type: "ticked", now: NOW + 86_400_000 });
    expect([secondsLeft(state, make), stallOf(state, make), isOverdue(state, make)]).toEqual([
      null,
      null,
      false,
    ]);
  });

  test("has both from its own", () => {
    const state = update(opened([make]), { type: "history-fetched", name, reply: BACKUP, succeeded: 0 });
    expect(secondsLeft(state, make)).toBe(200 - 72 + 60);
    expect(stallOf(update(state, { type: "ticked", now: NOW + 900_000 }), make)).toMatchObject({ why: 900 });
  });
});

describe("a stall", () => {
  const at = (state: State, seconds: number) => update(state, { type: "ticked", now: NOW + seconds * 1000 });
  const moved = silent({ updatedAt: ago(0) });

  test("is silence beyond three times what the stage usually takes", () => {
    const state = opened([moved], BACKUP);
    expect(stallOf(at(state, 899), moved)).toBeNull();
    expect(stallOf(at(state, 900), moved)).toEqual({ seconds: 900, why: 900 });
  });

  test("of a stage that counts, beyond the time of ten units, ten seconds at least", () => {
    const counting = backup({ updatedAt: ago(0), progress: { ...backup().progress!, rate: 0.2 } });
    expect(stallOf(at(opened([counting]), 49), counting)).toBeNull();
    expect(stallOf(at(opened([counting]), 50), counting)).toEqual({ seconds: 50, why: 50 });
    const quick = backup({ updatedAt: ago(0) });
    expect(stallOf(at(opened([quick]), 10), quick)).toEqual({ seconds: 10, why: 10 });
  });

  test("is not guessed where nothing is usual", () => {
    expect(stallOf(at(opened([moved]), 86_400), moved)).toBeNull();
  });

  test("a line that is logged moves it", () => {
    const counting = backup({ updatedAt: ago(0) });
    const later = at(opened([counting]), 60);
    const line = { type: "changed", cursor: "2", id: counting.id, patch: { logLines: 5 } } as const;
    const logged = update(later, { type: "watched", line });
    expect(stallOf(logged, logged.view.operations.get(counting.id)!)).toBeNull();
  });

  test("a stopped worker is told by the daemon", () => {
    const stopped = backup({ stalledSince: ago(5) });
    expect(stallOf(opened([stopped]), stopped)).toEqual({ seconds: 5, why: "stopped" });
  });

  test("so is one that waits for room on the disk", () => {
    const waiting = backup({ noRoomSince: ago(7) });
    expect(stallOf(opened([waiting]), waiting)).toEqual({ seconds: 7, why: "no room" });
  });

  test("what is over does not stall", () => {
    expect(stallOf(at(opened([failed()], BACKUP), 1e6), failed())).toBeNull();
  });
});

describe("the clock", () => {
  test("goes by the monotonic one when the wall clock is set, until the daemon's times agree with it", () => {
    let wall = 1_000_000;
    let steady = 0;
    const clock = new SteadyClock(
      () => wall,
      () => steady,
    );
    steady += 5000;
    wall += 5000;
    expect(clock.now()).toBe(1_005_000);
    wall += 3_600_000;
    expect(clock.now()).toBe(1_005_000);
    clock.heard(1_005_100);
    expect(clock.now()).toBe(1_005_000);
    clock.heard(wall - 100);
    expect(clock.now()).toBe(wall);
    wall -= 7_200_000;
    steady += 1000;
    expect(clock.now()).toBe(4_606_000);
  });
});
