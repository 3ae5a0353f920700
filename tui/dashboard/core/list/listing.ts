/** The view of the list: its filter, the unfolded chains and the loaded pages. */

import type { Operation } from "../../../../protocol/operation.js";
import { type State as OperationState, STATES } from "../../../../protocol/state.js";
import { nearest } from "../../../../protocol/text/nearest.js";
import { hostOf } from "../../../terminal/host-state.js";
import { perObject } from "../per-object.js";

const NO_FILTER: Filter = { terms: [] };

export type Section = "running" | "queued" | "finished";

/** The part of a chain that a row stands for, or is. */
export interface Fold {
  readonly chain: string;
  /** Links that are known and match the filter. */
  readonly links: number;
  /** One row for all; or a row each: the last link first, and the earlier ones below. */
  readonly part: "folded" | "head" | "link" | "tail";
}

/** What is listed, as it was when it was put at its place. */
export interface Sorted {
  /** The links of each chain, from first to last. */
  readonly chains: ReadonlyMap<string, readonly Operation[]>;
  /** The last links, in the order of the list. */
  readonly heads: readonly Operation[];
}

export interface Listing {
  /** As typed; `filter` is what it says. */
  readonly text: string;
  readonly filter: Filter;
  /**
   * Ids of chains of which each link has a row, or of those that have not, where `unfold` is set.
   */
  readonly turned: ReadonlySet<string>;
  readonly unfold: boolean;
  /** Whether each queued operation has a row. */
  readonly wholeQueue: boolean;
  readonly paging: Paging;
  readonly marked: ReadonlySet<string>;
  readonly sorted: Sorted;
  /** Ids as the list shows them, a row each. */
  readonly order: readonly string[];
  readonly folds: ReadonlyMap<string, Fold>;
  /** Finished operations that the rows stand for. */
  readonly finished: number;
  /** First row on the screen, by section. */
  readonly tops: Readonly<Record<Section, number>>;
}

/** The pages that are fetched besides what the watch stream brings. */
export interface Paging {
  readonly finished: Pages;
  readonly queued: Pages;
}

export interface Pages {
  /** The place from which the next page is listed, or again the last one; null: the first page. */
  readonly before: string | null;
  readonly hasAll: boolean;
  /** Operations that fit, in the whole store, as of the last page; null: no page yet. */
  readonly total: number | null;
}

const NO_PAGE: Pages = { before: null, hasAll: false, total: null };

export const UNASKED: Paging = { finished: NO_PAGE, queued: NO_PAGE };

export const LIST: Listing = {
  text: "",
  filter: NO_FILTER,
  turned: new Set(),
  unfold: false,
  wholeQueue: false,
  paging: UNASKED,
  marked: new Set(),
  sorted: { chains: new Map(), heads: [] },
  order: [],
  folds: new Map(),
  finished: 0,
  tops: { running: 0, queued: 0, finished: 0 },
};

export function isUnfolded(listing: Listing, chain: string): boolean {
  return listing.turned.has(chain) !== listing.unfold;
}

/**
 * Whether the list has a row for what runs inside of another operation: the filter names its queue
 * or its id.
 */
const hasInside = ({ terms }: Filter): boolean =>
  terms.some(({ kind, not }) => !not && (kind === "queue" || kind === "id"));

/** Whether the list has the operation. */
export function isListed({ filter }: Listing, operation: Operation): boolean {
  return (operation.parent === undefined || hasInside(filter)) && fits(filter, operation);
}

export interface Filter {
  readonly terms: readonly Term[];
}

interface Term {
  readonly kind: "text" | "op" | "state" | "label" | "id" | "queue" | "host";
  readonly text: string;
  readonly not: boolean;
}

/** The part of a filter that the daemon applies. The dashboard applies the rest to the reply. */
export interface FilterQuery {
  readonly q?: string;
  readonly op?: string;
  readonly state?: OperationState[];
  readonly parent?: "none";
}

const KINDS: Record<string, Term["kind"]> = {
  op: "op",
  type: "op",
  state: "state",
  label: "label",
  id: "id",
  queue: "queue",
  host: "host",
};

/** The names that the screen lists, without the second name of a condition. */
const CONDITIONS = [...new Set(Object.values(KINDS))];

export function parseFilter(text: string): Filter {
  const terms = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "-")
    .map(termOf)
    // A condition without a value filters nothing.
    .filter((term) => term.text !== "");
  return terms.length === 0 ? NO_FILTER : { terms };
}

