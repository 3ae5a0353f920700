/**
 * The rows of the waterfall: each operation of a chain and each of its stages, with the spans of time they took, and
 * those they usually take. Pure.
 */
import { getOwn } from "../../../protocol/objects.js";
import type { Operation, Step } from "../../../protocol/operation.js";
import { knownStageState, knownStepState } from "../../../protocol/stage-state.js";
import type { CourseReader } from "../../describe/course.js";
import { operationTime, usualSeconds } from "./chain-time.js";
import { stageSeconds } from "./estimate.js";
import { usualNamed, usualSuccessors } from "./history.js";
import type { Lane, Lanes, Span } from "./lane.js";
import type { State } from "./model.js";

/** Rows of the picture: the axis stands above two lanes and more. */
export const rowsOfLanes = ({ lanes }: Lanes): number => lanes.length + (lanes.length > 1 ? 1 : 0);

/** Where the lanes stand at that time of the wall clock: at their end where nothing is open. */
export function placeIn({ start, lanes }: Lanes, now: number): number {
  const spans = lanes.flatMap((lane) => lane.spans);
  const isOpen = spans.length === 0 || spans.some(({ to, look }) => to === null || look === "usual");
  return isOpen ? Math.max(0, now - start) : Math.max(...spans.map(({ to }) => to ?? 0));
}

/** From what the records keep: the last attempt of each operation. */
export function lanesOfRecords(chain: readonly Operation[]): Lanes {
  const start = Math.min(...chain.map(({ createdAt }) => Date.parse(createdAt)));
  const time = (at: string) => Date.parse(at) - start;
  const end = (at: string | null) => (at === null ? null : time(at));
  const lanes = chain.flatMap((operation): Lane[] => {
    const { id, createdAt, startedAt, finishedAt, state } = operation;
    const waited: Span = { from: time(createdAt), to: end(startedAt ?? finishedAt), look: "waiting" };
    const ran: Span[] =
      startedAt === null ? [] : [{ from: time(startedAt), to: end(finishedAt), look: state }];
    const stepLane = (stage: string, step: Step): Lane => {
      const { name, seconds, resumed } = step;
      const look = resumed ? "kept" : knownStepState(step.state);
      const span: Span = { from: time(step.startedAt), to: end(step.finishedAt), look };
      return { id, stage, step: name, spans: [seconds === null ? span : { ...span, seconds }] };
    };
    const stageLane = (stage: string): Lane => {
      const times = getOwn(operation.stageTimes, stage);
      if (times === undefined) return { id, stage, spans: [] };
      const look = times.resumed ? "kept" : knownStageState(getOwn(operation.stageStates, stage) ?? "active");
      // A stage without an end does not run any more where its operation does not.
      const to = end(times.finishedAt ?? (state === "running" ? null : finishedAt));
      const seconds = times.seconds ?? undefined;
      return {
        id,
        stage,
        spans: [{ from: time(times.startedAt), to, look, ...(seconds !== undefined && { seconds }) }],
      };
    };
    const stages = operation.stages.flatMap((stage) => [
      stageLane(stage),
      ...(getOwn(operation.steps ?? {}, stage) ?? []).map((step) => stepLane(stage, step)),
    ]);
    return [{ id, stage: null, spans: [waited, ...ran] }, ...stages];
  });
  return { start, lanes };
}

