/** Compares two runs. Values are compared exactly, and log lines without their times. */
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { LogLine, Operation, Step } from "../../../protocol/operation.js";
import { knownStageState, knownStepState } from "../../../protocol/stage-state.js";
import type { RunSource } from "../../cli/run-source.js";
import { stepNote } from "../../describe/steps.js";
import { stageNote } from "../../terminal/stage-note.js";

/** A value that differs. An absent side has no such value. */
export interface ValueDifference {
  name: string;
  left?: unknown;
  right?: unknown;
}

export interface StageSide {
  state: string;
  seconds: number | null;
  note: string;
}

/** A stage in both runs, or a step of it (`Stage/step`). Its times are not compared. */
export interface StageDifference {
  name: string;
  same: boolean;
  /** Null: the run has no such stage. */
  left: StageSide | null;
  right: StageSide | null;
}

export type LogSide = Pick<LogLine, "n" | "attempt" | "stage" | "step" | "stream" | "text">;

export interface LogDifference {
  same: boolean;
  lines: { left: number; right: number };
  /** Equal lines before the first difference. */
  equal: number;
  /** The first lines that differ; null for the end of a log. */
  first: { left: LogSide | null; right: LogSide | null } | null;
  /** The last equal lines before it, of the left log. */
  before: LogSide[];
}

export interface RunSide {
  id: string;
  op: string;
  label: string | null;
  state: string;
  startedAt: string | null;
  seconds: number | null;
}

export interface RunDifference {
  same: boolean;
  left: RunSide;
  right: RunSide;
  record: ValueDifference[];
  params: ValueDifference[];
  /** Names of environment variables that only one run has. */
  env: { left: string[]; right: string[] };
  stages: StageDifference[];
  result: ValueDifference[];
  error: ValueDifference[];
  log: LogDifference;
}

const CONTEXT = 3;

export async function diffRuns(left: RunSource, right: RunSource): Promise<RunDifference> {
  const [a, b] = [left.record, right.record];
  const only = (here: Operation, there: Operation) =>
    (here.env ?? []).filter((name) => !there.env?.includes(name));
  const difference = {
    record: differences(comparable(a), comparable(b)),
    params: differences(a.params, b.params),
    env: { left: only(a, b), right: only(b, a) },
    stages: stages(a, b),
    result: differences(named("result", a.result), named("result", b.result)).filter(
      (difference) => !isDuration(difference),
    ),
    error: differences(errorOf(a), errorOf(b)),
    log: await diffLogs(left, right),
  };
  const { record, params, env, result, error, log } = difference;
  const same =
    [record, params, env.left, env.right, result, error].every((list) => list.length === 0) &&
    difference.stages.every((stage) => stage.same) &&
    log.same;
  return { same, left: sideOf(left), right: sideOf(right), ...difference };
}

function sideOf({ record: { id, op, label, state, startedAt, seconds } }: RunSource): RunSide {
  return { id, op, label, state, startedAt, seconds };
}

/** The values of a record that a repetition of the run would have too. */
function comparable({ op, queue, cwd, state, attempt }: Operation): Record<string, unknown> {
  return { type: op, queue, directory: cwd, state, attempts: attempt };
}

function errorOf({ error }: Operation): Record<string, unknown> {
  if (error === null) return {};
  const { code, message, causes } = error;
  return { code, message, ...(causes && { causes: causes.map((cause) => cause.message) }) };
}

function named(name: string, value: unknown): Record<string, unknown> {
  if (isPlainObject(value)) return value;
  return value === null || value === undefined ? {} : { [name]: value };
}

/**
 * `seconds`, as the results of `shell` and of pipelines have it, also for each stage. No two runs
 * take the same time.
 */
function isDuration({ name, left, right }: ValueDifference): boolean {
  return /(?:^|\.)seconds$/.test(name) && typeof left === "number" && typeof right === "number";
}

