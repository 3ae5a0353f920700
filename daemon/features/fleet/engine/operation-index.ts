/** From decisions to the values that the engine indexes. */
import type { Submission } from "../../../../protocol/event.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";
import { type Decision, idOf } from "../../../store/decision.js";
import { columnOf } from "../../../store/history-query.js";
import type { AppendItem, OfferItem, OperationIndex } from "./rows.js";
import { splitSecrets } from "./secrets.js";

type Indexed = Pick<
  Submission,
  | "id"
  | "op"
  | "title"
  | "label"
  | "queue"
  | "notBefore"
  | "historyKey"
  | "chain"
  | "on"
  | "tags"
  | "requires"
>;

/** What the engine reads of an operation. Null clears a column. */
export function indexOf(operation: Indexed): OperationIndex {
  const { id, op, title, label, queue, notBefore, historyKey, chain, on } = operation;
  return {
    op,
    queue: queue ?? DEFAULT_QUEUE,
    notBefore: notBefore ?? null,
    historyKey: historyKey ?? null,
    chainId: chain.id,
    pin: on ?? null,
    requires: tagsOf(operation),
    // Lower case by the rules of JavaScript, as the question of a search is.
    text: [id, op, title, label ?? ""].join("\n").toLowerCase(),
  };
}

/** The tags that a host must have: those that the type requires, and those that the submit asks for. */
export function tagsOf({ requires = [], tags = [] }: Pick<Submission, "requires" | "tags">): string[] {
  return [...new Set([...requires, ...tags])];
}

/** Names of columns are those of the values, such as `not_before` of `notBefore`. */
function columns(index: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(index).map(([name, value]) => [
      columnOf(name),
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
    ...(successor && { successor: appendedSuccessor(successor) }),
  };
}

function appendedSuccessor({
  submitted,
  cancelled,
}: NonNullable<Extract<Decision, { kind: "finished" }>["successor"]>): Record<string, unknown> {
  const { operation } = submitted.event;
  const { id } = operation;
  const end = { kind: "finished", id, event: cancelled, runState: {}, successor: null };
  return {
    id,
    ...splitSecrets({ kind: "submitted", ...submitted }),
    index: columns(indexOf(operation)),
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
