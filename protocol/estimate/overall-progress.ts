/**
 * How far an operation is: the share of its time that is over, where the time left is known. Else
 * the share of the stages that it passed; an allowed failure and a skipped stage are passed, as a
 * stage that is done.
 */
import { getOwn } from "../objects.js";
import type { Operation } from "../operation.js";
import { isPassed } from "../stage-state.js";
import { isFinal } from "../state.js";
import type { TimeLeft } from "./time-left.js";

export interface OverallProgress {
  /** From 0 to 99 before the end. */
  readonly percent: number;
  /** False: the time of a part is unknown, or the current stage does not report its share. */
  readonly known: boolean;
  /** It is a guess. */
  readonly approximate?: boolean | undefined;
}

/** A stage below this part of the whole, in percent, may leave its share unknown. */
const NEGLIGIBLE = 1;
/** 100 means finished. */
const BEFORE_THE_END = 99;
/** Part of the whole time by which an estimate may be off that is no guess. */
const OFF = 0.1;

/** The share of the time that is over; null: the time left is not known. */
export function shareOfTime(
  ran: number,
  { seconds, isLeast, isOther, margin }: Omit<TimeLeft, "runs" | "isLate" | "guess">,
): OverallProgress | null {
  if (seconds === null) return null;
  const all = ran + seconds;
  const approximate = isOther || margin > all * OFF;
  return { ...capped((100 * ran) / all, !isLeast), approximate };
}

/** The share of the stages: all of them count the same. */
export function overallProgress(operation: Operation): OverallProgress {
  const { state, stages, stageStates, currentStage, untrackedStage, progress } = operation;
  if (state === "succeeded") return { percent: 100, known: true };
  // The bar of an untracked stage is no share of a tracked one. Without stages, or before the first
  // stage, only the bar is known.
  const share = untrackedStage !== null && stages.length > 0 ? null : stagePercent(operation);
  const approximate = state === "running" && progress?.approximate;
  if (currentStage < 0) return { ...capped(share ?? 0, share !== null), approximate };
  const part = 100 / stages.length;
  const isOver = isPassed(getOwn(stageStates, stages[currentStage] ?? ""));
  const current = isOver ? 100 : (share ?? 0);
  // What has ended gets no further, so that nothing is unknown.
  const known = isOver || share !== null || part < NEGLIGIBLE || isFinal(state);
  return { ...capped(part * (currentStage + current / 100), known), approximate };
}

/** The percent of the current stage; null without a total, or before the first report. */
export function stagePercent({ progress, percent }: Operation): number | null {
  return (progress === null ? percent === 0 : progress.total === null) ? null : percent;
}

function capped(percent: number, known: boolean): OverallProgress {
  return { percent: Math.max(0, Math.min(BEFORE_THE_END, percent)), known };
}
