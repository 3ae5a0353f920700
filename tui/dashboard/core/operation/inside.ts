/** The operations inside of an operation. */

import type { Operation } from "../../../../protocol/operation.js";
import { type Inside, insideOf } from "../../../describe/inside.js";
import { placeIn } from "../../../describe/operation.js";
import { nameOf, operationOf } from "../chain.js";
import type { State } from "../model.js";
import { perObject } from "../per-object.js";

type Known = Pick<State, "view" | "fetched">;

const grouped = perObject((all: ReadonlyMap<string, Operation>): Inside => insideOf(all.values()));

/** Of what the watch stream brought: it has all that runs. */
export const watchedInside = ({ view }: Known): Inside => grouped(view.operations);

/** The known operations inside of the operation, in the order of their begin. */
export function childrenOf({ view, fetched }: Known, id: string): Operation[] {
  const older = (grouped(fetched).get(id) ?? []).filter((it) => !view.operations.has(it.id));
  const all = [...older, ...(grouped(view.operations).get(id) ?? [])];
  return all.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export const parentOf = (state: Known, { parent }: Operation): Operation | null =>
  operationOf(state, parent?.id ?? null);

/**
 * What a person wants to see of those inside: the one that runs, else the one that failed, else the
 * newest.
 */
export function childToOpen(state: Known, operation: Operation | null): Operation | null {
  const all = operation === null ? [] : childrenOf(state, operation.id);
  const last = all.findLast(({ state: is }) => is === "failed") ?? all.at(-1) ?? null;
  return all.find(({ state: is }) => is === "running") ?? last;
}

/** `Release › Build › lint`: where the operation runs. Untrusted text. */
export function placeText(state: Known, operation: Operation): string {
  const around = parentOf(state, operation);
  if (around === null) return operation.parent === undefined ? "" : operation.parent.id;
  const outer = placeText(state, around) || nameOf(state, around);
  return [outer, placeIn(operation.parent!)].filter(Boolean).join(" › ");
}
