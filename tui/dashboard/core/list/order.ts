/**
 * The rows of the list: which operations, in which order, with chains folded into the row of their
 * last link.
 *
 * The order is kept: a change of some operations puts these at their places, and leaves all others
 * where they are.
 */
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { hostOf } from "../../../terminal/host-state.js";
import { operationOf } from "../chain.js";
import { patched, type State } from "../model.js";
import { sectionOf } from "../state-style.js";
import { type Fold, isListed, isUnfolded, type Sorted } from "./listing.js";

type Compare = (a: Operation, b: Operation) => number;

const RANK = { running: 0, queued: 1, finished: 2 };
const rank = (operation: Operation) => RANK[sectionOf(operation)];

function newest(a: Operation, b: Operation): number {
  if (a.id === b.id) return 0;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  // Operations that were submitted at once are ordered by their start.
  const [started, other] = [a.startedAt ?? "", b.startedAt ?? ""];
  if (a.chain.id !== b.chain.id && started !== other) return started < other ? 1 : -1;
  return b.chain.index - a.chain.index || (a.id < b.id ? -1 : 1);
}

/** Running, newest first; queued, the next one first; finished, the one that ended last first. */
function compare(a: Operation, b: Operation): number {
  const ranks = rank(a) - rank(b);
  if (ranks !== 0) return ranks;
  const section = sectionOf(a);
  if (section === "queued") return sooner(a, b);
  return section === "running" ? newest(a, b) : ended(a, b);
}

/**
 * By the place in the queue; then those that wait for something else, in the order in which they
 * could start.
 */
function sooner(a: Operation, b: Operation): number {
  const place = (it: Operation) => it.queuePosition ?? Number.POSITIVE_INFINITY;
  if (place(a) !== place(b)) return place(a) < place(b) ? -1 : 1;
  if (a.queue !== b.queue) return a.queue < b.queue ? -1 : 1;
  const [after, other] = [a.notBefore ?? "", b.notBefore ?? ""];
  if (after !== other) return after < other ? -1 : 1;
  return b.priority - a.priority || -newest(a, b);
}

function ended(a: Operation, b: Operation): number {
  const [end, other] = [a.finishedAt ?? a.updatedAt, b.finishedAt ?? b.updatedAt];
  if (end === other) return newest(a, b);
  return end < other ? 1 : -1;
}

/** What decides where a row stands, and whether there is one. */
const PLACED_BY = [
  "state",
  "queuePosition",
  "createdAt",
  "startedAt",
  "finishedAt",
  "queue",
  "priority",
  "notBefore",
  "title",
  "label",
  "approvals",
] as const;

/** Whether the operation's row may have to move, come or go. */
const moves = (before: Operation | null, after: Operation | null): boolean =>
  PLACED_BY.some((name) => before?.[name] !== after?.[name]) ||
  (before && hostOf(before)) !== (after && hostOf(after));

/** Operations from which on a list that is made anew costs less. */
const MANY = 1000;

/**
 * The state with the list made anew, or by the changes of these operations since `before` alone.
 */
export function reordered(after: State, before?: State, ids?: Iterable<string>): State {
  if (before === undefined || ids === undefined) return withRows(after, sortedOf(after));
  const moved = new Set<string>();
  for (const id of ids) if (moves(operationOf(before, id), operationOf(after, id))) moved.add(id);
  if (moved.size === 0) return after;
  const isMany = moved.size > MANY;
  return withRows(
    after,
    isMany ? sortedOf(after) : sortedAfter(after.list.sorted, before, after, moved),
  );
}

function sortedOf({ view, fetched, list }: State): Sorted {
  const all = [...fetched.values()].filter(({ id }) => !view.operations.has(id));
  const listed = [...view.operations.values(), ...all].filter((operation) =>
    isListed(list, operation),
  );
  const chains = Map.groupBy(listed, ({ chain }) => chain.id);
  for (const links of chains.values()) links.sort(byIndex);
  const heads = [...chains.values()].map((links) => links.at(-1)!);
  return { chains, heads: heads.sort(compare) };
}

