/** From decisions to the values that the engine indexes. */
import type { Submission } from "../../../protocol/event.js";
import type { Decision } from "../../store/decision.js";
import { type AppendItem, INDEXED, type OfferItem, type OperationIndex } from "./rows.js";
import { splitSecrets } from "./secrets.js";

/** Text that a search looks through. Lower case by the rules of JavaScript, as the question is. */
export function searchText({
  id,
  op,
  title,
  label,
}: Pick<Submission, "id" | "op" | "title" | "label">): string {
  return [id, op, title, label ?? ""].join("\n").toLowerCase();
}

/**
 * The indexed ones of the values.
 *
 * @param absent - for those that are missing: null clears a column, undefined keeps it
 */
export function indexed(values: Partial<Submission>, absent: null | undefined): OperationIndex {
  return Object.fromEntries(INDEXED.map((key) => [key, values[key] === undefined ? absent : values[key]]));
}

/** The index of a submission. `more`: what is no part of it. */
export function indexOf(submission: Submission, more: OperationIndex = {}): OperationIndex {
  const { chain } = submission;
  return {
    ...indexed(submission, null),
    chainId: chain.id,
    previous: chain.previous,
    text: searchText(submission),
    ...more,
  };
}

function idOf(decision: Decision): string {
  return decision.kind === "submitted" ? decision.event.operation.id : decision.id;
}

/** Names of columns are those of the values, such as `not_before` of `notBefore`. */
function columns(index: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(index)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        storable(value),
      ]),
  );
}

/** The text type of PostgreSQL holds no NUL and no half of a surrogate pair. Decisions keep both, as escapes. */
export function storable(value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\ufffd") : value;
}

/** An item as the function `append` takes it. */
export function appended(item: AppendItem): Record<string, unknown> {
  const { decision, expect, index, fence, takeover } = item;
  const successor = decision.kind === "finished" ? decision.successor : null;
  return {
    kind: decision.kind,
    id: idOf(decision),
    expect,
    ...splitSecrets(decision),
    ...(index && { index: columns(index) }),
    ...(decision.kind === "submitted" && { key: keyOf(decision.key) }),
    ...(fence !== undefined && fence !== null && { fence }),
    ...(takeover && { takeover }),
    ...(successor && { successor: appendedSuccessor(successor, item.successor) }),
  };
}

function appendedSuccessor(
  { submitted, cancelled }: NonNullable<Extract<Decision, { kind: "finished" }>["successor"]>,
  index: OperationIndex = indexOf(submitted.event.operation),
): Record<string, unknown> {
  const { id } = submitted.event.operation;
  const end = { kind: "finished", id, event: cancelled, runState: {}, successor: null };
  return {
    id,
    ...splitSecrets({ kind: "submitted", ...submitted }),
    index: columns(index),
    key: keyOf(submitted.key),
    cancelled: cancelled ? JSON.stringify(end) : null,
  };
}

/** An item as the function `offer` takes it. */
export function offered({ id, version, decision, index }: OfferItem): Record<string, unknown> {
  return {
    id,
    version,
    kind: decision.kind,
    ...splitSecrets(decision),
    ...(index && { index: columns(index) }),
    key: keyOf(decision.kind === "restored" ? decision.entry.key : null),
  };
}

function keyOf(key: { key: string; hash: string; at: string } | null): Record<string, unknown> | null {
  return key && { key: storable(key.key), hash: storable(key.hash), at: key.at };
}
