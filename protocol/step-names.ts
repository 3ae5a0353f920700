/** Names of steps: `Check/unit` is the step `unit` of the stage `Check`. */
import { getOwn } from "./objects.js";
import type { Operation } from "./operation.js";

/**
 * The steps of the stage that failed, in the order of their begin, of those that the record lists.
 */
export function failedSteps({ steps }: Pick<Operation, "steps">, stage: string): string[] {
  return (getOwn(steps ?? {}, stage) ?? [])
    .filter(({ state }) => state === "failed")
    .map(({ name }) => name);
}

/**
 * The stage and the step that a person names. A stage may have a `/` in its name, so that a stage
 * of the whole name comes first, and then the longest stage before a `/`.
 *
 * @returns null if no stage fits
 */
export function stageAndStep(
  name: string,
  stages: readonly string[],
): { stage: string; step: string | null } | null {
  if (stages.includes(name)) return { stage: name, step: null };
  const fitting = stages.filter(
    (stage) => name.startsWith(`${stage}/`) && name.length > stage.length + 1,
  );
  const stage = fitting.toSorted((a, b) => b.length - a.length)[0];
  return stage === undefined ? null : { stage, step: name.slice(stage.length + 1) };
}
