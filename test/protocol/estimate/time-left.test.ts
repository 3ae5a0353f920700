/** The time left, by the rule: own pace, median, p90, unknown, and never 0. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pace, paced } from "../../../protocol/estimate/pace.js";
import {
  isLaterThanPromised,
  type Promised,
  promised,
} from "../../../protocol/estimate/promise.js";
import {
  sumOf,
  type TimeLeft,
  timeLeft,
  UNKNOWN,
  usualTime,
} from "../../../protocol/estimate/time-left.js";
import { paramsKey, type Usual, usualIn } from "../../../protocol/estimate/usual.js";
import type { Operation } from "../../../protocol/operation.js";
import { submittedRecord } from "../../../protocol/reduce.js";
import { submission } from "../../harness/records.js";

const START = Date.parse("2026-01-02T03:04:05.000Z");
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const times = (startedAt: number, finishedAt: number | null = null) => ({
  startedAt: at(startedAt),
  finishedAt: finishedAt === null ? null : at(finishedAt),
  resumed: false,
  seconds: null,
});
const count = (done: number, total: number, rate: number | null) => ({
  done,
  total,
  rate,
  unit: null,
  label: null,
  etaSeconds: rate === null ? null : (total - done) / rate,
});

/** In its second stage, which began after ten seconds. */
function running(over: Partial<Operation> = {}): Operation {
  return {
    ...submittedRecord(submission(), at(0), 1),
    state: "running",
    attempt: 1,
    startedAt: at(0),
    updatedAt: at(10),
    currentStage: 1,
    stageStates: { Load: "done", Process: "active" },
    stageTimes: { Load: times(0, 10), Process: times(10) },
    ...over,
  };
}

const stages = { Load: [10, 12], Process: [60, 80], Save: [20, 25] };
function history(over: Record<string, number[]> = stages, runs = 11) {
  const spreads = Object.entries(over).map(([name, [p50, p90]]) => [
    name,
    { runs, p50: p50!, p90: p90! },
  ]);
  return { runs, seconds: { p50: 90, p90: 110 }, stages: Object.fromEntries(spreads) };
}
const usual = usualIn(history(), null);

const left = (operation: Operation, seconds: number, known: Usual | null = usual, pace?: Pace) =>
  timeLeft(operation, known, pace, START + seconds * 1000);

/** What is told after these reports of the share: seconds and percent. */
function after(
  reports: ReadonlyArray<readonly [seconds: number, percent: number]>,
  seconds: number,
  only = {},
) {
  let pace: Pace | undefined;
  let operation = running(only);
  for (const [time, percent] of reports) {
    operation = running({ ...only, percent, updatedAt: at(time) });
    pace = paced(pace, operation);
  }
  return left(operation, seconds, null, pace);
}

describe("a stage that waits for another operation", () => {
  const rest: TimeLeft = { ...UNKNOWN, seconds: 33, isLeast: false, runs: 4 };
  const waiting = (over: Partial<Operation> = {}) =>
    running({ stages: ["Load", "Process"], waitsFor: ["other"], ...over });
  const leftOf = (operation: Operation, known: Usual | null, awaited = rest) =>
    timeLeft(operation, known, undefined, START + 40_000, () => awaited);

  test("takes as long as that one, where earlier runs do not tell its own time", () => {
    expect(leftOf(waiting(), null)).toEqual(rest);
    expect(leftOf(waiting(), null, UNKNOWN)).toMatchObject({ seconds: null });
    expect(leftOf(waiting(), usual)).toMatchObject({ seconds: 30, runs: 11 });
  });

  test("takes an unknown time where it does more than that", () => {
    expect(leftOf(waiting({ waitsFor: ["other", "third"] }), null).seconds).toBeNull();
    expect(leftOf(waiting({ steps: { Process: [] } }), null).seconds).toBeNull();
  });

  test("takes an unknown time while that one cannot start, such as in a paused queue", () => {
    const blocked = { reason: "its queue is paused", since: at(0) };
    const other = { ...waiting({ waitsFor: null }), state: "queued", blocked } as Operation;
    const ofOther = timeLeft(other, usual, undefined, START);
    expect(leftOf(waiting(), usual, ofOther).seconds).toBeNull();
    expect(
      leftOf(waiting(), usual, timeLeft({ ...other, blocked: null }, usual, undefined, START))
        .seconds,
    ).toBe(30);
  });
});

