/** Decisions of this daemon as the engine takes them: with the values that it indexes, and the right to end an attempt. */
import { isFinal } from "../../../protocol/state.js";
import { type Entry, idOf } from "../../store/decision.js";
import type { Judged } from "../../store/store.js";
import { indexOf } from "../engine/operation-index.js";
import type { AppendItem, OfferItem } from "../engine/rows.js";
import { lastFence } from "./fold.js";

/** Whether a running entry is run by this session of this host. */
export type IsOwn = (entry: Entry) => boolean;

/**
 * @param entry the operation as it was judged; null: it is new
 * @param isOwn false: the host of the attempt is lost, and the decision takes the operation over
 */
function itemOf({ decision, version }: Judged, entry: Entry | null, isOwn: IsOwn): AppendItem {
  const item = { decision, expect: version };
  switch (decision.kind) {
    case "submitted":
      return { ...item, index: indexOf(decision.event.operation) };
    case "edited":
      return { ...item, ...(entry && { index: indexOf({ ...entry.record, ...decision.event.changes }) }) };
    case "requeued":
      return { ...item, index: { retryAt: decision.event.retryAt }, ...claimOf(entry, isOwn) };
    case "finished": {
      const { state, at: finishedAt } = decision.event;
      // The attempt may have declared another title.
      const now = entry && indexOf({ ...entry.record, ...decision.runState });
      return {
        ...item,
        index: { ...now, state, finishedAt },
        ...(entry?.record.state === "running" && claimOf(entry, isOwn)),
      };
    }
    default:
      return item;
  }
}

/** An entry that the engine may have lost. */
export function offerOf(entry: Entry): OfferItem {
  const { record, run, version, order, finishedBy } = entry;
  const { id, state, finishedAt, retryAt, attempt } = record;
  return {
    id,
    version,
    decision: { kind: "restored", id, entry },
    index: {
      ...indexOf(record),
      ...{ state, attempt, retryAt, ord: order, partition: run?.policy.partition ?? "end" },
      ...(isFinal(state) && { finishedAt, finishedN: finishedBy }),
      // With its fence, the host of a finished attempt may ship what the engine lost of the files.
      ...(run?.claim ?? {
        host: record.host ?? null,
        session: null,
        fence: isFinal(state) ? lastFence(entry) : null,
      }),
    },
  };
}

function claimOf(entry: Entry | null, isOwn: IsOwn): Pick<AppendItem, "fence" | "takeover"> {
  if (!entry?.run?.claim) return {};
  return isOwn(entry) ? { fence: entry.run.claim.fence } : { takeover: true };
}

/** The entries of the decisions by which they were judged. */
export function itemsOf(
  judged: readonly Judged[],
  find: (id: string) => Entry | null,
  isOwn: IsOwn,
): AppendItem[] {
  return judged.map((each) => itemOf(each, find(idOf(each.decision)), isOwn));
}
