/** What a run did when: its attempts, and the spans of its stages on one axis of time. Made from its events. */

import type { OperationError } from "../../protocol/operation.js";
import { knownStageState, knownStepState, type StepEnd, type StepState } from "../../protocol/stage-state.js";
import type { FinalState } from "../../protocol/state.js";
import type { EventLine } from "../../protocol/stream-lines.js";

export interface Span {
  /** In milliseconds since the epoch. */
  readonly from: number;
  /** Null: not over. */
  to: number | null;
  look: StepState | "waiting" | "running" | "kept" | FinalState | "requeued";
}

export interface Lane {
  /** Null: the operation itself. */
  readonly stage: string | null;
  /** Absent: the stage itself. */
  readonly step?: string;
  readonly isTracked: boolean;
  readonly spans: Span[];
}

export interface AttemptRow {
  readonly number: number;
  readonly startedAt: string;
  /** Null: the daemon has one host. */
  readonly host: string | null;
  ended: string | null;
  seconds: number | null;
  error: OperationError | null;
  /** Why the operation was queued again; null: it was not. */
  reason: string | null;
  /** Stages whose values come from an earlier attempt. */
  readonly reused: string[];
}

export interface Course {
  readonly lanes: readonly Lane[];
  readonly attempts: readonly AttemptRow[];
  /** Spans that are left out, because there are too many to draw. */
  readonly left: number;
}

/** Most spans of a page; a stage may be entered in a loop. */
const MOST_SPANS = 4000;

export async function courseOf(stages: readonly string[], events: AsyncIterable<EventLine>): Promise<Course> {
  const reader = new CourseReader(stages);
  for await (const event of events) reader.add(event);
  return reader;
}

/** Reads the events of one operation, in order. */
export class CourseReader implements Course {
  readonly attempts: AttemptRow[] = [];
  left = 0;
  #count = 0;
  #time = 0;
  /** A question has no answer yet. */
  #isAsking = false;
  readonly #whole: Lane = { stage: null, isTracked: true, spans: [] };
  readonly #lanes: Map<string, Lane>;
  /** The lanes of steps, by tracked stage and name. */
  readonly #steps = new Map<string, Map<string, Lane>>();

  constructor(stages: readonly string[]) {
    this.#lanes = new Map(stages.map((stage) => [`0${stage}`, { stage, isTracked: true, spans: [] }]));
  }

  get lanes(): readonly Lane[] {
    const all = [...this.#lanes.values()];
    const stepsOf = ({ stage, isTracked }: Lane) =>
      isTracked ? (this.#steps.get(stage!)?.values() ?? []) : [];
    return [this.#whole, ...all.flatMap((lane) => [lane, ...stepsOf(lane)])];
  }

  add(event: EventLine): void {
    if (event.type === "end" || event.type === "log:line") return;
    const whole = this.#whole;
    // The clock of the host may be set back.
    const time = Math.max(this.#time, Date.parse(event.at));
    this.#time = time;
    switch (event.type) {
      case "operation:submitted":
      case "operation:retried":
        this.#begin(whole, time, "waiting");
        break;
      case "attempt:started":
        end(whole, time);
        this.#begin(whole, time, "running");
        this.attempts.push({
          number: event.attempt,
          startedAt: event.at,
          host: event.host ?? null,
          ended: null,
          seconds: null,
          error: null,
          reason: null,
          reused: [],
        });
        break;
      case "stage:entered":
        this.#begin(this.#laneOf(event), time, "active");
        break;
      case "stage:left":
        if (event.resumed) this.attempts.at(-1)?.reused.push(event.stage);
        if (event.index !== null) this.#endSteps(event.stage, time, "ended");
        end(this.#laneOf(event), time, event.resumed ? "kept" : knownStageState(event.state));
        break;
      case "step:entered":
        this.#begin(this.#laneOfStep(event), time, "active");
        break;
      case "step:finished":
        end(this.#laneOfStep(event), time, event.resumed ? "kept" : knownStepState(event.state));
        break;
      case "attempt:finished":
        this.#change({
          ended: event.asks ? "asked" : event.state,
          seconds: event.seconds,
          error: event.error,
        });
        break;
      case "approval:asked":
        this.#isAsking = true;
        break;
      case "approval:answered":
        this.#isAsking = false;
        break;
      case "attempt:requeued":
        this.#endStages(time, this.#isAsking ? "waiting" : "failed");
        end(whole, time, "requeued");
        this.#begin(whole, time, "waiting");
        this.#change({ ended: this.attempts.at(-1)?.ended ?? "lost", reason: event.reason });
        break;
      case "operation:finished": {
        this.#endStages(time, event.state === "succeeded" ? "done" : event.state);
        const isWaiting = whole.spans.at(-1)?.look === "waiting";
        end(whole, time, isWaiting ? "waiting" : event.state);
        if (!isWaiting && this.attempts.at(-1)?.ended === null)
          this.#change({ ended: event.state, error: event.error });
      }
    }
  }

  #begin(lane: Lane, from: number, look: Span["look"]): void {
    if (this.#count++ < MOST_SPANS) lane.spans.push({ from, to: null, look });
    else this.left++;
  }

  #laneOf({ stage, index }: { stage: string; index: number | null }): Lane {
    const key = `${index === null ? 1 : 0}${stage}`;
    const lane = this.#lanes.get(key) ?? { stage, isTracked: index !== null, spans: [] };
    this.#lanes.set(key, lane);
    return lane;
  }

  #laneOfStep({ stage, step }: { stage: string; step: string }): Lane {
    const steps = this.#steps.get(stage) ?? new Map<string, Lane>();
    this.#steps.set(stage, steps);
    const lane = steps.get(step) ?? { stage, step, isTracked: true, spans: [] };
    steps.set(step, lane);
    return lane;
  }

  /** Steps that the stage did not wait for. */
  #endSteps(stage: string, to: number, look: StepEnd): void {
    for (const lane of this.#steps.get(stage)?.values() ?? []) end(lane, to, look);
  }

  /** A worker that died leaves its stages and steps open. */
  #endStages(to: number, look: StepEnd | "waiting"): void {
    for (const stage of this.#steps.keys()) this.#endSteps(stage, to, look === "waiting" ? "ended" : look);
    for (const lane of this.#lanes.values())
      while (lane.spans.some((span) => span.to === null)) end(lane, to, look);
  }

  #change(changes: Partial<AttemptRow>): void {
    const last = this.attempts.at(-1);
    if (last !== undefined) Object.assign(last, changes);
  }
}

function end(lane: Lane, to: number, look?: Span["look"]): void {
  const open = lane.spans.findLast((span) => span.to === null);
  if (open === undefined) return;
  open.to = to;
  if (look !== undefined) open.look = look;
}
