/** How the list is looked at: what it is narrowed to, in which order, which chains are unfolded, how far it is loaded. */
import { type Filter, NO_FILTER } from "./filter.js";

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
  /** The last row of all is wanted: pages are fetched until it is there. */
  readonly toEnd: boolean;
  readonly paging: Paging;
}

/** The pages of finished operations that the watch stream did not bring, newest first. */
export interface Paging {
  /** The daemon's `next`; null: all of it is here; undefined: not asked yet. */
  readonly next: string | null | undefined;
  /** Operations that fit, in the whole store; as far as the daemon can tell for this filter. */
  readonly total: number | null;
}

export const UNASKED: Paging = { next: undefined, total: null };

export const NO_LISTING: Listing = {
  text: "",
  filter: NO_FILTER,
  sort: "live",
  reverse: false,
  turned: new Set(),
  unfold: false,
  wholeQueue: false,
  toEnd: false,
  paging: UNASKED,
};

export function isUnfolded(listing: Listing, chain: string): boolean {
  return listing.turned.has(chain) !== listing.unfold;
}
