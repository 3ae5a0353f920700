/** Where a shell opens: the stage, and what runs there. */
import { UsageError } from "../../../protocol/failures.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { stageAndStep } from "../../../protocol/step-names.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import { unknownStage, unknownStep } from "../../../protocol/text/unknown-name.js";
import type { Place, StageShell } from "../../cli/run/stage-shell.js";

export const placeText = ({ stage, step }: Place): string | null =>
  stage === null || step === null ? stage : `${stage}/${step}`;

/** The place that the person names, or where the operation failed. @throws UsageError */
export function placeOf(record: Operation, named: string | undefined): Place {
  const { op, stages, steps = {} } = record;
  const place =
    named === undefined ? { stage: failedStage(record), step: null } : stageAndStep(named, stages);
  if (place === null) throw new UsageError(unknownStage(named!, op, stages).message);
  const { stage } = place;
  if (stage === null) return place;
  const its = getOwn(steps, stage) ?? [];
  if (place.step !== null) {
    // Of many steps the record lists some, and of a stage that has not run none.
    const { total = 0 } = getOwn(record.stepCounts ?? {}, stage) ?? {};
    const areKnown = its.length >= total && (total > 0 || stage === failedStage(record));
    if (!areKnown || its.some(({ name }) => name === place.step)) return place;
    const names = its.map(({ name }) => name);
    throw new UsageError(
      unknownStep(place.step, `the stage ${JSON.stringify(stage)}`, names).message,
    );
  }
  const step =
    its.find(({ state }) => state === "failed") ?? its.find(({ state }) => state === "cancelled");
  return { stage, step: step?.name ?? null };
}

export function isWhereItFailed(record: Operation, { stage, step }: Place): boolean {
  const failed = placeOf(record, undefined);
  return stage === failed.stage && step === failed.step;
}

/** Undefined: it is not known. */
export function stateOf(
  { stageStates, steps = {} }: Operation,
  { stage, step }: Place,
): string | undefined {
  if (stage === null) return undefined;
  const its = getOwn(steps, stage)?.find(({ name }) => name === step);
  return its?.state ?? getOwn(stageStates, stage);
}

function failedStage({ stages, stageStates }: Operation): string | null {
  const isEnd = (stage: string) =>
    ["failed", "cancelled"].includes(getOwn(stageStates, stage) ?? "");
  return stages.findLast(isEnd) ?? null;
}

/** An operation in code has the directory and the variables of its submit. */
export function codeShell(
  record: Operation,
  env: StageShell["env"],
  { stage, step }: Place,
): StageShell {
  const { id, op, params, cwd, attempt, chain, slot } = record;

  const { args, script } = params;
  const isShell = op === "shell";
  let command: string | null = null;
  if (isShell && Array.isArray(args)) command = shellLine(args.map(String));
  else if (isShell && typeof script === "string") command = script.trimEnd();
  const own = {
    LIVEOPS_OPERATION_ID: id,
    LIVEOPS_OP: op,
    LIVEOPS_ATTEMPT: String(attempt),
    LIVEOPS_CHAIN: chain.id,
    LIVEOPS_SLOT: String(slot ?? 1),
    ...(stage !== null && { LIVEOPS_STAGE: stage }),
    ...(step !== null && { LIVEOPS_STEP: step }),
  };
  return { cwd, env: { ...env, ...own }, leftOut: [], command, outputs: [] };
}
