/**
 * The reducer of operation records: (record, event) → record. Used by the daemon, `liveops run` and
 * replay.
 *
 * Property tests check three rules. Reducing a prefix and then the rest equals reducing all events.
 * An event at or below the record's `seq` changes nothing, so applying events twice is harmless.
 * The given record is never mutated.
 */
import { answered, openApproval, withoutAskedAgain } from "./approval.js";
import { NO_END, recordEnd } from "./end-values.js";
import { CURVE_PERCENTS } from "./estimate/curve.js";
import type { OperationEvent, Submission } from "./event.js";
import { MAX_STATUS } from "./limits.js";
import { getOwn } from "./objects.js";
import type { LogLine, Operation, StageTimes } from "./operation.js";
import {
  closeSteps,
  enterStep,
  finishStep,
  type Put,
  reportOfStep,
  shortReason,
  withoutSteps,
  withoutStepsOf,
} from "./reduce-steps.js";
import { knownStageState } from "./stage-state.js";
import type { FinalState } from "./state.js";
import { SUBMIT_DEFAULTS } from "./submit-fields.js";

/** The record of a newly submitted operation. */
export function submittedRecord(submission: Submission, at: string, seq: number): Operation {
  const { source: _, ...fields } = submission;
  const times = { createdAt: at, updatedAt: at };
  return { ...QUEUED, ...SUBMIT_DEFAULTS, ...fields, ...times, seq } as Operation;
}

/**
 * The record after the event.
 *
 * @throws Error if `record` is null and the event is not `operation:submitted`
 */
export function reduceEvent(record: Operation | null, event: OperationEvent): Operation {
  return reduceWith(putInCopy, record, event);
}

/**
 * As `reduceEvent`, but keeps no state or times per stage, and no steps, so that the record does
 * not grow.
 */
export function reduceOutline(record: Operation | null, event: OperationEvent): Operation {
  return reduceWith((map) => map, record, event);
}

const putInCopy: Put = (map, key, value) => setEntry({ ...map }, key, value);

