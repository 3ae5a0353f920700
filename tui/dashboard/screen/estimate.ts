/**
 * How long it will go on: what earlier runs of the same type took, less what is behind it. Always an estimate, and
 * none at all without a history, or where its runs differ too much to tell anything.
 */
import { getOwn } from "../../../protocol/get-own.js";
import type { Operation } from "../../../protocol/operation.js";
import { type Usual, usualNamed, usualOf, usualSuccessors } from "../state/histories.js";
import { chainOf, type State } from "../state/model.js";
import { elapsedOf, stageSeconds } from "./elapsed.js";

/** Seconds left of the operation, or null where nothing tells. */
export function secondsLeft(state: State, operation: Operation): number | null {
  if (operation.state === "queued") return whole(usualOf(state, operation));
  if (operation.state !== "running") return null;
  const usual = usualOf(state, operation);
  if (usual === null || isOverdue(state, operation)) return null;
  return byStages(operation, usual, state.now) ?? byWhole(operation, usual, state.now);
}

/** Seconds left of the chain with the links that are still to come; null where a link's time is not known. */
export function chainSecondsLeft(state: State, operation: Operation): number | null {
  const links = chainOf(state, operation);
  const last = links.at(-1)!;
  if (last.chain.next !== null) return null;
  const open = links.filter((link) => link.state === "running" || link.state === "queued");
  const coming = last.state === "running" || last.state === "queued" ? usualSuccessors(state, last) : [];
  // With nothing before or behind it, it is no chain.
  if (open.length === 0 || (links.length === 1 && coming.length === 0)) return null;
  let left = 0;
  for (const seconds of [
    ...open.map((link) => secondsLeft(state, link)),
    ...coming.map((name) => whole(usualNamed(state, name))),
  ]) {
    if (seconds === null) return null;
    left += seconds;
  }
  return left;
}

/** Whether the stage under way has taken longer than in nine of ten earlier runs, and says nothing of its own pace. */
export function isOverdue(state: State, operation: Operation): boolean {
  const stage = operation.stages[operation.currentStage];
  if (operation.state !== "running" || stage === undefined || ownEta(operation) !== null) return false;
  if (getOwn(operation.stageStates, stage) !== "active") return false;
  const usual = getOwn(usualOf(state, operation)?.stages ?? {}, stage)?.p90 ?? null;
  // A second more or less is nothing to point at.
  const ran = stageSeconds(getOwn(operation.stageTimes, stage), state.now, true) ?? 0;
  return usual !== null && ran > usual + 1;
}

/** Seconds a stage usually takes. */
export function usualSeconds(state: State, operation: Operation, stage: string): number | null {
  return getOwn(usualOf(state, operation)?.stages ?? {}, stage)?.p50 ?? null;
}

/** The active stage's rest and the medians of those after it; null where one of them was never run to its end. */
function byStages(operation: Operation, known: Usual, now: number): number | null {
  const { stages, stageStates, currentStage } = operation;
  if (stages.length === 0) return null;
  let left = 0;
  for (const [i, stage] of stages.entries()) {
    const state = getOwn(stageStates, stage);
    // Passed over, or behind us.
    if (state !== "active" && (state !== undefined || i < currentStage)) continue;
    const usual = getOwn(known.stages, stage)?.p50 ?? null;
    const seconds = state === "active" ? activeLeft(operation, stage, usual, now) : usual;
    if (seconds === null) return null;
    left += seconds;
  }
  return left;
}

/** What the bar says of the tracked stage; the bar of an untracked stage says nothing of it. */
export function ownEta({ untrackedStage, progress }: Operation): number | null {
  return untrackedStage === null ? (progress?.etaSeconds ?? null) : null;
}

/** Percent at which a stage's own pace tells more than what it usually takes. */
const PACE_FROM = 10;

function activeLeft(operation: Operation, stage: string, usual: number | null, now: number): number | null {
  const eta = ownEta(operation);
  if (eta !== null) return eta;
  const ran = stageSeconds(getOwn(operation.stageTimes, stage), now, true) ?? 0;
  const { untrackedStage, progress } = operation;
  if (untrackedStage === null && progress === null && operation.percent >= PACE_FROM)
    return (ran * (100 - operation.percent)) / operation.percent;
  return usual === null ? null : Math.max(0, usual - ran);
}

function byWhole(operation: Operation, known: Usual, now: number): number | null {
  const usual = whole(known);
  return usual === null ? null : Math.max(0, usual - (elapsedOf(operation, now) ?? 0));
}

function whole(usual: Usual | null): number | null {
  return usual?.seconds?.p50 ?? null;
}
