/**
 * The finished operations that the list fetches besides what the watch stream brings: a window of pages. It grows where
 * one comes near to its end, loses pages at the other end, and can be put at the oldest operations by one request.
 */

import type { Operation } from "../../../protocol/operation.js";
import { selectedOperation } from "./chain.js";
import { listLayout, type SectionLayout } from "./layout.js";
import { isExact, type ListPage, type Paging, queryOf, UNASKED } from "./listing.js";
import { finishedIn, moreQueued, patched, type State } from "./model.js";
import { isSectioned, reordered } from "./order.js";
import { perObject } from "./per-object.js";
import { waitingOf } from "./waiting.js";
import { addFetched, without } from "./watched.js";

/** Operations of a page; pages of a window; fetched operations that are held at most, where an order needs them all. */
export const LIST_PAGE = 500;
export const PAGES_MOST = 10;
const HELD_MOST = 20_000;

/** A page to ask for: the filter as typed, the order, and the place to go on from; null: the order's first page. */
export interface PageWanted {
  readonly text: string;
  readonly order: "newest" | "oldest";
  readonly before: string | null;
}

export interface PageReply {
  readonly operations: readonly Operation[];
  readonly next: string | null;
  readonly previous: string | null;
  readonly total: number;
}

export function wantedPage(state: State): PageWanted | null {
  const { list } = state;
  const { pages, toEnd } = list.paging;
  const { text } = list;
  const older = { text, order: "newest", before: pages.at(-1)?.older ?? null } as const;
  if (!isByTime(state)) return hasAll(state) || state.fetched.size >= HELD_MOST ? null : older;
  // Only a window that loses no pages is longer.
  if (pages.length > PAGES_MOST && state.fetched.size >= HELD_MOST) return null;
  if (toEnd) return { text, order: "oldest", before: null };
  const { finished } = listLayout(state).sections;
  const near = 2 * finished.height;
  if (!endsWithOldest(state) && finished.top + near >= finished.total) return older;
  const newer = pages[0]?.newer ?? null;
  return newer !== null && finished.top < near ? { text, order: "oldest", before: newer } : null;
}

/** In an order other than time, the first row may be on the last page. */
function isByTime({ list: { sort } }: State): boolean {
  return sort === "live" || sort === "newest";
}

/** Whether nothing is older than the window. */
export function endsWithOldest(state: State): boolean {
  const { pages } = state.list.paging;
  return pages.length === 0 ? streamHasAll(state) : pages.at(-1)!.older === null;
}

const hasAll = (state: State): boolean => state.list.paging.only === null && endsWithOldest(state);

/** What runs inside of another operation has no row, and is not counted. */
const outermostIn = perObject((all: State["fetched"]) => ({
  count: [...all.values()].filter(({ parent }) => parent === undefined).length,
}));

function streamHasAll(state: State): boolean {
  const { view, fetched } = state;
  const live = view.counts.queued - moreQueued(state) + view.counts.running;
  return outermostIn(view.operations).count + outermostIn(fetched).count - live >= finishedIn(view);
}

/** The daemon's query for what fits; it may answer with more. */
export function pageQuery({ list }: State, { order, before }: PageWanted) {
  const query = queryOf(list.filter);
  return {
    ...query,
    state: query.state ?? (["succeeded", "failed", "cancelled"] as const).slice(),
    limit: LIST_PAGE,
    order,
    ...(before !== null && { before }),
  };
}

export function addPageOf(state: State, wanted: PageWanted, reply: PageReply): State {
  const { list } = state;
  // A page that has no way back cannot be left out: a list of several hosts is read in one direction.
  const isBounded = isByTime(state) && (wanted.before === null || reply.previous !== null);
  const paging = wanted.text === list.text ? withPage(list.paging, wanted, reply, isBounded) : null;
  // A page of another filter, or of a window that has moved on.
  if (paging === null) return addFetched(state, reply.operations);
  const dropped = list.paging.pages.filter((page) => !paging.pages.includes(page)).flatMap(({ ids }) => ids);
  const windowed = patched(state, "list", { paging });
  const fetched = fetchedWithout(windowed, dropped);
  return reordered(addFetched({ ...windowed, fetched }, reply.operations));
}

