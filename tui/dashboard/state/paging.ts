/** The pages of finished operations that the list needs besides what the watch stream brings. */
import type { Operation } from "../../../protocol/operation.js";
import { queryOf } from "./filter.js";
import { listLayout } from "./layout.js";
import type { State } from "./model.js";
import { addFetched } from "./watched.js";

/** Operations of a page, and fetched ones that are held at most. */
export const LIST_PAGE = 500;
const HELD_MOST = 20_000;

/** The page to ask the daemon for: the filter as typed and the place to go on from; or null. */
export function wantedPage(state: State): { text: string; before: string | null } | null {
  const { listing } = state;
  const { next } = listing.paging;
  if (state.connection.state !== "live" || next === null || state.fetched.size >= HELD_MOST) return null;
  // What the stream brought is all there is.
  if (next === undefined && allHere(state)) return null;
  const { finished } = listLayout(state).sections;
  const nearEnd = finished === undefined || finished.top + 2 * finished.height >= finished.total;
  // By anything but time, the first row may be on the last page.
  const sorted = listing.sort === "live" || listing.sort === "newest" ? listing.reverse : true;
  if (!nearEnd && !sorted && !listing.toEnd) return null;
  return { text: listing.text, before: next ?? null };
}

function allHere({ view, fetched }: State): boolean {
  const { succeeded, failed, cancelled } = view.counts;
  const known = view.operations.size + fetched.size - view.counts.queued - view.counts.running;
  return known >= succeeded + failed + cancelled;
}

/** The daemon's query for what fits; it may answer with more. */
export function pageQuery(state: State, before: string | null) {
  const query = queryOf(state.listing.filter);
  return {
    ...query,
    state: query.state ?? (["succeeded", "failed", "cancelled"] as const).slice(),
    limit: LIST_PAGE,
    ...(before !== null && { before }),
  };
}

export function addPageOf(
  state: State,
  page: { text: string; operations: readonly Operation[]; next: string | null; total: number },
): State {
  if (page.text !== state.listing.text) return addFetched(state, page.operations);
  const paging = { next: page.next, total: page.total };
  return addFetched({ ...state, listing: { ...state.listing, paging } }, page.operations);
}
