/**
 * The rows of the list: which operations, in which order, with chains folded into the row of their last link.
 *
 * Made anew only when something it depends on changed, and once for all that came in since the last drawing; patches
 * of progress leave the array as it is.
 */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { DEFAULT_QUEUE } from "../../../protocol/submit-fields.js";
import { type Fold, isListed, isUnfolded, type Listing, type Sort } from "./listing.js";
import type { State } from "./model.js";
import { sectionOf } from "./state-style.js";

export interface Rows {
  /** Ids, a row each. */
  readonly order: readonly string[];
  /** Folds of the rows that belong to a chain of several known operations, by id. */
  readonly folds: ReadonlyMap<string, Fold>;
  /** Finished operations that the rows stand for. */
  readonly finished: number;
  /** Columns of the longest name of a queue; 0: all are in the default queue. */
  readonly queueColumn: number;
}

const RANK = { running: 0, queued: 1, finished: 2 };
const rank = (operation: Operation) => RANK[sectionOf(operation)];
const STATE_RANK: Record<string, number> = { failed: 0, running: 1, queued: 2, cancelled: 3, succeeded: 4 };

function newest(a: Operation, b: Operation): number {
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

/** By the place in the queue; then those that wait for something else, in the order in which they could start. */
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
  return end === other ? newest(a, b) : end < other ? 1 : -1;
}

const name = ({ title, label }: Operation) => `${title} ${label ?? ""}`.toLowerCase();
/** Made when it is first needed: it costs milliseconds of the first frame. */
let words: Intl.Collator | null = null;

function byName(a: Operation, b: Operation): number {
  words ??= new Intl.Collator("en", { numeric: true });
  return words.compare(name(a), name(b));
}

/** Seconds it ran; what runs longest counts from its start. */
function ran({ startedAt, finishedAt, seconds }: Operation): number {
  if (startedAt === null) return -1;
  return (
    seconds ?? ((finishedAt === null ? Date.now() : Date.parse(finishedAt)) - Date.parse(startedAt)) / 1000
  );
}

function comparer(sort: Sort): (a: Operation, b: Operation) => number {
  switch (sort) {
    case "live":
      return compare;
    case "newest":
      return newest;
    case "state":
      return (a, b) => (STATE_RANK[a.state] ?? 9) - (STATE_RANK[b.state] ?? 9) || newest(a, b);
    case "name":
      return (a, b) => byName(a, b) || newest(a, b);
    case "time":
      return (a, b) => ran(b) - ran(a) || newest(a, b);
  }
}

/** Whether the operation's row may have to move, come or go. */
export function moves(before: Operation | null, after: Operation | null): boolean {
  return (
    before?.state !== after?.state ||
    before?.queuePosition !== after?.queuePosition ||
    before?.createdAt !== after?.createdAt ||
    before?.finishedAt !== after?.finishedAt ||
    before?.queue !== after?.queue ||
    before?.host !== after?.host ||
    before?.on !== after?.on ||
    before?.priority !== after?.priority ||
    before?.notBefore !== after?.notBefore ||
    before?.title !== after?.title ||
    before?.approvals !== after?.approvals
  );
}

export function rowsOf(state: Pick<State, "view" | "fetched" | "list" | "size">): Rows {
  const { list } = state;
  const chains = chainsOf(state);
  const heads = [...chains.values()].map((links) => links.at(-1)!);
  heads.sort(comparer(list.sort));
  if (list.reverse) heads.reverse();
  const order: string[] = [];
  const folds = new Map<string, Fold>();
  const isFolded = isSectioned(list) && !list.wholeQueue && list.text === "";
  const most = isFolded ? queueRows(state) : Number.POSITIVE_INFINITY;
  let [queued, finished, queueColumn] = [0, 0, 0];
  for (const head of heads) {
    if (sectionOf(head) === "queued" && ++queued > most) continue;
    order.push(head.id);
    if (head.queue !== DEFAULT_QUEUE) queueColumn = Math.max(queueColumn, head.queue.length);
    const links = chains.get(head.chain.id)!;
    for (const { state: is } of links) if (isFinal(is)) finished++;
    if (links.length === 1) continue;
    addChain(order, folds, links, isUnfolded(list, head.chain.id));
  }
  return { order, folds, finished, queueColumn };
}

/** Whether running, queued and finished operations stand apart. */
export function isSectioned(listing: Listing): boolean {
  return listing.sort === "live" && !listing.reverse;
}

/** Rows of a folded queue. */
function queueRows({ size }: Pick<State, "size">): number {
  return size.columns >= 100 && size.rows >= 24 ? 3 : 1;
}

/** What is listed, by chain, its links from first to last. */
function chainsOf({ view, fetched, list }: Pick<State, "view" | "fetched" | "list">) {
  const chains = new Map<string, Operation[]>();
  const add = (operation: Operation) => {
    if (!isListed(list, operation)) return;
    const links = chains.get(operation.chain.id);
    if (links === undefined) chains.set(operation.chain.id, [operation]);
    else {
      links.push(operation);
      links.sort((a, b) => a.chain.index - b.chain.index);
    }
  };
  for (const operation of view.operations.values()) add(operation);
  for (const [id, operation] of fetched) if (!view.operations.has(id)) add(operation);
  return chains;
}

function addChain(order: string[], folds: Map<string, Fold>, links: Operation[], unfolded: boolean): void {
  const head = links.at(-1)!;
  const fold = { chain: head.chain.id, links: links.length };
  folds.set(head.id, { ...fold, part: unfolded ? "head" : "folded" });
  if (!unfolded) return;
  for (const [i, link] of links.slice(0, -1).toReversed().entries()) {
    order.push(link.id);
    folds.set(link.id, { ...fold, part: i === links.length - 2 ? "tail" : "link" });
  }
}

/** The row of the selected operation: its own, that of its chain or of the operation around it; -1 where it has none. */
export function selectedRow(state: State): number {
  if (state.selected === null) return -1;
  return rowOf(state, state.selected);
}

function rowOf(state: State, operationId: string): number {
  const { order, folds } = state.list;
  const own = order.indexOf(operationId);
  if (own !== -1) return own;
  const operation = state.view.operations.get(operationId) ?? state.fetched.get(operationId);
  const chain = operation?.chain.id;
  for (const [id, fold] of folds)
    if (fold.chain === chain && fold.part === "folded") return order.indexOf(id);
  return operation?.parent === undefined ? -1 : rowOf(state, operation.parent.id);
}