/** The values that differ, by name; nested objects by their path. */
function differences(a: Record<string, unknown>, b: Record<string, unknown>): ValueDifference[] {
  const [left, right] = [flat(a), flat(b)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((name) => {
    if (
      left.has(name) &&
      right.has(name) &&
      canonical(left.get(name)) === canonical(right.get(name))
    )
      return [];
    return [
      {
        name,
        ...(left.has(name) && { left: left.get(name) }),
        ...(right.has(name) && { right: right.get(name) }),
      },
    ];
  });
}

function flat(
  value: Record<string, unknown>,
  path = "",
  into = new Map<string, unknown>(),
): Map<string, unknown> {
  for (const [name, each] of Object.entries(value))
    if (isPlainObject(each) && Object.keys(each).length > 0) flat(each, `${path}${name}.`, into);
    else into.set(path + name, each);
  return into;
}

/** JSON that does not depend on the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    isPlainObject(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** The stages, each with its steps below it as `Stage/step`. */
function stages(a: Operation, b: Operation): StageDifference[] {
  return [...new Set([...a.stages, ...b.stages])].flatMap((name) => {
    const [left, right] = [stageSide(a, name), stageSide(b, name)];
    const counts = (it: Operation) => canonical(getOwn(it.stepCounts ?? {}, name) ?? {});
    const same = left?.state === right?.state && counts(a) === counts(b);
    return [{ name, same, left, right }, ...steps(a, b, name)];
  });
}

/** A record lists some of many steps: one that it does not list is not compared. */
function steps(a: Operation, b: Operation, stage: string): StageDifference[] {
  const list = (it: Operation) =>
    new Map((getOwn(it.steps ?? {}, stage) ?? []).map((step) => [step.name, step]));
  const [left, right] = [list(a), list(b)];
  const hasAll = (it: Operation, listed: ReadonlyMap<string, Step>) =>
    listed.size >= (getOwn(it.stepCounts ?? {}, stage)?.total ?? 0);
  const [isLeftWhole, isRightWhole] = [hasAll(a, left), hasAll(b, right)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((name) => {
    const [one, two] = [left.get(name), right.get(name)];
    if ((one === undefined && !isLeftWhole) || (two === undefined && !isRightWhole)) return [];
    const same = one?.state === two?.state;
    return [{ name: `${stage}/${name}`, same, left: stepSide(one), right: stepSide(two) }];
  });
}

function stepSide(step: Step | undefined): StageSide | null {
  if (step === undefined) return null;
  return { state: knownStepState(step.state), seconds: step.seconds, note: stepNote(step) };
}

function stageSide(
  { stages: all, stageStates, stageTimes }: Operation,
  stage: string,
): StageSide | null {
  if (!all.includes(stage)) return null;
  const state = getOwn(stageStates, stage);
  const times = getOwn(stageTimes, stage);
  return {
    state: state === undefined ? "pending" : knownStageState(state),
    seconds: times?.seconds ?? null,
    note: stageNote(state, times),
  };
}

/**
 * Steps log side by side, in another order in each run. So the lines of a step are compared with
 * those of the step of the same name, and the other lines among themselves.
 */
async function diffLogs(left: RunSource, right: RunSource): Promise<LogDifference> {
  const sides = [left.log(), right.log()].map((log) => log[Symbol.asyncIterator]()) as [
    Lines,
    Lines,
  ];
  const lanes = new Map<string, LogLane>();
  let equal = 0;
  let waiting = 0;
  const isOver: [boolean, boolean] = [false, false];
  const differenceAt = (lane: LogLane | null): LogDifference => {
    const [one, two] = lane?.unmatched ?? [[], []];
    const side = (line: LogLine | undefined) => (line === undefined ? null : logSide(line));
    return {
      same: lane === null,
      lines: { left: left.record.logLines, right: right.record.logLines },
      equal,
      first: lane === null ? null : { left: side(one[0]), right: side(two[0]) },
      before: lane?.before ?? [],
    };
  };
  try {
    while (!isOver[0] || !isOver[1])
      for (const mine of [0, 1] as const) {
        const { done, value } = isOver[mine]
          ? { done: true as const, value: null }
          : await sides[mine].next();
        if (done) {
          isOver[mine] = true;
          continue;
        }
        const lane = laneOf(lanes, value);
        lane.unmatched[mine].push(value);
        const [one, two] = lane.unmatched;
        if (one[0] === undefined || two[0] === undefined) {
          // The other run has no such line any more.
          if (isOver[1 - mine]) return differenceAt(lane);
          if (++waiting > MOST_WAITING) throw tooFarApart();
          continue;
        }
        if (keyOf(one[0]) !== keyOf(two[0])) return differenceAt(lane);
        equal++;
        waiting--;
        lane.before = [...lane.before, logSide(one[0])].slice(-CONTEXT);
        one.shift();
        two.shift();
      }
    const first = [...lanes.values()].find(
      ({ unmatched: [one, two] }) => one.length + two.length > 0,
    );
    return differenceAt(first ?? null);
  } finally {
    for (const lines of sides) await lines.return?.(undefined);
  }
}

type Lines = AsyncIterator<LogLine, undefined, undefined>;

/** The lines of one step, or all lines of no step. */
interface LogLane {
  /** Of the left and of the right run: lines that wait for those of the other. */
  unmatched: [LogLine[], LogLine[]];
  /** The last equal lines, of the left log. */
  before: LogSide[];
}

function laneOf(lanes: Map<string, LogLane>, { attempt, stage, step }: LogLine): LogLane {
  const key = step === undefined ? "" : JSON.stringify([attempt, stage, step]);
  const lane = lanes.get(key) ?? { unmatched: [[], []], before: [] };
  lanes.set(key, lane);
  return lane;
}

/** Lines that wait for those of the other run: they are in memory. */
const MOST_WAITING = 200_000;

function tooFarApart(): Error {
  return new Error(
    `the steps logged in so different an order that more than ${MOST_WAITING.toLocaleString("en-US")} lines would have to be held; compare one step with: liveops logs ID --step NAME`,
  );
}

function logSide({ n, attempt, stage, step, stream, text }: LogLine): LogSide {
  return { n, attempt, stage, step, stream, text };
}

/** Dates, times of day, and durations with their unit. */
const TIMES =
  /\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b|\b\d+(?:[.,]\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds?|min|mins|minutes?|m|h|hours?|d|days?)(?:\d+(?:ms|s|m|h))*\b/g;

const keyOf = ({ stream, stage, text }: LogLine): string =>
  `${stream}\n${stage ?? ""}\n${text.replace(TIMES, "<time>")}`;
