/**
 * The pages of finished and of queued operations that the list fetches besides what the watch
 * stream brings.
 */

import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { isExact, type Paging, queryOf } from "../list/listing.js";
import { addFetched } from "../list/watched.js";
import { finishedIn, moreQueued, patched, type State } from "../model.js";
import { perObject } from "../per-object.js";
import { listLayout, type SectionLayout } from "./layout.js";

/** Operations of a page; rows that are held at most. */
export const LIST_PAGE = 500;
const HELD_MOST = 20_000;

/** A page to ask for: the filter as typed, and the place to go on from; null: the first page. */
export interface PageWanted {
  readonly text: string;
  readonly before: string | null;
}

export interface PageReply {
  readonly operations: readonly Operation[];
  readonly next: string | null;
  readonly total: number;
}

/** Finished operations are fetched where one comes near to the end of the list. */
export function wantedPage(state: State): PageWanted | null {
  const { list } = state;
  if (hasOldest(state) || list.order.length >= HELD_MOST) return null;
  const { top, height, total } = listLayout(state).sections.finished;
  return top + 2 * height >= total
    ? { text: list.text, before: list.paging.finished.before }
    : null;
}

/** Whether the list has all finished operations. */
function hasOldest(state: State): boolean {
  const { before, hasAll } = state.list.paging.finished;
  return hasAll || (before === null && streamHasAll(state));
}

/** What runs inside of another operation has no row, and is not counted. */
const outermostIn = perObject((all: State["fetched"]) => ({
  ended: [...all.values()].filter(({ parent, state }) => parent === undefined && isFinal(state))
    .length,
}));

function streamHasAll(state: State): boolean {
  const { view, fetched } = state;
  return outermostIn(view.operations).ended + outermostIn(fetched).ended >= finishedIn(view);
}

/**
 * The list reaches queued operations that the stream does not bring: by a filter, or by its end.
 */
export function wantedQueuePage(state: State): PageWanted | null {
  const { text, filter, paging, wholeQueue, order } = state.list;
  const { before, hasAll } = paging.queued;
  if (hasAll || moreQueued(state) === 0 || order.length >= HELD_MOST) return null;
  if (queryOf(filter).state?.includes("queued") === false) return null;
  return text !== "" || (wholeQueue && isNearEndOfQueue(state)) ? { text, before } : null;
}

function isNearEndOfQueue(state: State): boolean {
  const { queued, finished: all } = listLayout(state).sections;
  const { top, height, total } = queued ?? { ...all, total: all.total - state.list.finished };
  return top + 2 * height >= total;
}

/**
 * The daemon's query for what fits; it may answer with more. The stream brings the first queued
 * ones.
 */
export function pageQuery({ list }: State, section: keyof Paging, { before }: PageWanted) {
  const query = queryOf(list.filter);
  const finished = query.state ?? (["succeeded", "failed", "cancelled"] as const).slice();
  const isQueue = section === "queued";
  return {
    ...query,
    state: isQueue ? ["queued" as const] : finished,
    limit: LIST_PAGE,
    order: isQueue ? ("oldest" as const) : ("newest" as const),
    before: before ?? undefined,
  };
}

export function addPage(
  state: State,
  section: keyof Paging,
  { text, before }: PageWanted,
  { operations, next, total }: PageReply,
): State {
  const { paging } = state.list;
  // The page of another filter changes no place.
  if (text !== state.list.text || before !== paging[section].before)
    return addFetched(state, operations);
  // The last page is read again when the queue has grown.
  const pages = { before: next ?? before, hasAll: next === null, total };
  return addFetched(
    patched(state, "list", { paging: { ...paging, [section]: pages } }),
    operations,
  );
}

/** Which rows of all are on the screen; `isLeast`: there may be more than `of`. */
export function extentOf(
  state: State,
  { rows, top, total: held }: SectionLayout,
): { from: number; to: number; of: number; isLeast: boolean } {
  const { paging, filter, finished } = state.list;
  const inStore = isExact(filter) ? paging.finished.total : null;
  const total = filter.terms.length === 0 ? finishedIn(state.view) : inStore;
  const isAll = hasOldest(state);
  const below = total === null || isAll ? 0 : Math.max(0, total - finished);
  return {
    from: top + 1,
    to: top + rows.length,
    of: held + below,
    isLeast: total === null && !isAll,
  };
}
