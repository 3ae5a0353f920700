/** What a run did when: its attempts, and the spans of its stages on one axis of time. Made from its events. */

import type { OperationError } from "../../protocol/operation.js";
import { knownStageState, type StageState } from "../../protocol/stage-state.js";
import type { FinalState } from "../../protocol/state.js";
import type { EventLine } from "../../protocol/stream-lines.js";

export interface Span {
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Null: not over. */
  to: number | null;
  look: StageState | "waiting" | "running" | "kept" | FinalState | "requeued";
}

export interface Lane {
  /** Null: the operation itself. */
  readonly stage: string | null;
  readonly isTracked: boolean;
  readonly spans: Span[];
}

export interface AttemptRow {
  readonly number: number;
  readonly startedAt: string;
  /** Null without a fleet. */
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
  const whole: Lane = { stage: null, isTracked: true, spans: [] };
  const lanes = new Map<string, Lane>(
    stages.map((stage) => [`0${stage}`, { stage, isTracked: true, spans: [] }]),
  );
  const attempts: AttemptRow[] = [];
  let count = 0;
  let left = 0;
  const begin = (lane: Lane, at: string, look: Span["look"]) => {
    if (count++ < MOST_SPANS) lane.spans.push({ from: Date.parse(at), to: null, look });
    else left++;
  };
  const end = (lane: Lane | undefined, at: string, look?: Span["look"]) => {
    const open = lane?.spans.findLast((span) => span.to === null);
    if (open === undefined) return;
    open.to = Date.parse(at);
    if (look !== undefined) open.look = look;
  };
  /** A worker that died leaves its stages open. */
  const endAll = (at: string, look: Span["look"]) => {
    for (const lane of lanes.values()) while (lane.spans.some(({ to }) => to === null)) end(lane, at, look);
  };
  const laneOf = (stage: string, index: number | null): Lane => {
    const key = `${index === null ? 1 : 0}${stage}`;
    const lane = lanes.get(key) ?? { stage, isTracked: index !== null, spans: [] };
    lanes.set(key, lane);
    return lane;
  };
  for await (const event of events) {
    if (event.type === "end" || event.type === "log:line") continue;
    const { at } = event;
    switch (event.type) {
      case "operation:submitted":
      case "operation:retried":
        begin(whole, at, "waiting");
        break;
      case "attempt:started":
        end(whole, at);
        begin(whole, at, "running");
        attempts.push({
          number: event.attempt,
          startedAt: at,
          host: event.host ?? null,
          ended: null,
          seconds: null,
          error: null,
          reason: null,
          reused: [],
        });
        break;
      case "stage:entered":
        begin(laneOf(event.stage, event.index), at, "active");
        break;
      case "stage:left":
        if (event.resumed) attempts.at(-1)?.reused.push(event.stage);
        end(laneOf(event.stage, event.index), at, event.resumed ? "kept" : knownStageState(event.state));
        break;
      case "attempt:finished":
        change(attempts, { ended: event.state, seconds: event.seconds, error: event.error });
        break;
      case "attempt:requeued":
        endAll(at, "failed");
        end(whole, at, "requeued");
        begin(whole, at, "waiting");
        change(attempts, { ended: attempts.at(-1)?.ended ?? "lost", reason: event.reason });
        break;
      case "operation:finished": {
        endAll(at, event.state === "succeeded" ? "done" : event.state);
        const isWaiting = whole.spans.at(-1)?.look === "waiting";
        end(whole, at, isWaiting ? "waiting" : event.state);
        if (!isWaiting && attempts.at(-1)?.ended === null)
          change(attempts, { ended: event.state, error: event.error });
      }
    }
  }
  return { lanes: [whole, ...lanes.values()], attempts, left };
}

function change(attempts: AttemptRow[], changes: Partial<AttemptRow>): void {
  const last = attempts.at(-1);
  if (last !== undefined) Object.assign(last, changes);
}