/** From the events: all attempts, stages that the type does not declare, and all steps. */
export function lanesOfCourses(courses: ReadonlyMap<string, CourseReader>): Lanes {
  const all = [...courses].flatMap(([id, { lanes }]) => lanes.map((lane) => ({ id, ...lane })));
  const start = Math.min(...all.flatMap(({ spans }) => spans.map(({ from }) => from)));
  const lanes = all.map(({ isTracked: _, spans, ...lane }) => ({
    ...lane,
    spans: spans.map(({ from, to, look }) => ({
      from: from - start,
      to: to === null ? null : to - start,
      look: look === "requeued" ? "failed" : look,
    })),
  }));
  return { start, lanes };
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
const UNCOUNTED: ReadonlySet<Span["look"]> = new Set([
  "waiting",
  "kept",
  "paused",
  "skipped",
  "up-to-date",
  "usual",
]);

/** How long the spans of a lane took together, in seconds; waiting and pauses are not counted. */
export function secondsOf({ spans }: Lane, now: number): number | null {
  const counted = spans.filter(({ look }) => !UNCOUNTED.has(look));
  if (counted.length === 0) return null;
  const took = ({ from, to, seconds }: Span) => seconds ?? Math.max(0, (to ?? now) - from) / 1000;
  return counted.reduce((sum, span) => sum + took(span), 0);
}

/** The rows of the operation view: the stages of the operation, and the other operations of its chain if these have room. */
export function lanesOfView(
  state: State,
  links: readonly Operation[],
  operation: Operation,
  withLinks: boolean,
): Lanes {
  const records = new Map(links.map((link) => [link.id, link]));
  const all = lanesOfRecords(withLinks ? links : [operation]);
  const { untrackedStage } = operation;
  const own = all.lanes
    .filter(({ id, stage, step }) => step === undefined && (stage === null ? withLinks : id === operation.id))
    .map((lane) => ({ ...lane, spans: lane.spans.filter(({ look }) => look !== "waiting") }));
  const last = own.findLastIndex(({ id }) => id === operation.id);
  if (untrackedStage !== null)
    own.splice(last + 1, 0, { id: operation.id, stage: untrackedStage, spans: [] });
  const begins = own.flatMap(({ spans }) => spans.map(({ from }) => from));
  const begin = begins.length === 0 ? state.now - all.start : Math.min(...begins);
  const shifted = own.map((lane) => ({
    ...lane,
    spans: lane.spans.map((span) => ({ ...span, from: span.from - begin, to: span.to && span.to - begin })),
  }));
  const ran = withPauses({ start: all.start + begin, lanes: shifted }, records);
  const ahead = withUsual(state, ran, withLinks ? links : [operation]);
  return withLinks ? ahead : { ...ahead, lanes: ahead.lanes.filter(({ stage }) => stage !== null) };
}

/** With what is still to come, for its usual time: the rest of what runs, later stages, later operations. */
export function withUsual(state: State, { start, lanes }: Lanes, links: readonly Operation[]): Lanes {
  const usual = new Map<string, Span>();
  const keyOf = (id: string, stage: string | null) => JSON.stringify([id, stage]);
  let at = Math.max(0, state.now - start);
  const add = (id: string, stage: string | null, from: number, to: number) => {
    if (to > from) usual.set(keyOf(id, stage), { from, to, look: "usual" });
  };
  const open = links.filter((link) => link.state === "running" || link.state === "queued");
  for (const link of open) {
    const begin = at;
    const end = begin + (operationTime(state, link).seconds ?? 0) * 1000;
    for (const [stage, seconds] of comingStages(state, link)) {
      add(link.id, stage, at, at + seconds * 1000);
      at += seconds * 1000;
    }
    at = Math.max(at, end);
    add(link.id, null, begin, at);
  }
  const last = links.at(-1);
  const coming = last !== undefined && open.includes(last) ? usualSuccessors(state, last) : [];
  const later = coming.map((name): Lane => {
    const from = at;
    at += (usualNamed(state, name)?.seconds?.p50 ?? 0) * 1000;
    return { id: name, stage: null, spans: at > from ? [{ from, to: at, look: "usual" }] : [] };
  });
  const own = lanes.map((lane): Lane => {
    const span = lane.step === undefined ? usual.get(keyOf(lane.id, lane.stage)) : undefined;
    return span === undefined ? lane : { ...lane, spans: [...lane.spans, span] };
  });
  return { start, lanes: [...own, ...later] };
}

/** The seconds that the active stage and the later ones still take; 0 where nothing is known. */
function comingStages(state: State, operation: Operation): [stage: string, seconds: number][] {
  const { stages, stageStates, currentStage } = operation;
  const later = stages.filter((stage, i) => i > currentStage && getOwn(stageStates, stage) === undefined);
  const usual = later.map((stage) => usualSeconds(state, operation, stage));
  const known = usual.map((seconds) => seconds ?? 0);
  const active = stages[currentStage];
  if (active === undefined || getOwn(stageStates, active) !== "active")
    return later.map((stage, i) => [stage, known[i]!]);
  const sum = known.reduce((all, seconds) => all + seconds, 0);
  const left = usual.includes(null) ? null : operationTime(state, operation).seconds;
  const own = usualSeconds(state, operation, active) ?? 0;
  const rest = left === null ? own - (stageSeconds(operation, active, state.now) ?? 0) : left - sum;
  return [[active, Math.max(0, rest)], ...later.map((stage, i): [string, number] => [stage, known[i]!])];
}
