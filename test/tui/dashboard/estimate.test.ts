/**
 * Time left from earlier runs, and the warning that nothing moves: numbers only where something
 * tells them.
 */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply, HistoryReply } from "../../../protocol/replies.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { chainOf, selectedOperation } from "../../../tui/dashboard/core/chain.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import {
  chainProgress,
  chainTime,
  usualSeconds,
} from "../../../tui/dashboard/core/time/chain-time.js";
import { stallOf } from "../../../tui/dashboard/core/time/estimate.js";
import { wantedHistory } from "../../../tui/dashboard/core/time/history.js";
import { timeTexts } from "../../../tui/dashboard/pages/operation/times.js";
import { SteadyClock } from "../../../tui/dashboard/store.js";
import { answerTo, changed, initial, opened as open, screenText, update } from "./core.js";
import { ago, backup, backupDone, failed, NOW, queued } from "./operations.js";

const spread = (p50: number, p90 = p50 * 1.5) => ({ p50, p90 });
const stages = (given: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, p50]) => [name, { runs: 5, ...spread(p50) }]),
  );
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

/** Of a first run. */
const NONE: HistoryReply = { ...BACKUP, runs: 0, finished: 0, seconds: null, stages: {} };

function opened(operations: Operation[], ...histories: HistoryReply[]): State {
  const state = initial({ size: { columns: 160, rows: 50 } });
  const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
  return histories.reduce(
    (now, reply) => update(now, answerTo("history", reply, { name: reply.op, succeeded: 0 })),
    update(state, { type: "watched", line }),
  );
}

/** The end that the screen tells, in seconds; null: none. */
function secondsLeft(state: State, operation: Operation): number | null {
  const { seconds, isLeast } = chainTime(state, operation);
  return isLeast || seconds === null ? null : Math.round(seconds * 10) / 10;
}
const least = (state: State, operation: Operation) => {
  const { seconds, isLeast, unknown } = chainTime(state, operation);
  return { seconds, isLeast, unknown };
};
const isOverdue = (state: State, operation: Operation) => chainTime(state, operation).isLate;

/** What stands behind the bar of the first operation, at a width where all of it has room. */
function timesOf(state: State): string {
  const operation = selectedOperation(state)!;
  const links = chainOf(state, operation);
  return timeTexts({ state, operation, links, width: 160 })
    .map(([text]) => text)
    .join("");
}

/** Says nothing of its own pace. */
const silent = (over: Partial<Operation> = {}) => backup({ progress: null, percent: 0, ...over });