/** Changes the given map. */
const setEntry: Put = (map, key, value) => {
  // A stage may be named `__proto__`; an assignment would set the prototype.
  if (key === "__proto__")
    Object.defineProperty(map, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  else map[key] = value;
  return map;
};

/** Reduces one event; `put` changes the maps of the stages. */
function reduceWith(put: Put, record: Operation | null, event: OperationEvent): Operation {
  if (record === null) {
    if (event.type !== "operation:submitted")
      throw new Error(`${event.type} before operation:submitted`);
    return submittedRecord(event.operation, event.at, event.seq);
  }
  if (event.type === "cancel:requested") {
    // The event has no number. It is new only if its attempt is running and the flag is not set.
    const isNews =
      record.state === "running" && event.attempt === record.attempt && !record.cancelRequested;
    return isNews && event.reason === "cancel"
      ? { ...record, cancelRequested: true, updatedAt: event.at }
      : record;
  }
  if (event.type === "attempt:paused" || event.type === "attempt:resumed")
    return reducePause(record, event);
  if (event.seq <= record.seq) return record;
  return { ...record, ...changes(put, record, event), updatedAt: event.at, seq: event.seq };
}

/**
 * The event has no number. It is new only if its attempt is running and no later pause or resume is
 * known.
 */
function reducePause(
  record: Operation,
  event: Extract<OperationEvent, { type: "attempt:paused" | "attempt:resumed" }>,
): Operation {
  const { since, seconds, changes } = record.pause ?? NO_PAUSE;
  if (record.state !== "running" || event.attempt !== record.attempt || event.n <= changes)
    return record;
  const pause =
    event.type === "attempt:paused"
      ? { since: since ?? event.at, seconds, changes: event.n }
      : { since: null, seconds: seconds + event.seconds, changes: event.n };
  return { ...record, pause, updatedAt: event.at };
}

const NO_PAUSE = { since: null, seconds: 0, changes: 0 };

/** The record after the log line of this number: only the count changes. */
export function reduceLogLine(record: Operation, line: Pick<LogLine, "n">): Operation {
  return line.n <= record.logLines ? record : { ...record, logLines: line.n };
}

function changes(
  put: Put,
  record: Operation,
  event: Exclude<
    OperationEvent,
    { type: "cancel:requested" | "attempt:paused" | "attempt:resumed" }
  >,
): Partial<Operation> {
  switch (event.type) {
    case "operation:submitted":
    case "grace:declared":
    case "records:dropped":
    case "items:finished":
      return {};
    case "child:began":
      return { children: (record.children ?? 0) + 1 };
    case "attempt:accepted":
      return { pid: event.pid, commit: event.commit };
    case "attempt:finished":
      return { ...NO_WORKER, seconds: event.seconds, resources: event.resources ?? null };
    case "attempt:started":
      return {
        ...cleaned(record),
        state: "running",
        attempt: event.attempt,
        startedAt: event.at,
        slot: event.slot ?? null,
        ...(event.host !== undefined && { host: event.host }),
      };
    case "operation:edited": {
      const { source: _, ...changes } = event.changes;
      // What was approved was asked about other parameters.
      return { ...changes, ...(changes.params && record.approvals && { approvals: [] }) };
    }
    case "approval:asked": {
      const {
        stage,
        occurrence,
        question,
        choices,
        default: fallback,
        until,
        attempt,
        at: since,
      } = event;
      const asked = {
        stage,
        occurrence,
        question,
        choices,
        default: fallback,
        attempt,
        since,
        until,
      };
      return { approvals: [...(record.approvals ?? []), { ...asked, answer: null }] };
    }
    case "approval:answered":
      return answered(record, event);
    case "stages:declared":
      return { title: event.title, stages: event.stages };
    case "attempt:requeued":
      // The stages stay in sight while a person looks at the question.
      if (openApproval(record) !== null) return { ...ASKING, retryAt: event.retryAt };
      return { ...cleaned(record), state: "queued", startedAt: null, retryAt: event.retryAt };
    case "operation:retried":
      return {
        ...cleaned(record),
        ...withoutAskedAgain(record, event.from),
        ...(event.because && { status: { text: event.because, level: "warning" } }),
        state: "queued",
        startedAt: null,
        chain: { ...record.chain, next: null },
      };
    case "stage:entered":
      if (event.index === null) return { untrackedStage: event.stage, ...EMPTY_BAR };
      return {
        currentStage: event.index,
        untrackedStage: null,
        stageStates: put(record.stageStates, event.stage, "active"),
        stageTimes: put(record.stageTimes, event.stage, {
          startedAt: event.at,
          finishedAt: null,
          resumed: false,
          seconds: null,
        }),
        ...withoutStepsOf(put, record, event.stage),
        ...EMPTY_BAR,
      };
    case "stage:waits": {
      const times = getOwn(record.stageTimes, event.stage);
      if (times === undefined || times.finishedAt !== null) return {};
      const waits = { since: event.waits ? event.at : null, seconds: event.seconds };
      return { stageTimes: put(record.stageTimes, event.stage, { ...times, waits }) };
    }
    case "stage:left": {
      const untrackedStage = event.untrackedStage ?? null;
      if (event.index === null) return { untrackedStage, ...EMPTY_BAR };
      return {
        untrackedStage,
        // The bar of the last tracked stage stays after its end. It never stands beside the name of
        // another stage.
        ...(untrackedStage !== null && EMPTY_BAR),
        stageStates: put(record.stageStates, event.stage, knownStageState(event.state)),
        stageTimes: put(record.stageTimes, event.stage, {
          ...leftTimes(record, event.stage, event),
          ...countedItems(record),
        }),
        ...closeSteps(put, record, event.stage, "ended", event.at),
      };
    }
    case "stage:explained":
      return explain(put, record, event);
    case "step:entered":
      return enterStep(put, record, event);
    case "step:finished":
      return finishStep(put, record, event);
    case "progress:changed": {
      const { step, percent, progress } = event;
      return step === undefined
        ? { percent, progress, ...curveAfter(put, record, event) }
        : reportOfStep(put, record, step, { percent, progress });
    }
    case "status:changed": {
      const { step } = event;
      const status = event.status.text === "" ? null : event.status;
      return step === undefined ? { status } : reportOfStep(put, record, step, { status });
    }
    case "terminal:changed":
      return { terminal: event.program, ...withoutPrompt(record) };
    case "input:waiting":
      return {
        waitingForInput: {
          prompt: event.prompt,
          echo: event.echo,
          number: event.number,
          since: event.at,
        },
      };
    case "input:resumed":
      return withoutPrompt(record);
    case "operation:finished":
      return {
        state: event.state,
        ...recordEnd(event),
        ...(event.odd && { odd: event.odd }),
        resources: event.resources ?? null,
        ...NO_WORKER,
        finishedSuccessfully: event.state === "succeeded",
        // The bar of an untracked stage that a dead worker left open is of no stage of the record.
        ...(record.untrackedStage !== null && { untrackedStage: null, ...EMPTY_BAR }),
        ...(event.state === "succeeded" && { percent: 100 }),
        ...closeStages(put, record, event),
        queuePosition: null,
        slot: null,
        ...(record.pause && { pause: { ...record.pause, since: null } }),
        finishedAt: event.at,
        chain: { ...record.chain, next: event.next },
      };
  }
}

/**
 * How the share of a stage grows tells later runs more than how long the stage took. A pause or a
 * wait would falsify them.
 */
function curveAfter(
  put: Put,
  record: Operation,
  { percent, progress, at }: Extract<OperationEvent, { type: "progress:changed" }>,
): Pick<Operation, "curve"> {
  const { stages, currentStage, untrackedStage, attempt, pause, startedAt, curve = {} } = record;
  const isOfStage = stages.length > 0;
  const stage = isOfStage ? stages[currentStage] : "";
  const times = isOfStage ? getOwn(record.stageTimes, stage ?? "") : undefined;
  const since = isOfStage ? times?.startedAt : startedAt;
  if (stage === undefined || since == null || attempt > 1 || pause !== null) return {};
  if (times?.waits !== undefined) return {};
  if (progress?.total === null || (isOfStage && untrackedStage !== null)) return {};
  const known = getOwn(curve, stage) ?? [];
  const passed = CURVE_PERCENTS.filter((each) => percent >= each).length - known.length;
  if (passed <= 0) return {};
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(since)) / 1000);
  return { curve: put(curve, stage, [...known, ...Array<number>(passed).fill(seconds)]) };
}

