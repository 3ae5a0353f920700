/** The laws of the reducer, over any history that an operation can have. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { stageRanSeconds } from "../../protocol/estimate/seconds.js";
import type { OperationEvent } from "../../protocol/event.js";
import { MAX_LISTED_STEPS } from "../../protocol/limits.js";
import { type Operation, operationSchema } from "../../protocol/operation.js";
import { RecordBuilder, reduceEvent, reduceLogLine, reduceOutline } from "../../protocol/reduce.js";
import { isFinal, mayMove } from "../../protocol/state.js";
import { AT, Story } from "../harness/records.js";
import { histories } from "./histories.js";

const foldAll = (record: Operation | null, events: OperationEvent[]): Operation =>
  events.reduce<Operation | null>((so, event) => reduceEvent(so, event), record)!;

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** Whether no block runs on after the event. */
function isBoundary({ type }: OperationEvent): boolean {
  return type.startsWith("operation:") || type === "attempt:started" || type === "attempt:requeued";
}

describe("laws", () => {
  test("a record as it was, and the events from there or from before there on, is the record as it is", () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), (events, a, b) => {
        const snapshotAt = 1 + (a % events.length);
        const from = b % (snapshotAt + 1);
        const snapshot = foldAll(null, events.slice(0, snapshotAt));
        expect(foldAll(snapshot, events.slice(from))).toEqual(foldAll(null, events));
      }),
    );
  });

  test("all events a second time change nothing", () => {
    fc.assert(
      fc.property(histories, (events) => {
        const once = foldAll(null, events);
        expect(foldAll(once, events)).toEqual(once);
      }),
    );
  });

  test("each event twice in a row is that event once", () => {
    fc.assert(
      fc.property(histories, (events) => {
        const doubled = events.flatMap((event) => [event, event]);
        expect(foldAll(null, doubled)).toEqual(foldAll(null, events));
      }),
    );
  });

  test("the worker of a running operation is that which accepted its attempt; else there is none", () => {
    fc.assert(
      fc.property(histories, (events) => {
        let record: Operation | null = null;
        for (const event of events) {
          record = reduceEvent(record, event);
          if (event.type === "attempt:accepted") expect(record.pid).toBe(event.pid);
          if (record.state !== "running" || event.type === "attempt:finished")
            expect(record.pid).toBeNull();
        }
      }),
    );
  });

  test("no record and no event is ever changed", () => {
    fc.assert(
      fc.property(histories, (events) => {
        let record: Operation | null = null;
        // In a frozen record an assignment throws.
        for (const event of events) record = frozen(reduceEvent(record, frozen(event)));
      }),
    );
  });

  test("a built record equals the reduced record, and earlier reads stay unchanged", () => {
    fc.assert(
      fc.property(histories, fc.array(fc.boolean()), ([submitted, ...events], reads) => {
        let record = reduceEvent(null, submitted!);
        const builder = new RecordBuilder(record);
        for (const [index, event] of events.entries()) {
          record = reduceEvent(record, event);
          builder.add(event);
          // In a frozen record an assignment throws.
          if (reads[index % reads.length]) expect(frozen(builder.record)).toEqual(record);
        }
        expect(builder.record).toEqual(record);
      }),
    );
  });

  test("an outline is the record without what was kept of each stage", () => {
    fc.assert(
      fc.property(histories, (events) => {
        const outline = events.reduce<Operation | null>(
          (so, event) => reduceOutline(so, event),
          null,
        );
        const whole = foldAll(null, events);
        const steps = whole.steps && { steps: {}, stepCounts: {} };
        const kept = { ...whole, stageStates: {}, stageTimes: {}, ...steps, curve: undefined };
        expect({ ...outline, curve: undefined }).toEqual(kept);
      }),
    );
  });

  test("the bar is that of the stage that the record names, and an untracked stage is named while it runs", () => {
    fc.assert(
      fc.property(histories, (events) => {
        const open: Array<{ stage: string; index: number | null }> = [];
        let record: Operation | null = null;
        // The stage that runs now, else the last tracked stage; its bar is what was reported since
        // it is that stage.
        let owner = "";
        let reported = 0;
        for (const event of events) {
          if (event.type === "stage:entered") open.push(event);
          if (event.type === "stage:left")
            open.splice(
              open.findLastIndex(
                ({ stage, index }) => stage === event.stage && index === event.index,
              ),
              1,
            );
          if (isBoundary(event)) open.length = 0;
          record = reduceEvent(record, event);
          const latest = open.at(-1);
          const untracked = latest?.index === null ? latest.stage : null;
          expect(record.untrackedStage).toBe(isFinal(record.state) ? null : untracked);

          const named: string = `${untracked} ${record.currentStage} ${record.attempt}`;
          if (named !== owner || event.type === "stage:entered" || isBoundary(event)) reported = 0;
          // The runner then reports the bar of the block that runs on.
          if (event.type === "stage:left" && (event.index === null || untracked !== null))
            reported = 0;
          owner = named;
          if (event.type === "progress:changed" && event.step === undefined)
            reported = event.percent;
          if (!isFinal(record.state)) expect(record.percent).toBe(reported);
        }
      }),
    );
  });

  test("a client of the first states sees an allowed failure, a skip and any later state as done", () => {
    const first: readonly string[] = ["active", "done", "failed", "cancelled"];
    /** The rule of the protocol, with the states that such a client knows. */
    const known = (state: string) => (first.includes(state) ? state : "done");
    const renamed = (event: OperationEvent, name: (state: string) => string): OperationEvent =>
      event.type === "stage:left"
        ? { ...event, state: name(event.state) as typeof event.state }
        : event;
    const states = (events: OperationEvent[]) => foldAll(null, events).stageStates;
    fc.assert(
      fc.property(histories, (events) => {
        const seen = Object.entries(states(events)).map(([stage, state]) => [stage, known(state)]);
        expect(states(events.map((event) => renamed(event, known)))).toEqual(
          Object.fromEntries(seen),
        );
        // This reducer is an old client too: of a state that a later version adds.
        const later = (state: string) => (state === "skipped" ? "postponed" : state);
        const done = (state: string) => (state === "skipped" ? "done" : state);
        expect(states(events.map((event) => renamed(event, later)))).toEqual(
          states(events.map((event) => renamed(event, done))),
        );
      }),
    );
  });

  test("the times of a stage keep why it was skipped, and the error that was allowed", () => {
    fc.assert(
      fc.property(histories, (events) => {
        const { stageStates, stageTimes } = foldAll(null, events);
        for (const [stage, state] of Object.entries(stageStates)) {
          const { reason, error } = stageTimes[stage]!;
          expect(reason?.slice(0, 7)).toBe(state === "skipped" ? "no need" : undefined);
          expect(error?.slice(0, 5)).toBe(state === "allowed-failure" ? "broke" : undefined);
        }
      }),
    );
  });

  test("the steps of a record are those that began in the run of their stage, counted by how they ended", () => {
    fc.assert(
      fc.property(histories, (events) => {
        let record: Operation | null = null;
        /** The states that each stage of the attempt has. */
        let stages = new Map<string, Map<string, string>>();
        const close = (stage: string, state: string) => {
          for (const [step, now] of stages.get(stage) ?? [])
            if (now === "active") stages.get(stage)!.set(step, state);
        };
        for (const event of events) {
          record = reduceEvent(record, event);
          if (event.type === "attempt:started") stages = new Map();
          if (event.type === "attempt:requeued" || event.type === "operation:retried")
            stages = new Map();
          if (event.type === "stage:entered" && event.index !== null)
            stages.set(event.stage, new Map());
          if (event.type === "step:entered") stages.get(event.stage)!.set(event.step, "active");
          if (event.type === "step:finished") stages.get(event.stage)!.set(event.step, event.state);
          if (event.type === "stage:left" && event.index !== null) close(event.stage, "ended");
          if (event.type === "operation:finished")
            for (const stage of stages.keys())
              close(stage, event.state === "succeeded" ? "done" : event.state);
          const { steps = {}, stepCounts = {} } = record;
          for (const [stage, states] of stages) {
            const listed = (steps[stage] ?? []).map(({ name, state }) => [name, state]);
            expect(listed).toEqual([...states]);
            const { total = 0, ...counts } = stepCounts[stage] ?? {};
            expect(total).toBe(states.size === 0 ? 0 : 4);
            const ended = [...states.values()].filter((state) => state !== "active");
            const count = (state: string) => ended.filter((each) => each === state).length;
            expect(counts).toEqual(Object.fromEntries(ended.map((state) => [state, count(state)])));
          }
          expect(Object.keys(steps).every((stage) => stages.has(stage))).toBe(true);
        }
      }),
    );
  });

  test("every record on the way is a valid one, and moves only as the table allows", () => {
    fc.assert(
      fc.property(histories, (events) => {
        let record: Operation | null = null;
        for (const event of events) {
          const after = reduceEvent(record, event);
          expect(z.strictObject(operationSchema.shape).safeParse(after).error).toBeUndefined();
          if (record && record.state !== after.state)
            expect(mayMove(record.state, after.state)).toBe(true);
          if (isFinal(after.state))
            expect(Object.values(after.stageStates)).not.toContain("active");
          record = after;
        }
      }),
    );
  });
});

