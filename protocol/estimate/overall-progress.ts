/**
 * How far an operation is as a whole: the stages that it passed, and the reported share of the current stage. An
 * allowed failure and a skipped stage are passed, as a stage that is done.
 *
 * A stage counts by its typical duration (the median of earlier runs). Without earlier runs, all stages count the same.
 */
import { getOwn } from "../objects.js";
import type { Operation } from "../operation.js";
import { isPassed } from "../stage-state.js";
import { isFinal } from "../state.js";

export interface OverallProgress {
  /** From 0 to 99 before the end. A share that is not known is not included. */
  readonly percent: number;
  /** Whether the current stage reports its share. If not, the operation is at least this far. */
  readonly known: boolean;
  /** The share of the current stage is an estimate of liveops. Absent: it is not. */
  readonly approximate?: true;
}

/** Typical durations of the stages, in seconds, by name. */
export type StageDurations = Readonly<Record<string, { readonly p50: number } | undefined>>;

/** A stage below this part of the whole, in percent, may leave its share unknown. */
const NEGLIGIBLE = 1;
/** 100 means finished. */
const BEFORE_THE_END = 99;

/** @param durations null: all stages count the same */
export function overallProgress(operation: Operation, durations: StageDurations | null): OverallProgress {
  const overall = withoutMark(operation, durations);
  const isMarked = operation.state === "running" && operation.progress?.approximate === true;
  // What has ended gets no further, so that nothing is unknown.
  if (isFinal(operation.state)) return { ...overall, known: true };
  return isMarked ? { ...overall, approximate: true } : overall;
}

function withoutMark(operation: Operation, durations: StageDurations | null): OverallProgress {
  if (operation.state === "succeeded") return { percent: 100, known: true };
  const { stages, stageStates, currentStage, untrackedStage } = operation;
  // The bar of an untracked stage is no share of a tracked one. Without stages, or before the first stage, only the
  // bar is known.
  const share = untrackedStage !== null && stages.length > 0 ? null : stagePercent(operation);
  if (currentStage < 0) return capped(share ?? 0, share !== null);
  const weights = weightsOf(stages, durations);
  let all = 0;
  let done = 0;
  weights.forEach((weight, i) => {
    all += weight;
    if (i < currentStage) done += weight;
  });
  const current = weights[currentStage] ?? 0;
  if (isPassed(getOwn(stageStates, stages[currentStage] ?? "")))
    return capped(((done + current) / all) * 100, true);
  const known = share !== null || (current / all) * 100 < NEGLIGIBLE;
  return capped(((done + (current * (share ?? 0)) / 100) / all) * 100, known);
}

/** The percent of the current stage; null without a total, or before the first report. */
export function stagePercent({ progress, percent }: Operation): number | null {
  return (progress === null ? percent === 0 : progress.total === null) ? null : percent;
}

function capped(percent: number, known: boolean): OverallProgress {
  return { percent: Math.max(0, Math.min(BEFORE_THE_END, percent)), known };
}

/** A stage without earlier runs counts like the mean of the others. */
function weightsOf(stages: readonly string[], durations: StageDurations | null): number[] {
  const typical = stages.map(
    (stage) => (durations === null ? undefined : getOwn(durations, stage))?.p50 ?? null,
  );
  const known = typical.filter((seconds) => seconds !== null);
  const sum = known.reduce((total, seconds) => total + seconds, 0);
  if (sum === 0) return stages.map(() => 1);
  return typical.map((seconds) => seconds ?? sum / known.length);
}
