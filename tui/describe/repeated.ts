/** What a retry with other parameters does again. */
import { getOwn } from "../../protocol/objects.js";
import type { Operation } from "../../protocol/operation.js";
import type { RetryBody } from "../../protocol/requests.js";

type Retried = Pick<Operation, "op" | "params" | "stages" | "stageStates">;

/**
 * Which stages that are done run again, and why.
 *
 * @param before - the operation before the retry
 * @param params - its parameters after the retry
 * @param done - what the retry takes as done by hand
 * @returns null: none does for its parameters
 */
export function repeatedText(
  before: Retried,
  params: Operation["params"],
  done: RetryBody["done"] = [],
): string | null {
  const names = changedNames(ownParams(before), ownParams({ ...before, params }));
  const isByHand = (stage: string) => done.some((each) => each.stage === stage);
  const stages = before.stages.filter(
    (stage) => getOwn(before.stageStates, stage) === "done" && !isByHand(stage),
  );
  if (names.length === 0 || stages.length === 0) return null;
  const parameters =
    names.length === 1 ? `the parameter ${names[0]}` : `the parameters ${names.join(", ")}`;
  return `${stages.join(", ")} run${stages.length === 1 ? "s" : ""} again: ${parameters} changed`;
}

/** Those of the file, where the type runs any pipeline file. */
export function ownParams({
  op,
  params,
}: Pick<Operation, "op" | "params">): Record<string, unknown> {
  return op === "pipeline" ? { ...(params.params as Record<string, unknown> | undefined) } : params;
}

function changedNames(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter(
    (name) => JSON.stringify(getOwn(before, name)) !== JSON.stringify(getOwn(after, name)),
  );
}
