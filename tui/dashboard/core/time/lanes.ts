/**
 * The picture of an operation: a row for the whole, for each link of its chain, each stage, step
 * and operation inside, with the spans of time that they took and usually take. All spans are on
 * one axis. Pure.
 */
import { openApproval } from "../../../../protocol/approval.js";
import type { OverallProgress } from "../../../../protocol/estimate/overall-progress.js";
import { secondsBetween, stageRanSeconds } from "../../../../protocol/estimate/seconds.js";
import { getOwn } from "../../../../protocol/objects.js";
import type { Operation, Step } from "../../../../protocol/operation.js";
import { isUnrun, knownStepState, type StepState } from "../../../../protocol/stage-state.js";
import { isFinal } from "../../../../protocol/state.js";
import { count } from "../../../../protocol/text/count.js";
import { firstLine } from "../../../../protocol/text/first-line.js";
import { elapsedOf } from "../../../describe/duration.js";
import { stepNote, stepsOf } from "../../../describe/steps.js";
import { formatDuration, formatOverall, formatPercent } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import { stageNote } from "../../../terminal/stage-note.js";
import type { Piece } from "../../text/line.js";
import type { Style } from "../../text/theme.js";
import { nameOfChain, operationOf } from "../chain.js";
import type { State } from "../model.js";
import { childrenOf } from "../operation/inside.js";
import { activeSign, glyphOf, stageStyle, styleOf } from "../state-style.js";
import {
  axisSeconds,
  operationTime,
  progressOf,
  ROUND_SECONDS,
  roundedUp,
  stageProgress,
  stageTime,
  usualSeconds,
} from "./chain-time.js";
import { chainElapsed } from "./estimate.js";
import { titleNamed, usualNamed, usualOf, usualSuccessors } from "./history.js";

/** When something of the waterfall was at work. */
export interface Span {
  /** In ms of the wall clock. */
  readonly from: number;
  /** Null: not over yet. */
  readonly to: number | null;
  /** `usual`: not begun yet, as long as it usually takes. */
  readonly look:
    | "work"
    | "failed"
    | "cancelled"
    | "allowed-failure"
    | "waiting"
    | "paused"
    | "usual";
}

/** The steps of a stage that has many of them, as cells. */
export interface Strip {
  /** Those that the record does not list: they ended well. */
  readonly unlisted: number;
  readonly listed: readonly StepState[];
  readonly total: number;
}

/** Names and texts are untrusted. */
export interface Lane {
  readonly depth: number;
  readonly sign: Piece;
  readonly name: string;
  readonly style: Style;
  readonly took: string;
  readonly spans: readonly Span[];
  /** Behind the bar, the most important one first. */
  readonly texts: readonly Piece[];
  /** It stays where there is no room for all. */
  readonly isHot: boolean;
  readonly strip?: Strip;
}

export interface Picture {
  readonly lanes: readonly Lane[];
  /** Begin and end of the axis, and the present, in ms of the wall clock. */
  readonly start: number;
  readonly end: number;
  readonly now: number;
  /** Seconds that all of it usually takes; null: not known. */
  readonly usual: number | null;
}

/** More steps of a stage than this are cells. */
const STEPS_MOST = 12;
/** Rows of steps below their cells. */
const LISTED_MOST = 6;

const keyOf = (id: string, stage?: string): string => JSON.stringify([id, stage]);

interface View {
  readonly state: State;
  readonly ahead: ReadonlyMap<string, Span>;
}