/**
 * The bar of a stage that begins. An untracked stage that ends empties the bar too: the runner then
 * sends the bar of the block that runs on, if that bar is not empty.
 */
const EMPTY_BAR = { percent: 0, progress: null } satisfies Partial<Operation>;

/** A prompt that is answered is no status any more. */
function withoutPrompt({ status, waitingForInput }: Operation): Partial<Operation> {
  const isPrompt =
    waitingForInput !== null && status?.text.trim() === waitingForInput.prompt.trim();
  return { waitingForInput: null, ...(isPrompt && { status: null }) };
}

/**
 * A dead worker did not say that its program ended. A worker that lives on is that of another
 * attempt.
 */
const NO_WORKER = { pid: null, terminal: null, waitingForInput: null } satisfies Partial<Operation>;

/** Fields that are reset for a new attempt and for a wait in the queue. */
const CLEAN = {
  currentStage: -1,
  untrackedStage: null,
  stageStates: {},
  stageTimes: {},
  ...EMPTY_BAR,
  ...NO_WORKER,
  status: null,
  ...NO_END,
  cancelRequested: false,
  finishedSuccessfully: false,
  queuePosition: null,
  slot: null,
  pause: null,
  finishedAt: null,
  retryAt: null,
  seconds: null,
  resources: null,
} satisfies Partial<Operation>;

/** For a new attempt and for a wait in the queue. A record that never had a key does not get it. */
function cleaned(record: Operation): Partial<Operation> {
  return {
    ...CLEAN,
    ...withoutSteps(record),
    ...(record.odd && { odd: [] }),
    ...(record.curve && { curve: {} }),
  };
}

