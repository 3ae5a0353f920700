/** Decisions of this daemon as the engine takes them: with the values that it indexes, and the right to end an attempt. */
import type { Submission } from "../../../protocol/event.js";
import { isFinal } from "../../../protocol/state.js";
import { type Decision, type Entry, idOf } from "../../store/decision.js";
import type { Judged } from "../../store/store.js";
import { indexed, indexOf, searchText } from "../engine/operation-index.js";
import type { AppendItem, OfferItem, OperationIndex } from "../engine/rows.js";
import { lastFence } from "./fold.js";

/** Whether a running entry is run by this session of this host. */
export type IsOwn = (entry: Entry) => boolean;

/**
 * @param entry the operation as it was judged; undefined: it is new
 * @param isOwn false: the host of the attempt is lost, and the decision takes the operation over
 */
function itemOf({ decision, version }: Judged, entry: Entry | undefined, isOwn: IsOwn): AppendItem {
  const item = { decision, expect: version };
  switch (decision.kind) {
    case "submitted":
      return { ...item, index: indexOfSubmission(decision.event.operation) };
    case "edited":
      return { ...item, index: indexOfEdit(decision, entry) };
    case "requeued":
      return { ...item, index: { retryAt: decision.event.retryAt }, ...claimOf(entry, isOwn) };
    case "finished": {
      const next = decision.successor?.submitted.event.operation;
      return {
        ...item,
        index: {
          ...{ state: decision.event.state, finishedAt: decision.event.at },
          // The attempt may have declared another title.
          ...(entry && { text: searchText({ ...entry.record, ...decision.runState }) }),
        },
        ...(next && { successor: indexOfSubmission(next) }),
        ...(entry?.record.state === "running" && claimOf(entry, isOwn)),
      };
    }
    default:
      return item;
  }
}

/** An entry that the engine may have lost. */
export function offerOf(entry: Entry): OfferItem {
  const { record, run, version, order, queuedAt, finishedBy } = entry;
  const { id, state, finishedAt, retryAt, attempt, cancelRequested } = record;
  const claim = run?.claim ?? null;
  return {
    id,
    version,
    decision: { kind: "restored", id, entry },
    index: {
      ...indexOfSubmission({ ...record, omitted: record.omitted ?? {} }),
      ...{ state, attempt, retryAt, ord: order, queuedN: queuedAt, stop: cancelRequested },
      ...(isFinal(state) && { finishedAt, finishedN: finishedBy }),
      // With its fence, the host of a finished attempt may ship what the engine lost of the files.
      ...(claim ?? {
        host: record.host ?? null,
        session: null,
        fence: isFinal(state) ? lastFence(entry) : null,
      }),
    },
  };
}

function claimOf(entry: Entry | undefined, isOwn: IsOwn): Pick<AppendItem, "fence" | "takeover"> {
  if (!entry?.run?.claim) return {};
  return isOwn(entry) ? { fence: entry.run.claim.fence } : { takeover: true };
}

function indexOfSubmission(submission: Submission): OperationIndex {
  const { requires = [], tags, on } = submission;
  return indexOf(submission, { requires: tagsOf(requires, tags), pin: on ?? null });
}

function indexOfEdit(
  { event: { changes } }: Extract<Decision, { kind: "edited" }>,
  entry: Entry | undefined,
): Partial<OperationIndex> {
  const { on, tags } = changes;
  const record = entry?.record;
  return {
    ...indexed(changes, undefined),
    ...(on !== undefined && { pin: on }),
    ...(tags !== undefined && { requires: tagsOf(record?.requires ?? [], tags) }),
    ...(record && { text: searchText({ ...record, ...changes }) }),
  };
}

/** The tags that the type requires, and those that the submit asks for. */
function tagsOf(required: readonly string[], asked: readonly string[] = []): string[] {
  return [...new Set([...required, ...asked])];
}

/** The entries of the decisions by which they were judged. */
export function itemsOf(
  judged: readonly Judged[],
  find: (id: string) => Entry | null,
  isOwn: IsOwn,
): AppendItem[] {
  return judged.map((each) => itemOf(each, find(idOf(each.decision)) ?? undefined, isOwn));
}
