/**
 * What the daemon tells of a failure: which failures are asked about, and the place that the editor
 * can open. Pure.
 */

import type { Operation } from "../../../../protocol/operation.js";
import type { Why } from "../../../../protocol/why.js";
import { answerOf } from "../ask.js";
import { selectedOperation } from "../chain.js";
import { daemon } from "../hosts/hosts.js";
import { patched, type State } from "../model.js";

/** Failures that are kept: a person goes from one to the next, and back. */
const KEPT = 20;

const keyOf = ({ id, attempt }: Pick<Operation, "id" | "attempt">): string => `${id} ${attempt}`;

/** Null: it has not failed, or it is not known yet. */
export function whyOf(state: State, operation: Operation): Why | null {
  return operation.state === "failed" ? (state.operation.whys.get(keyOf(operation)) ?? null) : null;
}

/**
 * The selected failure, if it is to be asked about: at first for what is known at once, then for
 * all.
 */
export function wantedWhy(state: State): { id: string; attempt: number; partial: boolean } | null {
  const operation = selectedOperation(state);
  if (operation?.state !== "failed") return null;
  const known = whyOf(state, operation);
  if (known !== null && !known.pending) return null;
  return { id: operation.id, attempt: operation.attempt, partial: known === null };
}

/** @param of the operation as it was asked about */
export function withWhy(state: State, of: { id: string; attempt: number }, why: Why): State {
  const whys = new Map([...state.operation.whys, [keyOf(of), why] as const].slice(-KEPT));
  return patched(state, "operation", { whys });
}

/** Whether another host of the daemon ran it. */
export function ranElsewhere(state: State, { host }: Operation): boolean {
  return host !== undefined && host !== answerOf(state, daemon)?.host;
}

/** A line of a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The line that failed, where its file is on this machine. */
export function editablePlace(state: State, operation: Operation): Place | null {
  const { place, source } = whyOf(state, operation)?.failure ?? {};
  const { remote } = state.session.flags;
  // A file of the same path here may be another one.
  const isHere = remote === undefined && !ranElsewhere(state, operation);
  return source && isHere ? (place ?? null) : null;
}