/** The window with one more page; null where the page does not join on to it. */
function withPage(
  paging: Paging,
  { order, before }: PageWanted,
  { operations, next, previous, total }: PageReply,
  isBounded: boolean,
): Paging | null {
  const ids = operations.map(({ id }) => id);
  const back = before === null ? null : previous;
  const page: ListPage =
    order === "newest"
      ? { ids, newer: back, older: next }
      : { ids: ids.toReversed(), newer: next, older: back };
  // What finished since the last page is newer than all of them.
  const fresh = paging.only === null ? 0 : total - (paging.total ?? total);
  let { pages, skipped } = paging;
  skipped += fresh;
  if (before === null) {
    pages = [page];
    skipped = order === "newest" ? 0 : total - ids.length;
  } else if (order === "newest") {
    if (before !== pages.at(-1)?.older) return null;
    pages = [...pages, page];
    if (isBounded && pages.length > PAGES_MOST) {
      skipped += pages[0]!.ids.length;
      pages = pages.slice(1);
    }
  } else {
    if (before !== pages[0]?.newer) return null;
    pages = [page, ...pages].slice(0, isBounded ? PAGES_MOST : undefined);
    skipped -= ids.length;
  }
  const only = pages[0]!.newer === null ? null : new Set(pages.flatMap((each) => each.ids));
  const more = only === null ? 0 : Math.max(0, skipped);
  return { ...paging, pages, only, total, skipped: more };
}

/** A page of the queue to ask for: the filter as typed, and the place to go on from. */
export interface QueuePageWanted {
  readonly text: string;
  readonly before: string | null;
}

export type QueuePageReply = Pick<PageReply, "operations" | "next">;

/** The list reaches queued operations that the stream does not bring: by a filter, by its order, or by its end. */
export function wantedQueuePage(state: State): QueuePageWanted | null {
  const { list, fetched } = state;
  const { text, filter, paging, wholeQueue } = list;
  const { before, hasAll } = paging.queue;
  if (hasAll || moreQueued(state) === 0 || fetched.size >= HELD_MOST) return null;
  if (queryOf(filter).state?.includes("queued") === false) return null;
  const isAtEnd = wholeQueue && isNearEndOfQueue(state);
  return text !== "" || !isSectioned(list) || isAtEnd ? { text, before } : null;
}

function isNearEndOfQueue(state: State): boolean {
  const { queued, finished: all } = listLayout(state).sections;
  const { top, height, total } = queued ?? { ...all, total: all.total - state.list.finished };
  return top + 2 * height >= total;
}

/** Oldest first: the stream brings the first ones. */
export function queueQuery({ list }: State, { before }: QueuePageWanted) {
  const place = before === null ? {} : { before };
  return {
    ...queryOf(list.filter),
    state: ["queued" as const],
    limit: LIST_PAGE,
    order: "oldest" as const,
    ...place,
  };
}

export function addQueuePage(
  state: State,
  { text, before }: QueuePageWanted,
  { operations, next }: QueuePageReply,
): State {
  const { list } = state;
  const { paging } = list;
  if (text !== list.text || before !== paging.queue.before) return addFetched(state, operations);
  // The last page is read again when the queue has grown.
  const queue = next === null ? { before, hasAll: true } : { before: next, hasAll: false };
  return reordered(addFetched(patched(state, "list", { paging: { ...paging, queue } }), operations));
}

/** The window at the newest operations again. */
export function restarted(state: State): State {
  const { list } = state;
  const { only, pages } = list.paging;
  // What was fetched from there on is kept: a filter finds it before the daemon answers.
  const ids = only === null ? [] : pages.flatMap((page) => page.ids);
  const fetched = fetchedWithout(state, ids);
  return reordered(patched({ ...state, fetched }, "list", { paging: UNASKED }));
}

/** What was fetched, without these: but for those that the screen shows in another place. */
function fetchedWithout(state: State, ids: readonly string[]): State["fetched"] {
  if (ids.length === 0) return state.fetched;
  const {
    fetched,
    list: { marked },
  } = state;
  const waits = new Set(waitingOf(state).map(({ operation }) => operation));
  const chain = selectedOperation(state)?.chain.id;
  const isShown = (id: string) => fetched.get(id)?.chain.id === chain || marked.has(id) || waits.has(id);
  return without(
    fetched,
    ids.filter((id) => !isShown(id)),
  );
}

/** Which rows of all are on the screen; `isLeast`: there may be more than `of`. */
export function extentOf(
  state: State,
  { rows, top, total: held }: SectionLayout,
): { from: number; to: number; of: number; isLeast: boolean } {
  const { paging, filter } = state.list;
  const isAll = filter.terms.length === 0;
  const total = isAll ? finishedIn(state.view) : isExact(filter) ? paging.total : null;
  const above =
    paging.only === null ? 0 : paging.skipped + (isAll ? Math.max(0, total! - (paging.total ?? 0)) : 0);
  const below =
    total === null || endsWithOldest(state) ? 0 : Math.max(0, total - above - state.list.finished);
  return {
    from: above + top + 1,
    to: above + top + rows.length,
    of: above + held + below,
    isLeast: total === null && !endsWithOldest(state),
  };
}
