/**
 * Runs `finally` of a pipeline, after success, failure, cancel and timeout. Its time is bounded,
 * and its failure is shown and changes no outcome.
 */
import { ExecError } from "../../sdk/exec.js";
import type { Pipeline, PipelineCommand } from "../definition.js";
import { runnersOf } from "../feature.js";
import { runCommand } from "./command.js";
import type { StageContext } from "./stage.js";

/** How the stages ended: the variable `LIVEOPS_OUTCOME`. */
export type StagesOutcome = "succeeded" | "failed" | "cancelled" | "timeout";

const DEFAULT_TIMEOUT = 60;

/** Most seconds, so that the `gracePeriod` of a type that runs any file is known. */
const MAX_TIMEOUT = 3600;

/** Seconds between SIGTERM and SIGKILL of a `finally` that runs too long. */
const GRACE = 5;

/**
 * Seconds in which the command of a stage ends after a stop request, and those around `finally`.
 */
const STAGE_STOPS = 10;
const AROUND = 5;

/**
 * The `gracePeriod` of the type: after a stop request, the command that runs is stopped, then
 * `finally` runs.
 */
export function gracePeriodOf({
  finally: spec,
  stages,
}: Pick<Pipeline, "finally" | "stages">): number {
  const inside = runnersOf({ stages }).flatMap((runner) => runner.inside ?? []);
  const stops = Math.max(STAGE_STOPS, ...inside.map(gracePeriodOf));
  return spec === null ? stops : stops + timeoutOf(spec) + GRACE + AROUND;
}

/**
 * The `gracePeriod` of a type that runs any file. A file without `finally` ends as soon as its
 * command has ended.
 */
export const LONGEST_GRACE_PERIOD = STAGE_STOPS + MAX_TIMEOUT + GRACE + AROUND;

function timeoutOf({ timeout }: PipelineCommand): number {
  return Math.min(MAX_TIMEOUT, timeout ?? DEFAULT_TIMEOUT);
}

/** @returns what failed; null: nothing */
export async function runFinally(
  context: StageContext,
  outcome: StagesOutcome,
  failedStage: string | null,
): Promise<string | null> {
  const { p, file } = context;
  const spec = file.pipeline.finally;
  if (spec === null) return null;
  const own = { LIVEOPS_OUTCOME: outcome, LIVEOPS_FAILED_STAGE: failedStage ?? "" };
  try {
    await p.untracked("finally", () =>
      runCommand(context, spec, {
        label: "finally",
        own,
        timeout: timeoutOf(spec),
        afterStop: true,
        grace: GRACE,
      }),
    );
    return null;
  } catch (error) {
    const { message } = error as Error;
    const problem = message.startsWith("finally") ? message : `finally: ${message}`;
    const first = problem.split("\n", 1)[0] as string;
    // The log just showed the last lines of the command.
    p.log(error instanceof ExecError ? first : problem);
    p.status(first, "warning");
    return first;
  }
}