/** The words of the filter that names and labels have. */
export const wordsOf = perObject(({ terms }: Filter): readonly string[] =>
  terms
    .filter(({ kind, not }) => !not && (kind === "text" || kind === "label"))
    .map(({ text }) => text),
);

function termOf(word: string): Term {
  const not = word.startsWith("-") && word.length > 1;
  const bare = not ? word.slice(1) : word;
  const colon = bare.indexOf(":");
  const kind = colon === -1 ? undefined : KINDS[bare.slice(0, colon)];
  return kind === undefined
    ? { kind: "text", text: bare, not }
    : { kind, text: bare.slice(colon + 1), not };
}

export function fits(filter: Filter, operation: Operation): boolean {
  return filter.terms.every((term) => fitsTerm(term, operation) !== term.not);
}

function fitsTerm({ kind, text }: Term, operation: Operation): boolean {
  switch (kind) {
    case "op":
      return operation.op.toLowerCase().includes(text);
    case "state":
      return beginsWithOne(operation.state, text);
    case "label":
      return (operation.label ?? "").toLowerCase().includes(text);
    case "queue":
      return beginsWithOne(operation.queue.toLowerCase(), text);
    case "host":
      return beginsWithOne(hostOf(operation)?.toLowerCase() ?? "", text);
    case "id":
      return operation.id.startsWith(text);
    case "text":
      return haystack(operation).includes(text) || operation.state === text;
  }
}

/** Whether the name begins with one of the names that commas separate. */
const beginsWithOne = (name: string, names: string): boolean =>
  names.split(",").some((each) => each !== "" && name.startsWith(each));

/**
 * By record: a new one is made for each change, and ten thousand are searched with each letter
 * typed.
 */
const haystack = perObject(({ id, op, title, label }: Operation) =>
  `${id}\n${op}\n${title}\n${label ?? ""}`.toLowerCase(),
);

/** A name of the filter that does not exist. */
export interface UnknownName {
  readonly kind: "state" | "condition";
  readonly typed: string;
  /** Names that are near. */
  readonly near: readonly string[];
  readonly valid: readonly string[];
}

/** The first state or condition of the filter that does not exist; null where all do. */
export function unknownName({ terms }: Filter): UnknownName | null {
  for (const { kind, text } of terms) {
    let unknown = kind === "state" ? unknownState(text) : null;
    if (kind === "text") unknown = unknownCondition(text);
    if (unknown !== null) return unknown;
  }
  return null;
}

function unknownState(text: string): UnknownName | null {
  const typed = text
    .split(",")
    .find((part) => part !== "" && !STATES.some((name) => name.startsWith(part)));
  return typed === undefined
    ? null
    : { kind: "state", typed, near: nearest(typed, STATES, 2), valid: STATES };
}

/**
 * A word before a colon. The filter still looks for it as text: a label such as `deploy:prod` may
 * have it.
 */
function unknownCondition(text: string): UnknownName | null {
  const typed = /^([a-z-]+):/.exec(text)?.[1];
  if (typed === undefined) return null;
  return {
    kind: "condition",
    typed,
    near: nearest(typed, Object.keys(KINDS), 2),
    valid: CONDITIONS,
  };
}

/** Whether the daemon's own query says the whole filter: then its count is that of the rows. */
export function isExact(filter: Filter): boolean {
  const { parent: _, ...query } = queryOf(filter);
  return filter.terms.length === Object.keys(query).length;
}

/**
 * The part of the filter that the daemon's own query says; everything that fits the filter fits the
 * query.
 */
export function queryOf(filter: Filter): FilterQuery {
  const isState = (text: string) => (STATES as readonly string[]).includes(text);
  const positive = filter.terms.filter((term) => !term.not);
  const words = positive.filter(({ kind, text }) => kind === "text" && !isState(text));
  // The reply for the longest word has the fewest operations.
  const q = words.map(({ text }) => text).sort((a, b) => b.length - a.length)[0];
  const states = positive.find(({ kind }) => kind === "state");
  const state =
    states &&
    STATES.filter((name) => states.text.split(",").some((part) => part && name.startsWith(part)));
  return {
    ...(q !== undefined && { q }),
    ...(state !== undefined && state.length > 0 && { state }),
    ...(!hasInside(filter) && { parent: "none" }),
  };
}