describe("steps", () => {
  /** A record after `count` steps, of which every seventh failed and the last 40 run. */
  function many(count: number) {
    const builder = new RecordBuilder(new Story().started().entered("Load", 0).record());
    let seq = builder.record.seq;
    const add = (body: object) =>
      builder.add({ seq: ++seq, at: AT, attempt: 1, ...body } as OperationEvent);
    for (let n = 0; n < count; n++) {
      add({ type: "step:entered", stage: "Load", step: `step ${n}`, total: count });
      if (n < 40) continue;
      const state = (n - 40) % 7 === 0 ? "failed" : "done";
      add({
        type: "step:finished",
        stage: "Load",
        step: `step ${n - 40}`,
        state,
        resumed: false,
        seconds: 1,
      });
    }
    return builder.record;
  }

  test("a record lists a bounded number of steps and counts all: the active ones, then those that failed", () => {
    const { steps, stepCounts } = many(10_000);
    const listed = steps!.Load!;
    expect(listed).toHaveLength(MAX_LISTED_STEPS);
    expect(listed.filter(({ state }) => state === "active")).toHaveLength(40);
    expect(listed.filter(({ state }) => state === "failed").length).toBeGreaterThan(250);
    expect(stepCounts).toEqual({ Load: { total: 10_000, failed: 1423, done: 8537 } });
    expect(JSON.stringify({ steps, stepCounts }).length).toBeLessThan(75_000);
  });

  test("below the bound no step is left out", () => {
    const { steps } = many(MAX_LISTED_STEPS);
    expect(steps!.Load!.map(({ name }) => name)).toEqual(
      Array.from({ length: MAX_LISTED_STEPS }, (_, n) => `step ${n}`),
    );
  });

  test("a step keeps why it failed in one short line", () => {
    const error = {
      code: "LIVEOPS_EXCEPTION",
      message: `${"long ".repeat(100)}\nsecond line`,
      stack: null,
    };
    const record = new Story()
      .started()
      .entered("Load", 0)
      .event({ type: "step:entered", stage: "Load", step: "unit", total: 1 })
      .event({ type: "progress:changed", step: "unit", percent: 40, progress: null })
      .event({
        type: "step:finished",
        stage: "Load",
        step: "unit",
        state: "failed",
        resumed: false,
        seconds: 2,
        exitCode: 3,
        error,
      } as OperationEvent)
      .record();
    expect(record.percent).toBe(0);
    expect(record.steps).toEqual({
      Load: [
        {
          name: "unit",
          state: "failed",
          percent: 40,
          progress: null,
          status: null,
          startedAt: AT,
          finishedAt: AT,
          seconds: 2,
          resumed: false,
          exitCode: 3,
          reason: "long ".repeat(100).slice(0, 200),
        },
      ],
    });
  });
});