describe("time left of an operation", () => {
  test("is told once it is known what earlier runs took; until then there is no verdict, and a sign", () => {
    const state = opened([backup()]);
    expect(chainTime(state, backup())).toMatchObject({
      seconds: null,
      isKnown: false,
      isLater: false,
    });
    expect(screenText(state)).toMatch(/● nightly +Archive 2\/3 [^│]* … +… │/);
    expect(screenText(state)).not.toMatch(/first run|done ≈|left/);
    const line = { type: "history", ...BACKUP } as const;
    expect(secondsLeft(update(state, { type: "watched", line }), backup())).toBe(78.6 + 60);
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

  test("a later stage that no earlier run came through is left out where it may be most of the rest", () => {
    const { Checksum: _, ...known } = BACKUP.stages;
    const state = opened([silent()], { ...BACKUP, stages: known });
    expect(least(state, silent())).toEqual({
      seconds: 200 - 72 + 20,
      isLeast: false,
      unknown: ["Checksum"],
    });
    expect(timesOf(state)).toMatch(/2m28s left · done ≈ /);
    const late = update(state, { type: "ticked", now: NOW + 240_000 });
    expect(timesOf(late)).toMatch(/≥13s left · then Checksum/);
    expect(timesOf(late)).not.toContain("done ≈");
  });

  test("a stage that is called as what every object has is a stage like others", () => {
    const odd = silent({
      stages: ["Archive", "constructor"],
      currentStage: 0,
      stageStates: { Archive: "active" },
    });
    expect(least(opened([odd], BACKUP), odd)).toMatchObject({
      seconds: 200 - 72,
      unknown: ["constructor"],
    });
    expect(screenText(opened([odd]))).toContain("○ constructor");
  });

  test("one that waits takes what the whole usually takes", () => {
    const waiting = queued({ op: "backup" });
    expect(secondsLeft(opened([waiting], BACKUP), waiting)).toBe(300);
  });

  test("runs that differ too much tell nothing: neither what is left, nor what is usual, nor a stall", () => {
    const shell = (over: Partial<Operation>) =>
      silent({
        op: "shell",
        stages: ["Run"],
        currentStage: 0,
        stageStates: { Run: "active" },
        ...over,
      });
    const running = shell({
      updatedAt: ago(0),
      stageTimes: { Run: { startedAt: ago(72), finishedAt: null, resumed: false, seconds: null } },
    });
    const spread = { p50: 20, p90: 61 };
    const mixed = opened([running], {
      op: "shell",
      runs: 9,
      finished: 9,
      seconds: spread,
      stages: { Run: { runs: 9, ...spread } },
      recent: [],
      next: [],
    });
    expect(secondsLeft(mixed, running)).toBeNull();
    expect(secondsLeft(mixed, shell({ state: "queued" }))).toBeNull();
    expect(isOverdue(mixed, running)).toBe(false);
    expect(usualSeconds(mixed, running, "Run")).toBeNull();
    expect(stallOf(update(mixed, { type: "ticked", now: NOW + 86_400_000 }), running)).toBeNull();
  });
});

describe("percent", () => {
  const percents = (state: State) => screenText(state).match(/[~≥]?\d+%/g);

  test("is the share of the time in the list, in the picture and of the stage", () => {
    // 75 s of 75 + 128, and 72 s of 200: by its items, the stage is at 47 %.
    const half = silent({ percent: 47, untrackedStage: null });
    const state = opened([half], {
      ...BACKUP,
      stages: stages({ Scan: 2, Archive: 200, Checksum: 0 }),
    });
    const { seconds } = chainTime(state, half);
    const share = `${Math.floor((100 * 75) / (75 + seconds!))}%`;
    expect(new Set(percents(state)?.map((text) => text.replace(/[~≥]/, "")))).toContain(share);
  });

  test("goes back where the estimate does, but not by a point or two", () => {
    let state = opened([silent()], BACKUP);
    const told = () => chainProgress(state, silent()).percent;
    state = update(state, { type: "ticked", now: NOW + 1000 });
    const before = told();
    const slower = (factor: number) =>
      update(
        state,
        answerTo(
          "history",
          { ...BACKUP, stages: stages({ Scan: 2, Archive: 200 * factor, Checksum: 60 }) },
          { name: "backup", succeeded: 0 },
        ),
      );
    state = slower(1.02);
    expect(told()).toBe(before);
    state = slower(2);
    expect(told()).toBeLessThan(before - 10);
  });

  test("stays where it was told once nothing tells the end any more", () => {
    const last = silent({ stages: ["Scan", "Archive"] });
    let state = opened([last], BACKUP);
    state = update(state, { type: "ticked", now: NOW + 200_000 });
    const { percent } = chainProgress(state, last);
    state = update(state, { type: "ticked", now: NOW + 3_000_000 });
    expect(chainTime(state, last).isLate).toBe(true);
    expect(chainProgress(state, last)).toEqual({ percent, known: false });
  });
});

describe("time left of a chain", () => {
  const followed = {
    ...BACKUP,
    next: [{ op: "verify-backup", title: "Verify a backup", runs: 5 }],
  };

  test("goes on as earlier chains of its kind did", () => {
    const state = opened([silent()], followed, VERIFY);
    expect(secondsLeft(state, silent())).toBe(200 - 72 + 60 + 90);
  });

  test("an operation that was never followed by another is no chain", () => {
    expect(secondsLeft(opened([silent()], BACKUP), silent())).toBe(200 - 72 + 60);
  });

  test("a link of which nothing is known is left out: no end is told, and the link is named", () => {
    const state = opened([silent()], followed, { ...NONE, op: "verify-backup" });
    expect(least(state, silent())).toEqual({
      seconds: 200 - 72 + 60,
      isLeast: true,
      unknown: ["Verify a backup"],
    });
    const text = screenText(state);
    expect(timesOf(state)).toContain("≥3m08s left · then Verify a backup");
    expect(text).toMatch(/≥3m08s │/);
    expect(timesOf(state)).not.toContain("done ≈");
  });
});

describe("on the screen", () => {
  const at = (state: State, seconds: number) =>
    update(state, { type: "ticked", now: NOW + seconds * 1000 });

  test("the end has its range, and says how many runs it is from", () => {
    expect(timesOf(opened([silent()], BACKUP))).toMatch(
      /3m08s left · done ≈ [\d:]+ ±1m45s · 5 runs/,
    );
  });

  test("of a first run tells that nothing is known, and no time in the column of what is left", () => {
    const text = screenText(opened([silent()], { ...BACKUP, runs: 0, seconds: null, stages: {} }));
    expect(text).not.toMatch(/\d left/);
    expect(text).toMatch(/● nightly +Archive 2\/3 [^│]*≥33% +│/);
  });

  test("past the p90 it is late: neither a time left nor an end", () => {
    const state = at(opened([silent()], BACKUP), 300);
    const text = screenText(state);
    expect(timesOf(state)).toMatch(/later than usual · ≥1m00s left/);
    expect(text).toMatch(/ late │/);
    expect(timesOf(state)).not.toContain("done ≈");
  });

  test("an end that slides by more than a third is told, until the pace is as it was", () => {
    const counting = (seconds: number, percent: number) =>
      changed(silent().id, { percent, updatedAt: ago(-seconds) });
    const only = { stages: ["Archive"], currentStage: 0 };
    let state = opened([silent({ ...only, percent: 50 })], {
      ...BACKUP,
      runs: 0,
      seconds: null,
      stages: {},
    });
    for (let n = 1; n <= 10; n++) state = at(update(state, counting(n, 50 + n)), n);
    expect(timesOf(state)).not.toContain("later than expected");
    for (let n = 1; n <= 20; n++)
      state = at(update(state, counting(10 + n * 8, 60 + n)), 10 + n * 8);
    expect(timesOf(state)).toMatch(/\dm\d\ds left · later than expected · done ≈/);
  });

  test("a report that comes late makes nothing later than expected, nor does a link that nobody expected", () => {
    const only = { stages: ["Archive"], currentStage: 0 };
    const report = (seconds: number, percent: number) =>
      changed(silent().id, { percent, updatedAt: ago(-seconds) });
    let state = opened([silent({ ...only, percent: 50 })], NONE);
    for (let n = 1; n <= 20; n++) state = at(update(state, report(n, 50 + 2 * n)), n);
    expect(chainTime(at(state, 29), state.view.operations.get(silent().id)!).isLater).toBe(false);
    const first = {
      ...silent(only),
      state: "succeeded",
      finishedAt: ago(-20),
      seconds: 95,
    } as Operation;
    const chain = { ...first.chain, index: 1, previous: first.id };
    const next = silent({ ...only, id: "nextnextnext", chain, startedAt: ago(-20), percent: 10 });
    const handed = { ...first, chain: { ...first.chain, next: next.id } };
    for (const { id, ...patch } of [handed, next])
      state = update(state, changed(id, { id, ...patch }));
    for (let n = 21; n <= 25; n++)
      state = at(update(state, changed(next.id, { percent: n - 10, updatedAt: ago(-n) })), n);
    expect(chainTime(state, state.view.operations.get(next.id)!)).toMatchObject({
      isKnown: true,
      isLater: false,
    });
  });

  test("the clock stands while the daemon tells nothing, and goes on with its next line", () => {
    const state = opened([silent()], BACKUP);
    const quiet = update(at(state, 3), { type: "quiet" });
    expect(screenText(at(quiet, 60))).toContain("3m05s left");
    expect(screenText(at(update(quiet, { type: "heard" }), 60))).toContain("2m13s left");
  });

  test("a pause is not called the time that it ran", () => {
    const paused = silent({ pause: { since: ago(20), seconds: 0, changes: 1 } });
    const state = update(opened([paused], BACKUP), {
      type: "resized",
      size: { columns: 80, rows: 24 },
    });
    expect(screenText(state)).toMatch(/─ paused ─╮/);
  });
});

describe("the time until the queue is empty", () => {
  const header = (forecast: Partial<ForecastReply>, seconds = 0) => {
    const counts = { ...NO_COUNTS, queued: 7, running: 1 };
    const told = { at: ago(0), emptyAt: null, operations: {}, ...forecast };
    const state = update(
      open([backup()], { size: { columns: 160, rows: 50 }, counts }),
      answerTo("forecast", told),
    );
    return screenText(update(state, { type: "ticked", now: NOW + seconds * 1000 })).split("\n")[0];
  };

  test("goes by, and is never 0", () => {
    const emptyAt = ago(-95);
    expect(header({ emptyAt })).toContain("○ 7 queued ~2 min ");
    expect(header({ emptyAt }, 60)).toContain("○ 7 queued ~35s ");
    expect(header({ emptyAt }, 94.5)).toContain("○ 7 queued ~1s ");
    for (const seconds of [95, 200])
      expect(header({ emptyAt }, seconds)).toMatch(/○ 7 queued {2,}/);
  });

  test("does not include what starts at a later time, which stands apart", () => {
    const delayed = { operations: 1, startsAt: ago(-3600) };
    expect(header({ emptyAt: ago(-44), delayed })).toMatch(/○ 7 queued ~44s · 1 at \d\d:\d\d /);
    expect(header({ delayed })).toMatch(/○ 7 queued · 1 at \d\d:\d\d /);
  });
});

test("a success is compared with other runs, never with itself", () => {
  const done = backupDone();
  const self = {
    id: done.id,
    state: "succeeded",
    seconds: 70,
    finishedAt: done.finishedAt!,
  } as const;
  const verdict = (runs: number) =>
    screenText(opened([done], { ...BACKUP, runs, seconds: spread(70), recent: [self] }));
  expect(verdict(1)).not.toMatch(/as usual|usually/);
  expect(verdict(2)).toContain("nightly 1m10s — as usual");
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
    const state = update(opened([make]), answerTo("history", BACKUP, { name, succeeded: 0 }));
    expect(secondsLeft(state, make)).toBe(200 - 72 + 60);
    expect(stallOf(update(state, { type: "ticked", now: NOW + 900_000 }), make)).toMatchObject({
      why: 900,
    });
  });
});

describe("a stall", () => {
  const at = (state: State, seconds: number) =>
    update(state, { type: "ticked", now: NOW + seconds * 1000 });
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
    const logged = update(later, changed(counting.id, { logLines: 5 }));
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
