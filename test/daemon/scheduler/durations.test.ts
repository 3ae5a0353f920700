/** The durations of steps, which each start of an operation asks for. */
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Durations } from "../../../daemon/scheduler/durations.js";
import { candidateOf } from "../../../daemon/scheduler/start.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import { EQUAL, type HistoryQuery } from "../../../daemon/store/history-query.js";
import type { Operation, Step } from "../../../protocol/operation.js";

const step = (name: string, seconds: number, over: Partial<Step> = {}) =>
  ({ name, state: "done", seconds, resumed: false, ...over }) as Step;

const runOf = (op: string, historyKey: string | undefined, steps?: Step[]) =>
  ({
    op,
    historyKey,
    params: {},
    stages: ["Check"],
    stageStates: {},
    stageTimes: {},
    chain: { next: null },
    state: "succeeded",
    steps: steps && { Check: steps },
  }) as Operation;

/** An archive with these runs, the newest first, that counts how often it is read. */
function archiveOf(...runs: Operation[]) {
  const bus = new Bus();
  const reads: string[] = [];
  const matching = (query: HistoryQuery) =>
    runs.filter((run) => EQUAL.every((name) => [undefined, run[name]].includes(query[name])));
  const list = async (query: HistoryQuery, limit: number) => {
    reads.push(query.historyKey ?? "all");
    return matching(query)
      .slice(0, limit)
      .map((record) => ({ record }) as Entry);
  };
  const count = async (query: HistoryQuery) => matching(query).length;
  const durations = new Durations({ list, count } as never, bus);
  const finish = (run: Operation) => {
    runs.unshift(run);
    bus.emit("decided", [{ id: "a", before: null, after: run }], {} as Decision, true);
  };
  return { durations, reads, finish };
}

test("are the medians of the runs with the same history key, without steps that did not run", async () => {
  const { durations } = archiveOf(
    runOf("ci", "x", [
      step("unit", 9),
      step("lint", 0, { resumed: true }),
      step("docs", 0, { state: "up-to-date", saved: 4 }),
    ]),
    runOf("ci", "x", [step("unit", 5), step("lint", 2), step("e2e", 3, { state: "failed" })]),
    runOf("ci", "y", [step("unit", 100)]),
    runOf("ci", "x", [step("unit", 7)]),
  );
  expect(await durations.ofSteps(runOf("ci", "x"))).toEqual({
    Check: { unit: 7, lint: 2, docs: 4 },
  });
  expect(await durations.ofSteps(runOf("ci", "z"))).toEqual({});
  expect(await durations.ofSteps({ ...runOf("ci", "x"), stages: [] })).toBeNull();
});

test("of a type without steps are read once, whatever the history keys, until a run has steps", async () => {
  const { durations, reads, finish } = archiveOf(runOf("shell", "one"));
  for (const key of ["one", "two", "three"]) {
    expect(await durations.ofSteps(runOf("shell", key))).toBeNull();
    finish(runOf("shell", key));
  }
  expect(reads).toEqual(["all"]);
  finish(runOf("shell", "two", [step("a", 3)]));
  expect(await durations.ofSteps(runOf("shell", "two"))).toEqual({ Check: { a: 3 } });
  expect(reads).toEqual(["all", "two"]);
});

test("that cannot be read delay no start", async () => {
  const record = { ...runOf("ci", "x"), id: "a", state: "queued" };
  const entry = { record, version: 1, events: [] } as never;
  const list = async () => {
    throw new Error("the history is damaged");
  };
  const durations = new Durations({ list } as never, new Bus());
  const candidate = await candidateOf(entry, {
    loader: { toStart: async () => ({ file: "/ops/ci.ts", policy: {} }) },
    durations,
  } as never);
  expect(candidate).toMatchObject({ version: 1, stepSeconds: null });
});

test("a run is compared with the runs of all sessions", async () => {
  const before = { ...runOf("ci", "x"), session: "a" };
  const { durations } = archiveOf(before, runOf("ci", "y"));
  const now = { ...before, session: "b" };
  expect(await durations.of(now)).toMatchObject({ runs: 1, finished: 1 });
});