describe("a stage without a pace", () => {
  test("takes the rest of its median, then of its p90", () => {
    expect(left(running(), 40)).toMatchObject({ seconds: 30 + 20, isLeast: false, runs: 11 });
    expect(left(running(), 75)).toMatchObject({ seconds: 23 / 3 + 20, isLate: false });
  });

  test("is late after that: only what comes later is known", () => {
    expect(left(running(), 120)).toMatchObject({ seconds: 20, isLeast: true, isLate: true });
  });

  test("is never at 0", () => {
    for (let seconds = 10; seconds < 200; seconds += 0.5) {
      const told = left(running({ stages: ["Load", "Process"] }), seconds).seconds;
      expect(told === null || told > 0).toBe(true);
    }
  });

  test("is unknown where its runs differ; the median of the whole counts, if it is known", () => {
    const differs = usualIn(history({ ...stages, Process: [10, 100] }), null);
    expect(left(running(), 40, differs)).toMatchObject({ seconds: 50, isLeast: false });
    expect(left(running(), 40, { ...differs!, seconds: null })).toMatchObject({
      seconds: 20,
      isLeast: true,
    });
  });

  test("that no earlier run had is left out", () => {
    const { Process: _, ...known } = stages;
    expect(left(running(), 40, usualIn(history(known), null))).toMatchObject({
      seconds: 20,
      isLeast: true,
    });
    const { Save: __, ...first } = stages;
    const waits = running({ stages: ["Load", "Process", "Save"] });
    // The mean of ten and sixty.
    const mean = Math.sqrt(10 * 60);
    expect(left(waits, 20, usualIn(history(first), null)).seconds).toBeCloseTo(50 + mean);
    expect(left(waits, 60, usualIn(history(first), null))).toMatchObject({
      seconds: 38 / 3,
      isLeast: true,
    });
    expect(left(running(), 40, null)).toEqual(UNKNOWN);
  });

  test("does not count the time of a pause", () => {
    const paused = running({ pause: { since: null, seconds: 30, changes: 2 } });
    const pace = paced(undefined, running({ updatedAt: at(10) }));
    expect(left(paused, 70, usual, pace).seconds).toBe(30 + 20);
    const now = running({ pause: { since: at(40), seconds: 0, changes: 1 } });
    expect([50, 500].map((seconds) => left(now, seconds).seconds)).toEqual([50, 50]);
  });

  test("that waits for input, for disk space or for a stopped worker has an unknown rest", () => {
    for (const waits of [
      { waitingForInput: { prompt: "Name?", echo: true, number: 1, since: at(20) } },
      { noRoomSince: at(20) },
      { stalledSince: at(20) },
    ])
      expect(left(running(waits), 40)).toEqual(UNKNOWN);
  });
});

describe("a stage that counts", () => {
  const counting = (done: number, total: number, rate: number | null) =>
    running({
      stages: ["Load", "Process"],
      progress: count(done, total, rate),
      percent: (100 * done) / total,
    });

  test("takes its rest at its rate, whatever earlier runs with other parameters took", () => {
    expect(left(counting(50, 1000, 5), 10).seconds).toBeCloseTo(190);
  });

  test("has a rest that goes by with the time, also between two reports", () => {
    const slow = counting(5, 10, 0.1);
    const pace = paced(undefined, slow);
    expect(left(slow, 10, null, pace).seconds).toBeCloseTo(50);
    expect(left(slow, 18, null, pace).seconds).toBeCloseTo(42);
    // The next item is due after ten seconds.
    expect(left(slow, 40, null, pace).seconds!).toBeGreaterThan(70);
  });

  test("has no rest before it has a rate, nor when all is counted", () => {
    expect(left(counting(0, 10, null), 10, null)).toEqual(UNKNOWN);
    expect(left(counting(10, 10, 1), 10, null)).toEqual(UNKNOWN);
  });

  test("with the same parameters as before takes what it took, as long as little is done", () => {
    const same = usualIn({ ...history(), byParams: [{ params: "x", ...history() }] }, "x");
    const slowStart = counting(50, 1000, 1);
    expect(left(slowStart, 15, same).seconds!).toBeLessThan(110);
    expect(left(slowStart, 15).seconds!).toBeGreaterThan(900);
  });

  test("in a later attempt goes by its pace: the attempt does not begin the stage anew", () => {
    const same = usualIn({ ...history(), byParams: [{ params: "x", ...history() }] }, "x");
    const retried = { ...counting(800, 1000, 20), attempt: 2 };
    expect(left(retried, 12, same).seconds).toBeCloseTo(10);
  });
});