const byIndex: Compare = (a, b) => a.chain.index - b.chain.index;

/** As `sortedOf`, where only these operations have changed. */
function sortedAfter(
  sorted: Sorted,
  before: State,
  after: State,
  ids: ReadonlySet<string>,
): Sorted {
  const chains = new Map(sorted.chains);
  const touched = new Map<string, Operation[]>();
  for (const id of ids)
    for (const state of [before, after]) {
      const operation = operationOf(state, id);
      if (operation === null) continue;
      const links = touched.get(operation.chain.id) ?? [];
      touched.set(operation.chain.id, links);
      if (state === after && isListed(after.list, operation)) links.push(operation);
    }
  const gone: Operation[] = [];
  const come: Operation[] = [];
  for (const [chain, changed] of touched) {
    const was = chains.get(chain) ?? [];
    const links = [...was.filter(({ id }) => !ids.has(id)), ...changed].sort(byIndex);
    const [from, to] = [was.at(-1), links.at(-1)];
    if (from !== undefined && from !== to) gone.push(from);
    if (to !== undefined && from !== to) come.push(to);
    if (to === undefined) chains.delete(chain);
    else chains.set(chain, links);
  }
  const heads = [...sorted.heads];
  for (const operation of gone)
    heads.splice(heads.indexOf(operation, placeOf(heads, operation)), 1);
  for (const operation of come) heads.splice(placeOf(heads, operation), 0, operation);
  return { chains, heads };
}

/** The first place at which the operation may stand. */
function placeOf(heads: readonly Operation[], operation: Operation): number {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(heads[middle]!, operation) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withRows(state: State, sorted: Sorted): State {
  const { list } = state;
  const order: string[] = [];
  const folds = new Map<string, Fold>();
  const isFolded = !list.wholeQueue && list.text === "";
  const most = isFolded ? queueRows(state) : Number.POSITIVE_INFINITY;
  let [queued, finished] = [0, 0];
  for (const head of sorted.heads) {
    if (sectionOf(head) === "queued" && ++queued > most) continue;
    order.push(head.id);
    const links = sorted.chains.get(head.chain.id)!;
    for (const { state: is } of links) if (isFinal(is)) finished++;
    if (links.length > 1) addChain(order, folds, links, isUnfolded(list, head.chain.id));
  }
  return patched(state, "list", { sorted, order, folds, finished });
}

/** Rows of a folded queue. */
function queueRows({ size }: Pick<State, "size">): number {
  return size.columns >= 100 && size.rows >= 24 ? 3 : 1;
}

function addChain(
  order: string[],
  folds: Map<string, Fold>,
  links: readonly Operation[],
  unfolded: boolean,
): void {
  const head = links.at(-1)!;
  const fold = { chain: head.chain.id, links: links.length };
  folds.set(head.id, { ...fold, part: unfolded ? "head" : "folded" });
  if (!unfolded) return;
  for (const [i, link] of links.slice(0, -1).toReversed().entries()) {
    order.push(link.id);
    folds.set(link.id, { ...fold, part: i === links.length - 2 ? "tail" : "link" });
  }
}

/**
 * The row of the selected operation: its own, that of its chain or of the operation around it; -1
 * where it has none.
 */
export function selectedRow(state: State): number {
  if (state.selected === null) return -1;
  return rowOf(state, state.selected);
}

function rowOf(state: State, operationId: string): number {
  const { order, folds } = state.list;
  const own = order.indexOf(operationId);
  if (own !== -1) return own;
  const operation = operationOf(state, operationId);
  const chain = operation?.chain.id;
  for (const [id, fold] of folds)
    if (fold.chain === chain && fold.part === "folded") return order.indexOf(id);
  return operation?.parent === undefined ? -1 : rowOf(state, operation.parent.id);
}