export function pictureOf(
  state: State,
  operation: Operation,
  links: readonly Operation[],
): Picture {
  const { ahead, coming, usual } = aheadOf(state, links);
  const view = { state, ahead };
  const isChain = links.length + coming.length > 1;
  const last = links.at(-1)!;
  const lanes: Lane[] = [
    {
      ...operationLane(view, last, 0),
      name: nameOfChain(links),
      took: tookText(chainElapsed(links, state.now)),
      spans: [...links.flatMap((link) => operationSpans(link)), ...spanOf(ahead, keyOf("whole"))],
      texts: [],
      isHot: true,
    },
    ...links.flatMap((link) => [
      ...(isChain ? [operationLane(view, link, 1)] : []),
      ...(link === operation ? lanesOfLink(view, link, isChain) : []),
    ]),
    ...coming.map((name): Lane => {
      const spans = spanOf(ahead, keyOf(name));
      return { ...GHOST, depth: 1, name: titleNamed(state, name), took: usualText(spans), spans };
    }),
  ];
  return { lanes, usual, now: state.now, ...axisOf(lanes, state.now, axisSeconds(state, last)) };
}

/** In a chain, the row of a link with one stage is that of its stage too. */
function lanesOfLink(view: View, link: Operation, isChain: boolean): Lane[] {
  const isOne = isChain && link.stages.length === 1 && link.untrackedStage === null;
  return isOne ? stageLanes(view, link, 1).slice(1) : stageLanes(view, link, isChain ? 2 : 1);
}

const GHOST = { sign: ["○", "muted"], style: "muted", texts: [], isHot: false } as const;

const spanOf = (ahead: View["ahead"], key: string): Span[] => [ahead.get(key) ?? []].flat();

const tookText = (seconds: number | null): string =>
  seconds === null ? "" : formatDuration(seconds);

function usualText(spans: readonly Span[]): string {
  const usual = spans.find(({ look }) => look === "usual");
  return usual === undefined ? "" : `~${formatDuration((usual.to! - usual.from) / 1000)}`;
}

/**
 * An open end is a round time, so that the axis changes seldom.
 *
 * @param axis seconds that the axis had a second ago
 */
function axisOf(lanes: readonly Lane[], now: number, axis: number): Pick<Picture, "start" | "end"> {
  const spans = lanes.flatMap((lane) => lane.spans);
  const start = Math.min(now, ...spans.map(({ from }) => from));
  const isOpen = spans.some(({ to }) => to === null);
  const last = Math.max(start + 1, ...spans.map(({ to }) => to ?? now));
  if (!isOpen) return { start, end: last };
  const took = (last - start) / 1000;
  if (spans.some(({ look }) => look === "usual"))
    return { start, end: start + 1000 * Math.max(axis, roundedUp(took)) };
  return {
    start,
    end: start + 1000 * (ROUND_SECONDS.find((round) => round >= took * 1.1) ?? took),
  };
}

function operationLane(view: View, operation: Operation, depth: number): Lane {
  const isRunning = operation.state === "running";
  const spans = [...operationSpans(operation), ...spanOf(view.ahead, keyOf(operation.id))];
  return {
    depth,
    sign: [glyphOf(operation), styleOf(operation)],
    name: operation.title,
    style: "bold",
    took: tookText(elapsedOf(operation, view.state.now)) || usualText(spans),
    spans,
    texts: [
      ...(isRunning ? percentOf(progressOf(view.state, operation)) : []),
      ...(operation.state === "failed" && operation.parent !== undefined
        ? [[firstLine(operation.error?.message ?? ""), "bad"] as const]
        : []),
    ],
    isHot: isRunning || operation.state === "failed",
  };
}

function operationSpans(operation: Operation): Span[] {
  const { createdAt, updatedAt, finishedAt, attempt, chain } = operation;
  const began = beganAt(operation);
  const to = timeOf(finishedAt);
  const since = Date.parse(attempt > 0 ? updatedAt : createdAt);
  const waited: Span = { from: since, to: began ?? to, look: "waiting" };
  if (began === null) return [waited];
  const ran: Span = { from: began, to, look: lookOf(operation.state) };
  const queued = chain.index === 0 ? [] : [{ ...waited, from: Date.parse(createdAt) }];
  return [...queued, ...over(ran, waitsOf(operation))];
}