describe("a stage that tells its percent", () => {
  const only = { stages: ["Load", "Process"] };

  test("takes its rest at the pace of the last percents", () => {
    const reports = Array.from({ length: 60 }, (_, i): [number, number] => [10 + i / 10, i]);
    expect(after(reports, 16, only).seconds).toBeCloseTo(4.1, 0);
    // From here on, a percent takes a second.
    const slower = Array.from({ length: 15 }, (_, i): [number, number] => [17 + i, 60 + i]);
    const told = after([...reports, ...slower], 31, only).seconds!;
    expect(told).toBeGreaterThan(20);
    expect(told).toBeLessThan(30);
  });

  test("gets slower while it stands still, and then has no pace", () => {
    const reports = Array.from({ length: 50 }, (_, i): [number, number] => [10 + i, i]);
    const [soon, late, never] = [60, 69, 71].map(
      (seconds) => after(reports, seconds, only).seconds!,
    );
    expect(late).toBeGreaterThan(soon! * 1.5);
    expect(never).toBeNull();
  });

  test("that jumps in steps of a quarter is not slower between two of them", () => {
    const reports: Array<[number, number]> = [
      [20, 25],
      [30, 50],
    ];
    expect(after(reports, 39, only).seconds).toBeCloseTo(11);
  });
});

describe("earlier runs", () => {
  const other = { params: "aaa", ...history({ Load: [1, 1], Process: [6, 8], Save: [2, 2] }, 3) };

  test("with the same parameters come first, and all others where there are none", () => {
    const reply = { ...history(), byParams: [other] };
    expect(usualIn(reply, "aaa")).toMatchObject({
      isSame: true,
      runs: 3,
      stages: { Process: { p50: 6 } },
    });
    expect(usualIn(reply, "bbb")).toMatchObject({
      isSame: false,
      runs: 11,
      stages: { Process: { p50: 60 } },
    });
  });

  test("that are only one tell the time with a wide range, and are late far later", () => {
    const one = usualIn(history({ Process: [60, 60] }, 1), null);
    const only = running({ stages: ["Load", "Process"] });
    expect(left(only, 40, one)).toMatchObject({ seconds: 30, margin: 18, runs: 1 });
    expect(left(only, 95, one)).toMatchObject({ seconds: expect.any(Number), isLate: false });
    expect(left(only, 110, one)).toMatchObject({ isLate: true });
  });

  test("with other parameters are said, promise nothing and are never late, unless parameters make no difference", () => {
    const set = (params: string, p50: number) => ({
      params,
      ...history({ Process: [p50, p50] }, 1),
      seconds: { p50, p90: p50 },
    });
    const only = running({ stages: ["Load", "Process"] });
    const ofOthers = (runs: number) => {
      const byParams = [set("a", 60), { ...set("b", 80), runs: runs - 1 }];
      return usualIn({ ...history({ Process: [60, 80] }, runs), byParams }, "c");
    };
    expect(ofOthers(2)).toBeNull();
    const differ = ofOthers(3);
    expect(left(only, 40, differ)).toMatchObject({ seconds: 30, isOther: true });
    expect(promised(undefined, 1, 30, left(only, 40, differ))).toBeUndefined();
    expect(left(only, 500, differ)).toMatchObject({ seconds: null, isLate: false });
    const alike = ["a", "b", "d"].map((params) => set(params, 90));
    const same = usualIn(
      { ...history({}, 3), seconds: { p50: 90, p90: 90 }, byParams: alike },
      "c",
    );
    expect(same).toMatchObject({ isSame: true, isOther: false });
    // Some runs are in no set.
    expect(usualIn({ ...history({}, 9), byParams: [set("a", 60)] }, "c")).toMatchObject({
      isOther: false,
    });
  });

  test("that differ too much tell nothing", () => {
    expect(usualIn({ ...history(stages, 0) }, null)).toBeNull();
    const wide = { ...history(), seconds: { p50: 10, p90: 31 } };
    expect(usualTime(usualIn(wide, null))).toEqual(UNKNOWN);
  });

  test("have equal keys for equal parameters, in any order", () => {
    const key = (params: Record<string, unknown>) => paramsKey({ params, large: null });
    expect(key({ a: 1, b: { c: [1], d: 2 } })).toBe(key({ b: { d: 2, c: [1] }, a: 1 }));
    expect(key({ a: 1 })).not.toBe(key({ a: 2 }));
    expect(paramsKey({ params: {}, large: ["params"] })).toBeNull();
  });
});

