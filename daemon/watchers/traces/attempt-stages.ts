/** The stages of running attempts, as their events tell them, until the attempt has ended. */
import type { WorkerEvent } from "../../../protocol/event.js";
import type { OperationError } from "../../../protocol/operation.js";

/** Most stages of an attempt that become spans: an operation may enter stages in a loop. */
const MOST_STAGES = 1000;

type Entered = Extract<WorkerEvent, { type: "stage:entered" }>;
type Left = Extract<WorkerEvent, { type: "stage:left" }>;

export interface StageRun {
  entered: Entered;
  /** Null: the attempt ended within the stage. */
  left: Left | null;
  /** Number of the stage that this one runs in; null: the attempt itself. */
  within: number | null;
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
  /** Stages that have no place here. */
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
        events: { stages: [], notKept: 0, pid: null, finished: null, marks: [] },
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
    if (stages.length >= MOST_STAGES) events.notKept++;
    else stages.push({ entered: event, left: null, within: lastOpen(stages)?.entered.seq ?? null });
  }
  if (event.type !== "stage:left") return;
  const run = stages.findLast(({ entered, left }) => left === null && entered.stage === event.stage);
  if (run) run.left = { ...event, value: undefined } as Left;
}

function lastOpen(stages: readonly StageRun[]): StageRun | undefined {
  return stages.findLast(({ left }) => left === null);
}
