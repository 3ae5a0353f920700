/** A retry of `Stage/stage` or `Stage/step/stage`, where the stage or step of the parent is an operation inside of it. */
import { Refusal } from "../../../protocol/errors.js";
import type { RetryBody } from "../../../protocol/requests.js";
import { retryOperation } from "../../admission/retry.js";
import type { Parts } from "../../compose.js";
import type { Entry } from "../../store/decision.js";

/** Most children that are looked at. */
const MOST = 1000;

/**
 * Retries the children that `from` and `done` name, from there.
 *
 * @param by - name of the person
 * @returns what is left for the parent; null: it names no child
 */
export async function retryInside(
  parts: Parts,
  { record }: Entry,
  body: RetryBody,
  by: string,
): Promise<RetryBody | null> {
  const { from, done = [], secrets, keepsQuestions } = body;
  const names = [...(from === undefined ? [] : [from]), ...done.map(({ stage }) => stage)];
  if (!names.some((name) => name.includes("/"))) return null;
  const children = await parts.store.archive.list({ parent: record.id }, MOST);
  const inside = new Map(names.map((name) => [name, childIn(children, name)]));
  /** What the request says of one child; null: of the operation itself. */
  const bodyOf = (child: Entry | null): RetryBody => {
    const isOf = (name: string) => (inside.get(name)?.child ?? null) === child;
    const restOf = (name: string) => inside.get(name)?.rest ?? name;
    const its = done.filter(({ stage }) => isOf(stage));
    return {
      from: from !== undefined && isOf(from) ? restOf(from) : undefined,
      done: its.length === 0 ? undefined : its.map((each) => ({ ...each, stage: restOf(each.stage) })),
      secrets,
      keepsQuestions,
    };
  };
  for (const [name, found] of inside)
    if (found?.child.record.state === "succeeded") throw hasSucceeded(found.child, name);
  const named = new Set([...inside.values()].flatMap((found) => found?.child ?? []));
  if (named.size === 0) return null;
  for (const child of named) await retryOperation(parts, child, bodyOf(child), by);
  return { ...body, ...bodyOf(null) };
}

/** The newest child whose place the name begins with, and what is left of the name. */
function childIn(children: readonly Entry[], name: string): { child: Entry; rest: string } | null {
  for (const child of children) {
    const { stage, step } = child.record.parent!;
    const place = step === undefined ? `${stage}/` : `${stage}/${step}/`;
    if (name.startsWith(place)) return { child, rest: name.slice(place.length) };
  }
  return null;
}

function hasSucceeded({ record }: Entry, name: string): Refusal {
  const { id, op, parent } = record;
  return new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `${JSON.stringify(name)} is inside of ${op} ${id}, which has succeeded and cannot go on from there; ` +
      `run it anew with: --from ${JSON.stringify(parent!.stage)}`,
  );
}