describe("single events", () => {
  const running = () => new Story().started();

  test("nothing can come before the submit", () => {
    const event = { type: "attempt:started", seq: 1, at: AT, attempt: 1 } as const;
    expect(() => reduceEvent(null, event)).toThrow("attempt:started before operation:submitted");
  });

  test("a stage that is entered is active and current, and the bar starts again", () => {
    const record = running()
      .event({ type: "progress:changed", percent: 80, progress: null })
      .entered("Process", 1)
      .record();
    expect(record).toMatchObject({
      currentStage: 1,
      stageStates: { Process: "active" },
      percent: 0,
    });
    expect(record.stageTimes.Process).toEqual({
      startedAt: AT,
      finishedAt: null,
      resumed: false,
      seconds: null,
    });
  });

  const at = (percent: number) => ({ type: "progress:changed", percent, progress: null }) as const;

  test("the record keeps after how many seconds the first attempt told 10, 25, 50 and 75 percent", () => {
    const told = (record: Operation, seconds: number, percent: number, progress = {}) => {
      const time = new Date(Date.parse(AT) + seconds * 1000).toISOString();
      const event = {
        type: "progress:changed",
        seq: record.seq + 1,
        at: time,
        attempt: 1,
        percent,
      } as const;
      return reduceEvent(record, { ...event, progress: null, ...progress });
    };
    const stage = running().entered("Process", 1).record();
    const half = told(told(told(stage, 3, 9), 4, 30), 6, 55);
    expect(half.curve).toEqual({ Process: [4, 4, 6] });
    expect(told(half, 9, 75).curve).toEqual({ Process: [4, 4, 6, 9] });
    expect(told({ ...stage, stages: [], startedAt: AT }, 5, 10).curve).toEqual({ "": [5] });
    for (const other of [
      { attempt: 2 },
      { untrackedStage: "x" },
      { pause: { since: null, seconds: 1, changes: 2 } },
    ])
      expect(told({ ...stage, ...other }, 5, 50).curve).toBeUndefined();
    const waited = stage.stageTimes.Process && {
      ...stage.stageTimes.Process,
      waits: { since: null, seconds: 1 },
    };
    expect(told({ ...stage, stageTimes: { Process: waited! } }, 5, 50).curve).toBeUndefined();
    const again = {
      type: "operation:retried",
      seq: half.seq + 1,
      at: AT,
      attempt: 1,
      from: null,
    } as const;
    expect(reduceEvent(half, again).curve).toEqual({});
  });

  test("the live time of a stage stands still while it waits for a slot", () => {
    const story = running().entered("Load", 0);
    const begin = Date.parse(AT);
    const told = (record: Operation, second: number, waits: boolean, seconds: number) => {
      const at = new Date(begin + second * 1000).toISOString();
      const event = { type: "stage:waits", seq: record.seq + 1, at, attempt: 1 } as const;
      return reduceEvent(record, { ...event, stage: "Load", waits, seconds });
    };
    const waiting = told(story.record(), 10, true, 4);
    expect(stageRanSeconds(waiting, "Load", begin + 60_000)).toBe(6);
    const works = told(waiting, 13, false, 7);
    expect(stageRanSeconds(works, "Load", begin + 60_000)).toBe(53);
    const left = { ...works, seq: story.record().seq };
    expect(
      reduceEvent(left, story.left("Load", 0).lines.at(-1) as OperationEvent).stageTimes.Load,
    ).not.toHaveProperty("waits");
  });

  test("an untracked stage leaves the stepper as it is, has a bar of its own, and is named", () => {
    const story = running().entered("Load", 0).event(at(66));
    const { currentStage, stageStates } = story.record();
    const inside = {
      currentStage,
      stageStates,
      untrackedStage: "Aside",
      percent: 0,
      progress: null,
    };
    expect(story.entered("Aside", null).record()).toMatchObject(inside);
    expect(story.event(at(40)).record()).toMatchObject({ ...inside, percent: 40 });
    const after = { ...inside, untrackedStage: null };
    expect(story.left("Aside", null).record()).toMatchObject(after);
    expect(story.event(at(66)).left("Load", 0).record()).toMatchObject({
      untrackedStage: null,
      percent: 66,
    });
  });

  test("an untracked stage that its worker's death left open leaves neither its name nor its bar", () => {
    const story = () =>
      running().entered("Load", 0).left("Load", 0).entered("Aside", null).event(at(66));
    const ended = { untrackedStage: null, progress: null };
    expect(story().finished("failed").record()).toMatchObject({ ...ended, percent: 0 });
    expect(story().finished("succeeded").record()).toMatchObject({ ...ended, percent: 100 });
    const requeued = story().event({ type: "attempt:requeued", reason: "it died", retryAt: null });
    expect(requeued.record()).toMatchObject({ ...ended, percent: 0 });
  });

  test("a stage that its worker's death left open ends as the operation does", () => {
    for (const [state, ended] of [
      ["failed", "failed"],
      ["cancelled", "cancelled"],
    ] as const) {
      const record = running()
        .entered("Load", 0)
        .left("Load", 0)
        .entered("Process", 1)
        .finished(state)
        .record();
      expect(record.stageStates).toEqual({ Load: "done", Process: ended });
      expect(record.stageTimes.Process?.finishedAt).toBe(AT);
    }
  });

  test("a stage may be called as what every object has", () => {
    for (const name of ["__proto__", "constructor"]) {
      const story = new Story({ stages: [name] }).started().entered(name, 0).left(name, 0);
      const builder = new RecordBuilder(new Story({ stages: [name] }).record());
      for (const line of story.lines) builder.add(line as OperationEvent);
      for (const { stageStates, stageTimes } of [story.record(), builder.record]) {
        expect(Object.entries(stageStates)).toEqual([[name, "done"]]);
        expect(Object.keys(stageTimes)).toEqual([name]);
        expect(Object.getPrototypeOf(stageStates)).toBe(Object.prototype);
      }
    }
  });

  test("a builder record copies its stages' maps once it was read, not for each event", () => {
    const builder = new RecordBuilder(running().record());
    builder.add({ type: "stage:entered", seq: 3, at: AT, attempt: 1, stage: "Load", index: 0 });
    const { stageStates } = builder.record;
    builder.add({ type: "stage:entered", seq: 4, at: AT, attempt: 1, stage: "Process", index: 1 });
    const copied = builder.record.stageStates;
    expect(copied).not.toBe(stageStates);
    builder.add({
      type: "status:changed",
      seq: 5,
      at: AT,
      attempt: 1,
      status: { text: "", level: "info" },
    });
    expect(builder.record.stageStates).toBe(copied);
  });

  test("only a success ends at 100 %", () => {
    const at40 = () => running().event({ type: "progress:changed", percent: 40, progress: null });
    expect(at40().finished("succeeded").record()).toMatchObject({
      percent: 100,
      finishedSuccessfully: true,
    });
    expect(at40().finished("failed").record()).toMatchObject({
      percent: 40,
      finishedSuccessfully: false,
    });
  });

  test("a retry starts clean", () => {
    const record = running()
      .entered("Load", 0)
      .finished("failed")
      .event({ type: "operation:retried", from: null })
      .record();
    expect(record).toMatchObject({
      state: "queued",
      attempt: 1,
      currentStage: -1,
      stageStates: {},
      stageTimes: {},
      error: null,
      startedAt: null,
      finishedAt: null,
    });
  });

  test("a timeout is no cancel of the user's", () => {
    const asked = (reason: "cancel" | "timeout") =>
      running().event({ type: "cancel:requested", reason }).record().cancelRequested;
    expect(asked("cancel")).toBe(true);
    expect(asked("timeout")).toBe(false);
  });

  test("a cancel that was meant for an earlier attempt does not hit the next one", () => {
    const record = running()
      .finished("failed")
      .event({ type: "operation:retried", from: null })
      .started(2)
      .event({ type: "cancel:requested", reason: "cancel", attempt: 1 })
      .record();
    expect(record.cancelRequested).toBe(false);
  });

  test("a prompt is no status once it is answered, and what the program said since stays", () => {
    const waiting = () => {
      const story = new Story().started();
      story.event({ type: "status:changed", status: { text: "Name? ", level: "info" } });
      return story.event({ type: "input:waiting", prompt: "Name?", echo: true, number: 1 });
    };
    expect(waiting().record().status?.text).toBe("Name? ");
    expect(waiting().event({ type: "input:resumed" }).record().status).toBeNull();
    const later = waiting().event({
      type: "status:changed",
      status: { text: "10 %", level: "info" },
    });
    expect(later.event({ type: "input:resumed" }).record().status?.text).toBe("10 %");
  });

  test("log lines only count up", () => {
    const record = running().record();
    const line = (n: number) =>
      ({ n, seq: n, at: AT, attempt: 1, stage: null, stream: "log", text: "" }) as const;
    const at5 = reduceLogLine(record, line(5));
    expect(at5).toEqual({ ...record, logLines: 5 });
    expect(reduceLogLine(at5, line(4))).toBe(at5);
  });
});

test("other parameters take back what was approved; another place does not", () => {
  const asked = {
    type: "approval:asked" as const,
    stage: "Ask",
    occurrence: 1,
    question: "Go?",
    choices: ["approve"],
    default: null,
    until: null,
  };
  const after = (changes: object) =>
    new Story().started().event(asked).event({ type: "operation:edited", changes }).record()
      .approvals;
  expect(after({ params: { a: 1 } })).toEqual([]);
  expect(after({ on: "b" })).toMatchObject([{ question: "Go?" }]);
});
