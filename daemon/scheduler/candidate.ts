/** A queued operation that may start: its type as it loads now, and the order for its worker. */
import { effectiveLimits } from "../../protocol/resource-limits.js";
import type { Loader } from "../loader/loader.js";
import type { ResolvedType } from "../loader/messages.js";
import type { Entry, Policy } from "../store/decision.js";
import { sourceOf } from "../store/entry-events.js";
import { type Layout, valuesDir } from "../store/layout.js";
import { payloadFile } from "../store/payloads.js";
import type { Store } from "../store/store.js";
import type { OrderMessage } from "../worker/messages.js";
import type { BlockedTypes } from "./holds/blocked-types.js";

export interface Candidate {
  entry: Entry;
  type: ResolvedType;
  /** With the effective limits of the operation. */
  policy: Policy;
  /** Where and when the operation may start; another text after each change of that. */
  turn: string;
}

interface CandidateOptions {
  store: Pick<Store, "ledger">;
  loader: Pick<Loader, "resolve">;
  blockedTypes: Pick<BlockedTypes, "block">;
}

/** Null where the operation is not queued any more, or its type does not load: the type is blocked then. */
export async function candidateOf(id: string, options: CandidateOptions): Promise<Candidate | null> {
  const { store, loader, blockedTypes } = options;
  const entry = store.ledger.get(id);
  if (entry?.record.state !== "queued") return null;
  const { op } = entry.record;
  const turn = turnOf(entry);
  const type =
    typeOfSource(entry) ?? (await loader.resolve(op).catch((error: Error) => ({ reason: error.message })));
  if ("reason" in type) {
    blockedTypes.block(op, type.reason, "loader");
    return null;
  }
  const limits = effectiveLimits(type.policy.limits, entry.record.limits);
  return { entry, type, policy: limits ? { ...type.policy, limits } : type.policy, turn };
}

/** Where and when the operation may start; another text after each change of that. */
export function turnOf({ record: { queue, priority, notBefore, on, tags }, queuedAt }: Entry): string {
  return `${queuedAt} ${queue} ${priority} ${notBefore} ${on} ${tags}`;
}

/** The type of a pipeline is in its text, so that it needs no file; null: the type is no pipeline. */
function typeOfSource(entry: Entry): ResolvedType | null {
  const source = sourceOf(entry);
  if (source === null) return null;
  const { path, timeout, gracePeriod } = source;
  return { file: path, policy: { resumable: true, timeout, gracePeriod, retry: null }, requires: [] };
}

/** @param notice a note for the operation's log; null: none */
export function orderOf(
  entry: Entry,
  attemptDir: string,
  { file, policy }: ResolvedType,
  options: {
    layout: Layout;
    maxLog: number;
    store: Pick<Store, "secrets">;
    isTraced(id: string): boolean | null;
  },
  notice: string | null,
): OrderMessage {
  const { layout, maxLog, store } = options;
  const isTraced = options.isTraced(entry.record.id);
  const { id, omitted } = entry.record;
  const secrets = store.secrets.get(id);
  return {
    type: "order",
    entry,
    paramsFile: omitted?.params === undefined ? null : payloadFile(layout.payloads, id, "params"),
    file,
    attemptDir,
    maxLog,
    valuesDir: policy.resumable ? valuesDir(layout, id) : null,
    notice,
    ...(secrets !== undefined && { secrets }),
    ...(isTraced !== null && { isTraced }),
  };
}