/** As a wait in the queue; the stages are as the last attempt left them. */
const ASKING = {
  ...NO_WORKER,
  state: "queued",
  startedAt: null,
  queuePosition: null,
  slot: null,
  pause: null,
} satisfies Partial<Operation>;

/** A queued operation before its first attempt, without the fields of its submit. */
const QUEUED = {
  large: null,
  ...CLEAN,
  state: "queued",
  attempt: 0,
  waitsFor: null,
  stalledSince: null,
  noRoomSince: null,
  blocked: null,
  usage: null,
  startedAt: null,
  logLines: 0,
} satisfies Partial<Operation>;

function leftTimes(
  record: Operation,
  stage: string,
  event: {
    at: string;
    resumed: boolean;
    seconds: number | null;
    reason?: string | undefined;
    saved?: number | undefined;
    error?: { message: string } | undefined;
  },
): StageTimes {
  const before = getOwn(record.stageTimes, stage);
  const { at, resumed, seconds, reason = before?.reason, saved, error } = event;
  return {
    startedAt: before?.startedAt ?? at,
    finishedAt: at,
    resumed,
    seconds,
    ...(reason !== undefined && { reason }),
    ...(saved !== undefined && { saved }),
    // The event keeps the complete error. A record of many stages stays small.
    ...(error !== undefined && { error: error.message.slice(0, MAX_STATUS) }),
  };
}

/** What the bar of the stage that ends has counted. */
function countedItems({ progress }: Operation): Pick<StageTimes, "items"> {
  if (progress === null || progress.approximate || progress.unit === "%") return {};
  const { done, unit } = progress;
  return { items: { done, unit } };
}

/** Why the active stage, or a step of it, runs. */
function explain(
  put: Put,
  record: Operation,
  { stage, step, reason }: Extract<OperationEvent, { type: "stage:explained" }>,
): Partial<Operation> {
  if (step !== undefined) return reportOfStep(put, record, step, { reason: shortReason(reason) });
  const times = getOwn(record.stageTimes, stage);
  return times === undefined
    ? {}
    : { stageTimes: put(record.stageTimes, stage, { ...times, reason }) };
}

/**
 * Closes the stages and steps that a dead worker left active, with the state and time of the
 * operation.
 */
function closeStages(
  put: Put,
  record: Operation,
  event: { state: FinalState; at: string },
): Partial<Operation> {
  let { stageStates, stageTimes } = record;
  let steps: Partial<Operation> = {};
  const open = Object.keys(stageStates).filter((name) => record.stageStates[name] === "active");
  if (open.length === 0) return {};
  const state = event.state === "succeeded" ? "done" : event.state;
  for (const name of open) {
    stageStates = put(stageStates, name, state);
    stageTimes = put(
      stageTimes,
      name,
      leftTimes(record, name, { at: event.at, resumed: false, seconds: null }),
    );
    steps = { ...steps, ...closeSteps(put, { ...record, ...steps }, name, state, event.at) };
  }
  return { stageStates, stageTimes, ...steps };
}

/**
 * Reduces one event after another as `reduceEvent` does, without copying the maps of the stages for
 * each event. Copies a map at the first change after the record was read, because the reader's
 * record must not change.
 */
export class RecordBuilder {
  #record: Operation;
  /** Maps that no reader holds. */
  readonly #own = new Set<object>();
  readonly #put: Put = (map, key, value) => {
    if (this.#own.has(map)) return setEntry(map, key, value);
    const copy = { ...map };
    this.#own.add(copy);
    return setEntry(copy, key, value);
  };

  constructor(record: Operation) {
    this.#record = record;
  }

  /** The current record; later events do not change the returned object. */
  get record(): Operation {
    this.#own.clear();
    return this.#record;
  }

  get attempt(): number {
    return this.#record.attempt;
  }

  get logLines(): number {
    return this.#record.logLines;
  }

  add(event: OperationEvent): void {
    this.#record = reduceWith(this.#put, this.#record, event);
  }

  addLine(line: LogLine): void {
    this.#record = reduceLogLine(this.#record, line);
  }
}
