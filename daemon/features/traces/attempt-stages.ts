/** The stages and steps of running attempts, as their events tell them, until the attempt has ended. */
import type { WorkerEvent } from "../../../protocol/event.js";
import type { OperationError } from "../../../protocol/operation.js";

/** Most stages and steps of an attempt that become spans: an operation may enter stages in a loop. */
const MOST_SPANS = 1000;

type Entered = Extract<WorkerEvent, { type: "stage:entered" }>;
type Left = Extract<WorkerEvent, { type: "stage:left" }>;
type StepEntered = Extract<WorkerEvent, { type: "step:entered" }>;
type StepFinished = Extract<WorkerEvent, { type: "step:finished" }>;

export interface StageRun {
  entered: Entered;
  /** Null: the attempt ended within the stage. */
  left: Left | null;
  /** Number of the stage that this one runs in; null: the attempt itself. */
  within: number | null;
  steps: StepRun[];
}

export interface StepRun {
  entered: StepEntered;
  /** Null: the stage or the attempt ended within the step. */
  finished: StepFinished | null;
}

/** What happened to an attempt at a moment. */
export interface Mark {
  name: "paused" | "resumed" | "cancel requested" | "timed out";
  at: string;
}

/** Most marks of an attempt. */
const MOST_MARKS = 100;

export interface AttemptEvents {
  stages: StageRun[];
  /** Stages and steps that are kept. */
  kept: number;
  /** Stages and steps that have no place here. */
  notKept: number;
  /** Pid of the worker; null until it accepts. */
  pid: number | null;
  /** Null: the worker wrote no outcome. */
  finished: { at: string; error: OperationError | null } | null;
  marks: Mark[];
}

export class AttemptStages {
  readonly #attempts = new Map<string, { attempt: number; seq: number; events: AttemptEvents }>();

  /** Notes an event. Events of an attempt come in order; one that comes again changes nothing. */
  add(id: string, event: WorkerEvent): void {
    let kept = this.#attempts.get(id);
    // An attempt that never accepted has the same number as the one after it, whose events begin anew.
    if (kept?.attempt !== event.attempt || (event.type === "attempt:accepted" && event.seq > kept.seq)) {
      kept = {
        attempt: event.attempt,
        seq: 0,
        events: { stages: [], kept: 0, notKept: 0, pid: null, finished: null, marks: [] },
      };
      this.#attempts.set(id, kept);
    }
    if (event.seq <= kept.seq) return;
    kept.seq = event.seq;
    note(kept.events, event);
  }

  /** Notes what the daemon decided about an attempt that runs. */
  mark(id: string, mark: Mark): void {
    const { marks = [] } = this.#attempts.get(id)?.events ?? {};
    if (marks.length < MOST_MARKS) marks.push(mark);
  }

  forget(id: string): void {
    this.#attempts.delete(id);
  }

  /** The events of an attempt, which are forgotten; null: none were read here. */
  take(id: string, attempt: number): AttemptEvents | null {
    const kept = this.#attempts.get(id);
    this.#attempts.delete(id);
    return kept?.attempt === attempt ? kept.events : null;
  }
}

function note(events: AttemptEvents, event: WorkerEvent): void {
  const { stages } = events;
  if (event.type === "attempt:accepted") events.pid = event.pid;
  if (event.type === "attempt:finished") events.finished ??= { at: event.at, error: event.error };
  if (event.type === "stage:entered") {
    const within = lastOpen(stages)?.entered.seq ?? null;
    if (hasRoom(events)) stages.push({ entered: event, left: null, within, steps: [] });
  }
  if (event.type === "step:entered") {
    const stage = stages.findLast(({ entered, left }) => left === null && entered.stage === event.stage);
    if (stage !== undefined && hasRoom(events)) stage.steps.push({ entered: event, finished: null });
  }
  if (event.type === "step:finished") {
    const steps = stages.findLast(({ entered }) => entered.stage === event.stage)?.steps ?? [];
    const step = steps.findLast(({ entered, finished }) => finished === null && entered.step === event.step);
    if (step) step.finished = { ...event, value: undefined } as StepFinished;
  }
  if (event.type !== "stage:left") return;
  const run = stages.findLast(({ entered, left }) => left === null && entered.stage === event.stage);
  if (run) run.left = { ...event, value: undefined } as Left;
}

function hasRoom(events: AttemptEvents): boolean {
  const has = events.kept < MOST_SPANS;
  if (has) events.kept++;
  else events.notKept++;
  return has;
}

function lastOpen(stages: readonly StageRun[]): StageRun | undefined {
  return stages.findLast(({ left }) => left === null);
}