/** An operation that waits for an answer has no start: its stages have. */
function beganAt(operation: Operation): number | null {
  const { startedAt, stageTimes, state } = operation;
  if (startedAt !== null) return Date.parse(startedAt);
  if (state !== "queued" || openApproval(operation) === null) return null;
  return Math.min(...Object.values(stageTimes).map((times) => Date.parse(times.startedAt)));
}

const timeOf = (at: string | null): number | null => (at === null ? null : Date.parse(at));

function lookOf(state: string): Span["look"] {
  if (state === "failed" || state === "cancelled" || state === "allowed-failure") return state;
  return state === "ended" ? "cancelled" : "work";
}

/**
 * What an operation waits or waited for in its attempt: an answer, input, room on the disk; or it
 * is paused.
 */
function waitsOf(operation: Operation): Span[] {
  const {
    approvals = [],
    waitingForInput,
    noRoomSince,
    stalledSince,
    pause,
    finishedAt,
  } = operation;
  const wait = (since: string | null | undefined, look: Span["look"]): Span[] =>
    since == null ? [] : [{ from: Date.parse(since), to: timeOf(finishedAt), look }];
  return [
    ...approvals.map(({ since, answer }): Span => {
      return { from: Date.parse(since), to: timeOf(answer?.at ?? finishedAt), look: "waiting" };
    }),
    ...wait(waitingForInput?.since, "waiting"),
    ...wait(noRoomSince, "waiting"),
    ...wait(stalledSince, "paused"),
    ...wait(pause?.since, "paused"),
  ];
}

/** The span, and over it what it waited for. */
function over(span: Span, waits: readonly Span[]): Span[] {
  const end = (to: number | null) => to ?? Number.POSITIVE_INFINITY;
  const within = waits.filter(({ from, to }) => from < end(span.to) && end(to) > span.from);
  return [
    span,
    ...within.map((wait) => ({
      ...wait,
      from: Math.max(wait.from, span.from),
      to: end(wait.to) < end(span.to) ? wait.to : span.to,
    })),
  ];
}

/** The stages of an operation, each with its steps, and with what runs inside of them. */
function stageLanes(view: View, operation: Operation, depth: number): Lane[] {
  const { stages, untrackedStage, currentStage } = operation;
  const all = [...stages];
  if (untrackedStage !== null && !stages.includes(untrackedStage))
    all.splice(currentStage + 1, 0, untrackedStage);
  return all.flatMap((stage) => {
    const lane = stageLane(view, operation, stage, depth);
    const below = lane.isHot
      ? [
          ...stepLanes(view, operation, stage, depth + 1),
          ...insideLanes(view, operation, stage, undefined, depth + 1),
        ]
      : [];
    if (below.length > 0) return [lane, ...below];
    const { total = 0, done = 0 } = getOwn(operation.stepCounts ?? {}, stage) ?? {};
    const steps = done === total ? count(total, "step") : stepsOf(operation, stage, 0).others;
    return [total === 0 ? lane : { ...lane, texts: [...lane.texts, [steps, "muted"]] }];
  });
}

