/** The timeline's rows: each operation of the chain and each of its stages, with the spans of time they took. Pure. */
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { knownStageState, type StageState } from "../../../protocol/stage-state.js";
import type { State } from "../../../protocol/state.js";
import { CourseReader, type Span as CourseSpan } from "../../describe/course.js";
import { entryAt, type Tape } from "../replay/tape.js";

export interface Span {
  /** Milliseconds since the timeline's start. */
  readonly from: number;
  /** Null: not over yet. */
  readonly to: number | null;
  readonly look: "waiting" | "kept" | "paused" | State | StageState;
}

export interface Lane {
  readonly id: string;
  /** Null: the operation itself. */
  readonly stage: string | null;
  readonly spans: readonly Span[];
}

export interface Lanes {
  /** Wall clock of the timeline's start, in ms. */
  readonly start: number;
  readonly lanes: readonly Lane[];
}

/** From what the records keep: the last attempt of each operation. For as long as the tape is not read. */
export function lanesOfRecords(chain: readonly Operation[]): Lanes {
  const start = Math.min(...chain.map(({ createdAt }) => Date.parse(createdAt)));
  const time = (at: string) => Date.parse(at) - start;
  const end = (at: string | null) => (at === null ? null : time(at));
  const lanes = chain.flatMap((operation): Lane[] => {
    const { id, createdAt, startedAt, finishedAt, state } = operation;
    const waited: Span = { from: time(createdAt), to: end(startedAt ?? finishedAt), look: "waiting" };
    const ran: Span[] =
      startedAt === null ? [] : [{ from: time(startedAt), to: end(finishedAt), look: state }];
    const stages = operation.stages.map((stage): Lane => {
      const times = getOwn(operation.stageTimes, stage);
      if (times === undefined) return { id, stage, spans: [] };
      const look = times.resumed ? "kept" : knownStageState(getOwn(operation.stageStates, stage) ?? "active");
      return { id, stage, spans: [{ from: time(times.startedAt), to: end(times.finishedAt), look }] };
    });
    return [{ id, stage: null, spans: [waited, ...ran] }, ...stages];
  });
  return { start, lanes };
}

/** From the events: all attempts, and stages that the type does not declare. */
export function lanesOfTape(tape: Tape): Lanes {
  const readers = new Map<string, CourseReader>();
  for (const index of tape.milestones) {
    const { id, t, line } = entryAt(tape, index)!;
    if (line.type === "operation:submitted") readers.set(id, new CourseReader(line.operation.stages));
    readers.get(id)?.add(line, t);
  }
  const lanes = [...readers].flatMap(([id, reader]) =>
    reader.lanes.map(({ stage, spans }): Lane => ({ id, stage, spans: spans.map(drawn) })),
  );
  return { start: tape.start, lanes };
}

function drawn({ look, ...span }: CourseSpan): Span {
  return { ...span, look: look === "requeued" ? "failed" : look };
}

/** With the pause that lasts, from the records as they are now: the events do not tell of pauses. */
export function withPauses({ start, lanes }: Lanes, records: ReadonlyMap<string, Operation>): Lanes {
  const cut = (span: Span, since: number): Span[] => {
    if (span.to !== null || span.look === "waiting") return [span];
    const from = Math.max(span.from, since);
    return [
      { ...span, to: from },
      { from, to: null, look: "paused" },
    ];
  };
  const cutLane = (lane: Lane): Lane => {
    const since = records.get(lane.id)?.pause?.since ?? null;
    if (since === null) return lane;
    return { ...lane, spans: lane.spans.flatMap((span) => cut(span, Date.parse(since) - start)) };
  };
  return { start, lanes: lanes.map(cutLane) };
}

/** Spans in which no block ran. */
const UNCOUNTED: ReadonlySet<Span["look"]> = new Set(["waiting", "kept", "paused", "skipped"]);

/** How long the spans of a lane took together, in seconds; waiting and pauses are not counted. */
export function secondsOf({ spans }: Lane, now: number): number | null {
  const counted = spans.filter(({ look }) => !UNCOUNTED.has(look));
  if (counted.length === 0) return null;
  return counted.reduce((sum, { from, to }) => sum + Math.max(0, (to ?? now) - from), 0) / 1000;
}
