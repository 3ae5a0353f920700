/** From decisions to the items of the engine. */
import { type Decision, idOf } from "../../../store/decision.js";
import { columnOf } from "../../../store/history-query.js";
import { indexOf } from "./indexed.js";
import type { AppendItem, OfferItem } from "./rows.js";
import { splitSecrets } from "./secrets.js";

/** Columns by the names of values. */
const COLUMNS: Record<string, string> = {};

/** Names of columns are those of the values. */
function columns(index: object): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(index)) {
    COLUMNS[name] ??= columnOf(name);
    values[COLUMNS[name]] = storable(value);
  }
  return values;
}

/**
 * The text type of PostgreSQL holds no NUL and no half of a surrogate pair. Decisions keep both, as
 * escapes.
 */
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
    index: index ? columns(index) : undefined,
    ...(decision.kind === "submitted" && { key: keyOf(decision.key) }),
    fence: fence ?? undefined,
    takeover,
    successor: successor ? appendedSuccessor(successor) : undefined,
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
    index: index ? columns(index) : undefined,
    key: keyOf(decision.kind === "restored" ? decision.entry.key : null),
  };
}

function keyOf(
  key: { key: string; hash: string; at: string } | null,
): Record<string, unknown> | null {
  return key && { key: storable(key.key), hash: storable(key.hash), at: key.at };
}
