/**
 * The one fold: (record, fact) → record, pure, used by the daemon, `liveops run`, replay and the tests.
 *
 * Laws (property-tested): folding a prefix and then the rest equals folding all; a fact at or below the record's
 * `seq` changes nothing, so applying facts twice is harmless; the given record is never mutated.
 */
import type { Fact, Submission } from "./fact.js";
import type { LogLine, Operation, StageTimes } from "./operation.js";
import type { FinalState } from "./state.js";

const NO_STATES: Operation["stageStates"] = Object.freeze({});
const NO_TIMES: Operation["stageTimes"] = Object.freeze({});

/** The record of an operation that has just been submitted. */
export function submittedRecord(operation: Submission, at: string, seq: number): Operation {
  return {
    id: operation.id,
    op: operation.op,
    title: operation.title,
    label: operation.label,
    cwd: operation.cwd,
    params: operation.params,
    state: "queued",
    stages: operation.stages,
    currentStage: -1,
    // One for all that wait: no record is ever changed in place.
    stageStates: NO_STATES,
    stageTimes: NO_TIMES,
    percent: 0,
    progress: null,
    status: null,
    result: null,
    omitted: operation.omitted ?? null,
    error: null,
    attempt: 0,
    retryAt: null,
    stalledSince: null,
    noRoomSince: null,
    blocked: null,
    seconds: null,
    cancelRequested: false,
    finishedSuccessfully: false,
    queuePosition: null,
    chain: operation.chain,
    ...(operation.limits && { limits: operation.limits }),
    createdAt: at,
    updatedAt: at,
    startedAt: null,
    finishedAt: null,
    logLines: 0,
    seq,
  };
}

/**
 * The record after the fact.
 *
 * @throws Error when the first fact is not `operation:submitted`: there is nothing to fold into.
 */
export function fold(record: Operation | null, fact: Fact): Operation {
  return foldWith(putInCopy, record, fact);
}

/** As `fold`, for who asks only where an operation stands: nothing is kept of each stage, and so nothing grows. */
export function foldOutline(record: Operation | null, fact: Fact): Operation {
  return foldWith((map) => map, record, fact);
}

/** A map with one entry more, or another one: how a stage's state and times come into a record. */
export type Put = <V>(map: Record<string, V>, key: string, value: V) => Record<string, V>;

const putInCopy: Put = (map, key, value) => setEntry({ ...map }, key, value);

/** Changes the map that is given. */
export const setEntry: Put = (map, key, value) => {
  // A stage may have that name too, and an assignment would set the prototype.
  if (key === "__proto__")
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
  return map;
};

/** The fold itself; `put` says how the maps of the stages are changed. */
export function foldWith(put: Put, record: Operation | null, fact: Fact): Operation {
  if (record === null) {
    if (fact.type !== "operation:submitted") throw new Error(`${fact.type} before operation:submitted`);
    return submittedRecord(fact.operation, fact.at, fact.seq);
  }
  if (fact.type === "cancel:requested") {
    // It has no number: that it came before is told by the attempt, which runs and is not flagged yet.
    const isNews = record.state === "running" && fact.attempt === record.attempt && !record.cancelRequested;
    return isNews && fact.reason === "cancel"
      ? { ...record, cancelRequested: true, updatedAt: fact.at }
      : record;
  }
  if (fact.seq <= record.seq) return record;
  return { ...record, ...changes(put, record, fact), updatedAt: fact.at, seq: fact.seq };
}

/** The record after a log line: only the count changes. */
export function foldLogLine(record: Operation, line: LogLine): Operation {
  return line.n <= record.logLines ? record : { ...record, logLines: line.n };
}

function changes(
  put: Put,
  record: Operation,
  fact: Exclude<Fact, { type: "cancel:requested" }>,
): Partial<Operation> {
  switch (fact.type) {
    case "operation:submitted":
    case "attempt:accepted":
    case "records:dropped":
      return {};
    case "attempt:finished":
      return { seconds: fact.seconds };
    case "attempt:started":
      return { ...CLEAN, state: "running", attempt: fact.attempt, startedAt: fact.at };
    case "stages:declared":
      return { title: fact.title, stages: fact.stages };
    case "attempt:requeued":
      return { ...CLEAN, state: "queued", startedAt: null, retryAt: fact.retryAt };
    case "operation:retried":
      return { ...CLEAN, state: "queued", startedAt: null, chain: { ...record.chain, next: null } };
    case "stage:entered":
      if (fact.index === null) return {};
      return {
        currentStage: fact.index,
        stageStates: put(record.stageStates, fact.stage, "active"),
        stageTimes: put(record.stageTimes, fact.stage, {
          startedAt: fact.at,
          finishedAt: null,
          resumed: false,
          seconds: null,
        }),
        percent: 0,
        progress: null,
      };
    case "stage:left":
      if (fact.index === null) return {};
      return {
        stageStates: put(record.stageStates, fact.stage, fact.state),
        stageTimes: put(record.stageTimes, fact.stage, leftTimes(record, fact.stage, fact)),
      };
    case "progress:changed":
      return { percent: fact.percent, progress: fact.progress };
    case "status:changed":
      return { status: fact.status };
    case "operation:settled":
      return {
        state: fact.state,
        result: fact.result,
        ...(fact.omitted && { omitted: { ...record.omitted, ...fact.omitted } }),
        error: fact.error,
        finishedSuccessfully: fact.state === "succeeded",
        percent: fact.state === "succeeded" ? 100 : record.percent,
        ...closeStages(put, record, fact),
        queuePosition: null,
        finishedAt: fact.at,
        chain: { ...record.chain, next: fact.next },
      };
  }
}

/** What a new attempt, or the wait for one, starts without. */
const CLEAN = {
  currentStage: -1,
  stageStates: {},
  stageTimes: {},
  percent: 0,
  progress: null,
  status: null,
  result: null,
  error: null,
  cancelRequested: false,
  finishedSuccessfully: false,
  queuePosition: null,
  finishedAt: null,
  retryAt: null,
  seconds: null,
} satisfies Partial<Operation>;

function leftTimes(
  record: Operation,
  stage: string,
  fact: { at: string; resumed: boolean; seconds: number | null },
): StageTimes {
  const startedAt = record.stageTimes[stage]?.startedAt ?? fact.at;
  return { startedAt, finishedAt: fact.at, resumed: fact.resumed, seconds: fact.seconds };
}

/** A worker that died left its stage open: it ended as the operation did, and with it. */
function closeStages(
  put: Put,
  record: Operation,
  fact: { state: FinalState; at: string },
): Partial<Pick<Operation, "stageStates" | "stageTimes">> {
  let { stageStates, stageTimes } = record;
  const open = Object.keys(stageStates).filter((name) => record.stageStates[name] === "active");
  if (open.length === 0) return {};
  const state = fact.state === "succeeded" ? "done" : fact.state;
  for (const name of open) {
    stageStates = put(stageStates, name, state);
    stageTimes = put(
      stageTimes,
      name,
      leftTimes(record, name, { at: fact.at, resumed: false, seconds: null }),
    );
  }
  return { stageStates, stageTimes };
}
