/**
 * A retry of `Stage/stage` or `Stage/step/stage`, where the stage or step of the parent is an
 * operation inside of it.
 */
import type { Parent } from "../../../protocol/operation.js";
import type { RetryBody } from "../../../protocol/requests.js";
import { retryOperation } from "../../admission/retry.js";
import type { Parts } from "../../compose.js";
import type { Asked } from "../../feature.js";
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
  entry: Entry,
  body: RetryBody,
  by: string,
): Promise<Asked | null> {
  const { from, done = [], secrets, keepsQuestions } = body;
  const names = [...(from === undefined ? [] : [from]), ...done.map(({ stage }) => stage)];
  if (!names.some((name) => name.includes("/"))) return null;
  const children = await parts.store.archive.list({ parent: entry.record.id }, MOST);
  const inside = new Map(names.map((name) => [name, childIn(children, name)]));
  const anew = from?.includes("/") ? anewFrom(entry, from, inside.get(from)!) : null;
  if (anew) inside.delete(from!);
  /** What the request says of one child; null: of the operation itself. */
  const bodyOf = (child: Entry | null): RetryBody => {
    const isOf = (name: string) => (inside.get(name)?.child ?? null) === child;
    const restOf = (name: string) => inside.get(name)?.rest ?? name;
    const its = done.filter(({ stage }) => isOf(stage));
    return {
      from: from !== undefined && isOf(from) ? restOf(from) : undefined,
      done:
        its.length === 0 ? undefined : its.map((each) => ({ ...each, stage: restOf(each.stage) })),
      secrets,
      keepsQuestions,
    };
  };
  const named = new Set([...inside.values()].flatMap((found) => found?.child ?? []));
  // One that has succeeded is refused, before another one is retried.
  const refused = [...named].filter(({ record }) => record.state === "succeeded");
  for (const child of [...refused, ...named]) await retryOperation(parts, child, bodyOf(child), by);
  return { ...body, ...bodyOf(null), ...anew };
}

/**
 * Where the child has succeeded or is not found, its stage or step runs anew; null: the retry can
 * go on inside of it.
 */
function anewFrom(
  { record }: Entry,
  from: string,
  found: ReturnType<typeof childIn>,
): Asked | null {
  const child = found?.child.record;
  const { stages, steps } = record;
  const places = stages.flatMap(
    (stage) => steps?.[stage]?.map(({ name }) => `${stage}/${name}`) ?? stage,
  );
  const place = places.find((each) => from.startsWith(`${each}/`));
  if (place === undefined || (child && child.state !== "succeeded")) return null;
  const why = child ? `${child.id} has succeeded` : `nothing that ran inside of ${place} is kept`;
  return { from: place, because: `${why}, so ${place} runs anew` };
}

/** The newest child whose place the name begins with, and what is left of the name. */
function childIn(children: readonly Entry[], name: string): { child: Entry; rest: string } | null {
  for (const child of children) {
    const place = placeIn(child.record.parent!);
    if (name.startsWith(`${place}/`)) return { child, rest: name.slice(place.length + 1) };
  }
  return null;
}

function placeIn({ stage, step }: Pick<Parent, "stage" | "step">): string {
  return step === undefined ? String(stage) : `${stage}/${step}`;
}
