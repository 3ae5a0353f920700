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
  const { from, done = [], ...others } = body;
  const names = [...(from === undefined ? [] : [from]), ...done.map(({ stage }) => stage)];
  if (!names.some((name) => name.includes("/"))) return null;
  const children = await parts.store.archive.list({ parent: record.id }, MOST);
  const inside = new Map<Entry, RetryBody>();
  const take = (name: string, add: (rest: string, its: RetryBody) => RetryBody) => {
    const found = childIn(children, name);
    if (found === null) return false;
    inside.set(found.child, add(found.rest, inside.get(found.child) ?? {}));
    return true;
  };
  const isFromInside = from !== undefined && take(from, (rest, its) => ({ ...its, from: rest }));
  const ofParent = done.filter(
    (each) =>
      !take(each.stage, (rest, its) => ({ ...its, done: [...(its.done ?? []), { ...each, stage: rest }] })),
  );
  if (inside.size === 0) return null;
  const { secrets } = body;
  for (const [child, its] of inside) {
    if (child.record.state === "succeeded") throw hasSucceeded(child, from ?? done[0]!.stage);
    await retryOperation(parts, child, { ...its, ...(secrets && { secrets }) }, by);
  }
  return {
    ...others,
    ...(from !== undefined && !isFromInside && { from }),
    ...(ofParent.length > 0 && { done: ofParent }),
  };
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