function stageLane(view: View, operation: Operation, stage: string, depth: number): Lane {
  const { state, ahead } = view;
  const { id, untrackedStage, finishedAt } = operation;
  const isUntracked = untrackedStage === stage;
  const is = isUntracked ? "active" : getOwn(operation.stageStates, stage);
  const times = isUntracked ? undefined : getOwn(operation.stageTimes, stage);
  const isActive = is === "active" && !isFinal(operation.state);
  const isUnder =
    isActive && operation.state === "running" && (untrackedStage === null || isUntracked);
  const hasRun = times !== undefined && !times.resumed && !isUnrun(is);
  const to = times?.finishedAt ?? finishedAt;
  const ran: Span[] = hasRun
    ? [{ from: Date.parse(times.startedAt), to: timeOf(to), look: lookOf(is ?? "done") }]
    : [];
  const waits = waitsOf(operation);
  const spans = [...ran.flatMap((span) => over(span, waits)), ...spanOf(ahead, keyOf(id, stage))];
  const tookSeconds = (startedAt: string) =>
    to === null
      ? Math.floor(stageRanSeconds(operation, stage, state.now))
      : (times?.seconds ?? secondsBetween(startedAt, to));
  const note = stageNote(is, times);
  const usual = is === undefined ? usualText(spans) : "";
  const style = is === undefined ? "muted" : "plain";
  return {
    depth,
    sign: isActive ? activeSign(operation) : [stageGlyph(is), stageStyle(is)],
    name: stage,
    style: isActive ? "bold" : style,
    took: hasRun ? formatDuration(tookSeconds(times.startedAt)) : usual,
    spans,
    texts: [
      ...(isUnder ? percentOf(stageProgress(state, operation)) : []),
      ...(note === "" ? [] : [[note, is === "allowed-failure" ? "warn" : "muted"] as const]),
    ],
    isHot: isActive || is === "failed" || is === "cancelled",
  };
}

const percentOf = (progress: OverallProgress | null): Piece[] =>
  progress?.known ? [[formatOverall(progress), "bold"]] : [];

/** Whether a step has told how far it is is known from its bar alone. */
function shareOf(of: Pick<Operation, "percent" | "progress">): Piece[] {
  const { percent, progress } = of;
  if (progress === null ? percent === 0 : progress.total === null) return [];
  return [[formatPercent(percent, progress?.approximate), "bold"]];
}

function stepLanes(view: View, operation: Operation, stage: string, depth: number): Lane[] {
  const steps = getOwn(operation.steps ?? {}, stage) ?? [];
  const total = Math.max(steps.length, getOwn(operation.stepCounts ?? {}, stage)?.total ?? 0);
  const lanes = (list: readonly Step[]) =>
    list.flatMap((step) => [
      stepLane(view, operation, stage, step, depth),
      ...insideLanes(view, operation, stage, step.name, depth + 1),
    ]);
  if (total <= STEPS_MOST) return lanes(steps);
  const [active, ended] = [steps.filter(isActiveStep), steps.filter((step) => !isActiveStep(step))];
  const bad = ended.filter(({ state }) => state === "failed" || state === "allowed-failure");
  const waiting = stepsOf(operation, stage, 0);
  const listed = steps.map(({ state }) => knownStepState(state));
  const { total: _, ...ends } = getOwn(operation.stepCounts ?? {}, stage) ?? { total };
  const done = Object.values(ends).reduce((sum: number, n) => sum + (n ?? 0), 0);
  const strip: Lane = {
    ...GHOST,
    depth,
    name: "",
    took: "",
    spans: [],
    texts: [[waiting.others.replaceAll(", ", " · "), "muted"]],
    isHot: true,
    strip: { unlisted: Math.max(0, done - ended.length), listed, total },
  };
  return [strip, ...lanes([...bad, ...active].slice(0, LISTED_MOST))];
}

const isActiveStep = ({ state }: Step): boolean => state === "active";

function stepLane(
  view: View,
  operation: Operation,
  _stage: string,
  step: Step,
  depth: number,
): Lane {
  const { now } = view.state;
  const { name, resumed, startedAt, finishedAt, seconds, progress } = step;
  const is = knownStepState(step.state);
  const isActive = is === "active";
  const hasRun = !resumed && !isUnrun(is);
  const from = Date.parse(startedAt);
  const ran: Span[] = hasRun ? [{ from, to: timeOf(finishedAt), look: lookOf(is) }] : [];
  const eta = isActive ? (progress?.etaSeconds ?? 0) : 0;
  const isPaused = operation.pause?.since != null;
  const paused =
    isPaused && isActive ? waitsOf(operation).filter(({ look }) => look === "paused") : [];
  const spans = ran.flatMap((span) => over(span, paused));
  const took = seconds ?? secondsBetween(startedAt, finishedAt ?? operation.pause?.since ?? now);
  const note = isActive ? (step.status?.text ?? "") : stepNote(step);
  return {
    depth,
    sign: isActive && isPaused ? activeSign(operation) : [stageGlyph(is), stageStyle(is)],
    name,
    style: isActive ? "bold" : "plain",
    took: hasRun ? formatDuration(isActive ? Math.floor(took) : took) : "",
    spans: eta > 0 ? [...spans, { from: now, to: now + eta * 1000, look: "usual" }] : spans,
    texts: [
      ...(isActive ? shareOf(step) : []),
      ...(resumed ? [["reused", "muted"] as const] : []),
      ...(note === "" ? [] : [[note, NOTE_STYLES[is] ?? "muted"] as const]),
    ],
    isHot: isActive || is === "failed",
  };
}

