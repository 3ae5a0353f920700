/** How the list is looked at: what it is narrowed to, in which order, which chains are unfolded, how far it is loaded. */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { type Filter, fits, NO_FILTER } from "./filter.js";

export const SORTS = ["live", "newest", "name", "state", "time"] as const;
export type Sort = (typeof SORTS)[number];

export interface Listing {
  /** As typed; `filter` is what it says. */
  readonly text: string;
  readonly filter: Filter;
  readonly sort: Sort;
  readonly reverse: boolean;
  /** Ids of chains of which each link has a row, or of those that have not, where `unfold` is set. */
  readonly turned: ReadonlySet<string>;
  readonly unfold: boolean;
  /** Whether each queued operation has a row. */
  readonly wholeQueue: boolean;
  readonly paging: Paging;
}

/** A window of pages of finished operations around the place one is at. Without pages it is what the stream brought. */
export interface Paging {
  /** The newest page first. */
  readonly pages: readonly ListPage[];
  /** Ids of the pages, where the window does not begin with the newest operation: no others have a row. Else null. */
  readonly only: ReadonlySet<string> | null;
  /** Operations that fit, in the whole store, as of the last page; null: no page yet. */
  readonly total: number | null;
  /** Of them, those newer than the window. */
  readonly skipped: number;
  /** The last row of all is wanted: it is selected once its page is there. */
  readonly toEnd: boolean;
}

export interface ListPage {
  readonly ids: readonly string[];
  /** The daemon's places from which the pages on either side are listed; null: there is none. */
  readonly newer: string | null;
  readonly older: string | null;
}

export const UNASKED: Paging = { pages: [], only: null, total: null, skipped: 0, toEnd: false };

export const NO_LISTING: Listing = {
  text: "",
  filter: NO_FILTER,
  sort: "live",
  reverse: false,
  turned: new Set(),
  unfold: false,
  wholeQueue: false,
  paging: UNASKED,
};

export function isUnfolded(listing: Listing, chain: string): boolean {
  return listing.turned.has(chain) !== listing.unfold;
}

/** Whether the list has the operation: it fits the filter and the window. */
export function isListed({ filter, paging: { only } }: Listing, operation: Operation): boolean {
  return (only === null || !isFinal(operation.state) || only.has(operation.id)) && fits(filter, operation);
}
