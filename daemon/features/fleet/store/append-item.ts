/**
 * Decisions of this daemon as the engine takes them: with the values that it indexes, and the right
 * to end an attempt.
 */
import { isFinal } from "../../../../protocol/state.js";
import { type Entry, idOf } from "../../../store/decision.js";
import type { Judged } from "../../../store/store.js";
import { indexOf, textOf } from "../engine/indexed.js";
import type { AppendItem, FencedPiece, OfferItem } from "../engine/rows.js";
import { lastFence } from "./fold.js";

/**
 * Whether a running entry is run by this host; otherwise the decision takes the operation over from
 * a lost one.
 */
type IsOwn = (entry: Entry) => boolean;

interface ItemParts {
  /** The entry of an operation in memory: the one by which its decision was judged. */
  find(id: string): Entry | null;
  isOwn: IsOwn;
  /** The last lines of an attempt of this host that ends. */
  lastPieces(id: string): readonly FencedPiece[];
}

/** @param entry the operation as it was judged; null: it is new */
function itemOf({ decision, version }: Judged, entry: Entry | null, parts: ItemParts): AppendItem {
  const item = { decision, expect: version };
  switch (decision.kind) {
    case "submitted":
      return { ...item, index: indexOf(decision.event.operation) };
    case "edited":
      if (decision.event.type !== "operation:edited" || entry === null) return item;
      return { ...item, index: indexOf({ ...entry.record, ...decision.event.changes }) };
    case "requeued":
      return { ...item, index: { retryAt: decision.event.retryAt }, ...endOf(entry, parts) };
    case "finished": {
      const { state, at: finishedAt } = decision.event;
      // The attempt may have declared another title.
      const text = entry && textOf({ ...entry.record, ...decision.runState });
      return {
        ...item,
        index: { text: text ?? undefined, state, finishedAt },
        ...(entry?.record.state === "running" && endOf(entry, parts)),
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
      state,
      attempt,
      retryAt,
      ord: order,
      partition: run?.policy.partition ?? "end",
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

/** The right to end the attempt, and its last lines. */
function endOf(
  entry: Entry | null,
  parts: ItemParts,
): Pick<AppendItem, "fence" | "takeover" | "pieces"> {
  if (!entry?.run?.claim) return {};
  const { fence } = entry.run.claim;
  if (!parts.isOwn(entry)) return { takeover: true };
  return {
    fence,
    pieces: parts.lastPieces(entry.record.id).filter((piece) => piece.fence === fence),
  };
}

export function itemsOf(judged: readonly Judged[], parts: ItemParts): AppendItem[] {
  return judged.map((each) => itemOf(each, parts.find(idOf(each.decision)), parts));
}