describe("the same work as before, by the curve of its percents", () => {
  // The first quarter takes a tenth of the time.
  const spread = { p50: 100, p90: 100, curve: [0.04, 0.1, 0.4, 0.7] };
  const known = usualIn(
    {
      ...history({}, 2),
      seconds: spread,
      byParams: [{ params: "x", ...history({}, 2), seconds: spread }],
    },
    "x",
  );
  const bare = (percent: number, seconds: number) =>
    running({
      stages: [],
      stageStates: {},
      stageTimes: {},
      currentStage: -1,
      percent,
      updatedAt: at(seconds),
    });
  const told = (percent: number, seconds: number) =>
    left(bare(percent, seconds), seconds, known).seconds!;

  test("takes what is left of the usual time, although its pace says less", () => {
    expect(told(25, 10)).toBeCloseTo(90);
    expect(told(50, 40)).toBeCloseTo(60);
    expect(told(75, 70)).toBeCloseTo(30);
  });

  test("takes longer where it is slower than before", () => {
    expect(told(50, 80)).toBeGreaterThan(100);
  });

  test("has an end that moves neither way while the pace is the usual one, and a rest that is never negative", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (times) => {
          const curve = times.toSorted((a, b) => a - b);
          const like = { ...spread, curve };
          const usual = usualIn(
            {
              ...history({}, 1),
              seconds: like,
              byParams: [{ params: "x", ...history({}, 1), seconds: like }],
            },
            "x",
          );
          for (const [i, percent] of [10, 25, 50, 75].entries()) {
            const ran = curve[i]! * 100;
            const { seconds } = left(bare(percent, ran), ran, usual);
            expect(seconds).toBeGreaterThan(0);
            expect(ran + seconds!).toBeCloseTo(100, 3);
          }
        },
      ),
    );
  });
});

test("at a constant pace, the end stays where it was told, and the rest is never negative", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 5, noNaN: true }), (each) => {
      let pace: Pace | undefined;
      for (let percent = 1; percent < 100; percent++) {
        const now = 10 + percent * each;
        const operation = running({ stages: ["Load", "Process"], percent, updatedAt: at(now) });
        pace = paced(pace, operation);
        const told = timeLeft(operation, null, pace, Date.parse(at(now))).seconds;
        if (told === null) continue;
        expect(told).toBeGreaterThan(0);
        // The record has whole milliseconds.
        expect(Math.abs(now + told - (10 + 100 * each))).toBeLessThan(0.02 * 100 * each + 0.2);
      }
    }),
  );
});

test("a sum leaves out what is unknown, and says so", () => {
  const known: TimeLeft = {
    ...UNKNOWN,
    seconds: 5,
    isLeast: false,
    margin: 3,
    runs: 4,
    guess: 0,
  };
  expect(sumOf([known, { ...known, margin: 4, runs: 9 }])).toEqual({
    ...known,
    seconds: 10,
    margin: 5,
  });
  expect(sumOf([known, UNKNOWN])).toEqual({ ...known, isLeast: true, guess: UNKNOWN.guess });
  expect(sumOf([UNKNOWN])).toEqual(UNKNOWN);
});

test("an end that slides by more than a third of what was left is later than promised", () => {
  const time = (seconds: number, margin = 0): TimeLeft => ({
    ...UNKNOWN,
    isLeast: false,
    seconds,
    margin,
  });
  let told: Promised | undefined;
  for (const [ran, seconds] of [
    [10, 30],
    [20, 20],
    [30, 15],
  ] as const) {
    expect(isLaterThanPromised(told, 1, ran, time(seconds))).toBe(false);
    told = promised(told, 1, ran, time(seconds));
  }
  expect(isLaterThanPromised(told, 1, 30, time(18))).toBe(true);
  // Nobody has read what stood there for a moment; a range says more; another attempt promises
  // anew.
  expect(promised(undefined, 1, 1, time(30))).toBeUndefined();
  expect(promised(undefined, 1, 10, time(30, 25))).toEqual({ attempt: 1, limit: 65 });
  expect(isLaterThanPromised(told, 2, 30, time(100))).toBe(false);
});