const NOTE_STYLES: Partial<Record<StepState, Style>> = { failed: "bad", "allowed-failure": "warn" };

/**
 * The stages of the one operation inside of the stage or step; of several ones, below the title of
 * each.
 */
function insideLanes(
  view: View,
  { id }: Operation,
  stage: string,
  step: string | undefined,
  depth: number,
): Lane[] {
  const all = childrenOf(view.state, id).filter(
    ({ parent, chain }) =>
      parent!.stage === stage &&
      parent!.step === step &&
      operationOf(view.state, chain.next) === null,
  );
  return all.flatMap((child) => {
    const isAlone = all.length === 1 && child.stages.length > 0;
    const isOpen = child.state === "running" || (isAlone && child.state === "failed");
    if (isAlone) return isOpen ? stageLanes(view, child, depth) : [];
    const below = isOpen ? stageLanes(view, child, depth + 1) : [];
    return [operationLane(view, child, depth), ...below];
  });
}

/**
 * What is still to come, for its usual time: the rest of what runs, later stages, later operations.
 */
function aheadOf(state: State, links: readonly Operation[]) {
  const ahead = new Map<string, Span>();
  let at = state.now;
  const add = (key: string, from: number, to: number) => {
    if (to > from) ahead.set(key, { from, to, look: "usual" });
  };
  const last = links.at(-1)!;
  const coming = isFinal(last.state) ? [] : usualSuccessors(state, last);
  for (const link of links.filter((each) => !isFinal(each.state))) {
    const begin = at;
    const end = begin + (operationTime(state, link).seconds ?? 0) * 1000;
    for (const [stage, seconds] of comingStages(state, link)) {
      add(keyOf(link.id, stage), at, at + seconds * 1000);
      at += seconds * 1000;
    }
    at = Math.max(at, end);
    add(keyOf(link.id), begin, at);
  }
  for (const name of coming) {
    const from = at;
    at += (usualNamed(state, name)?.seconds?.p50 ?? 0) * 1000;
    add(keyOf(name), from, at);
  }
  add(keyOf("whole"), state.now, at);
  const all = [
    ...links.map((link) => usualOf(state, link)),
    ...coming.map((name) => usualNamed(state, name)),
  ];
  const known = all.flatMap((usual) => usual?.seconds?.p50 ?? []);
  const usual =
    isFinal(last.state) || known.length < all.length ? null : known.reduce((a, b) => a + b, 0);
  return { ahead, coming, usual };
}

/** The seconds that the active stage and the later ones still take; 0 where nothing is known. */
function comingStages(state: State, operation: Operation): [stage: string, seconds: number][] {
  const { stages, stageStates, currentStage } = operation;
  const later = stages.filter(
    (stage, i) => i > currentStage && getOwn(stageStates, stage) === undefined,
  );
  const usual = later.map((stage) => usualSeconds(state, operation, stage));
  const known = usual.map((seconds) => seconds ?? 0);
  const coming = later.map((stage, i): [string, number] => [stage, known[i]!]);
  const active = stages[currentStage];
  if (active === undefined || getOwn(stageStates, active) !== "active") return coming;
  return [[active, stageTime(state, operation, active).seconds ?? 0], ...coming];
}
