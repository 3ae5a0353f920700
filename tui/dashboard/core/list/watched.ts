/** Lines of the watch stream, fetched records and histories, into the state. */
import { historyName, likenessBy } from "../../../../protocol/estimate/likeness.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { HistoryReply } from "../../../../protocol/replies.js";
import { isFinal } from "../../../../protocol/state.js";
import { applyWatchLines, type WatchLine, type WatchView } from "../../../../protocol/watch.js";
import { patched, type State } from "../model.js";
import { pacesBy } from "../time/chain-time.js";
import { type Listing, UNASKED } from "./listing.js";
import { reordered } from "./order.js";

/** Finished operations that are kept of those that came by the stream: it runs for days. */
const KEPT_MOST = 5000;

/** Applies all lines since the last drawing, and sorts the list once. */
export function applyLines(state: State, lines: readonly WatchLine[]): State {
  const view = applyWatchLines(state.view, lines);
  const began = lines.some(({ type }) => type === "snapshot");
  if (view === state.view && !began) return withHistories(state, lines);
  const gone = lines.flatMap((line) => (line.type === "removed" ? [line.id] : []));
  const isBack = began && state.connection.state === "away";
  const back = isBack ? patched(state, "operation", { heard: heardNow(state) }) : state;
  const fetched = fetchedAfter(state, lines);
  const behind = placesBehind(fetched, state.view, lines);
  const came: State = {
    ...state,
    fetched: behind.length === 0 ? fetched : new Map([...fetched, ...behind]),
    list: listingAfter(state, view, lines),
    view: trimmed(view, state.selected),
    ...(began && { connection: LIVE }),
    // The notice about the start of the daemon stays until the daemon answers.
    ...(began &&
      state.connection.state !== "live" &&
      state.notice?.level === "info" && { notice: null }),
  };
  const next = patched(gone.length === 0 ? came : withoutGone(came, gone), "operation", {
    heard: heardOf(back, view, lines),
    paces: pacesBy(state, changedOf(view, lines)),
  });
  const known = withHistories(next, lines);
  const ids = known.view === view ? changedIds(lines) : null;
  return ids === null
    ? reordered(known)
    : reordered(known, state, [...ids, ...behind.map(([id]) => id)]);
}

function withHistories(state: State, lines: readonly WatchLine[]): State {
  return lines.reduce((next, line) => {
    if (line.type !== "history") return next;
    const { type: _, key, ...history } = line;
    return addHistory(
      next,
      historyName(likenessBy(history.op, key)),
      history,
      state.view.counts.succeeded,
    );
  }, state);
}

function withoutGone(state: State, gone: readonly string[]): State {
  const marked = new Set([...state.list.marked].filter((id) => !gone.includes(id)));
  return patched(state, "list", { marked });
}

/**
 * What stays of the fetched records: the stream brings those that it sends from now on. After a
 * snapshot nothing tells which queued ones still wait: the list fetches them anew.
 */
function fetchedAfter({ fetched, selected }: State, lines: readonly WatchLine[]): State["fetched"] {
  const ids = lines.flatMap((line) => {
    if (line.type === "chained") return [line.to];
    if (line.type === "changed") return line.patch.id === undefined ? [] : [line.id];
    return line.type === "removed" ? [line.id] : [];
  });
  if (lines.some(({ type }) => type === "snapshot"))
    for (const { id, state } of fetched.values())
      if (state === "queued" && id !== selected) ids.push(id);
  return ids.some((id) => fetched.has(id)) ? without(fetched, ids) : fetched;
}

/**
 * After a snapshot all pages are read anew: it leaves out what had come before. A queue that grew
 * is read on.
 */
function listingAfter(
  { list, view }: State,
  after: WatchView,
  lines: readonly WatchLine[],
): Listing {
  if (lines.some(({ type }) => type === "snapshot")) return { ...list, paging: UNASKED };
  const { queued } = list.paging;
  if (!queued.hasAll || after.moreQueued <= view.moreQueued) return list;
  return { ...list, paging: { ...list.paging, queued: { ...queued, hasAll: false } } };
}

/**
 * Queued operations behind those that the stream brings: they move as the last one that a line
 * moves.
 */
function placesBehind(
  fetched: State["fetched"],
  { operations }: WatchView,
  lines: readonly WatchLine[],
): Array<[string, Operation]> {
  if (fetched.size === 0) return [];
  // The last line of a queue has its places.
  const moved = new Map<string, Move>();
  for (const line of lines) {
    if (line.type !== "moved") continue;
    const place = line.ids.findLastIndex((id) => operations.get(id)?.queuePosition != null);
    const last = operations.get(line.ids[place] ?? "");
    if (last === undefined) continue;
    const from = last.queuePosition ?? 0;
    moved.set(last.queue, { from, by: place + 1 - from });
  }
  return [...fetched].flatMap(([id, operation]): Array<[string, Operation]> => {
    const { state, queuePosition: place } = operation;
    const move = state === "queued" ? moved.get(operation.queue) : undefined;
    if (place === null || move === undefined || move.by === 0 || place <= move.from) return [];
    return [[id, { ...operation, queuePosition: place + move.by }]];
  });
}

interface Move {
  readonly from: number;
  readonly by: number;
}

/** The operations that the lines change; null: any may have changed. */
function changedIds(lines: readonly WatchLine[]): string[] | null {
  const ids: string[] = [];
  for (const line of lines) {
    if (line.type === "snapshot") return null;
    if (line.type === "changed" || line.type === "removed") ids.push(line.id);
    else if (line.type === "chained") ids.push(line.to);
    else if (line.type === "moved") for (const id of line.ids) ids.push(id);
  }
  return ids;
}

function* changedOf({ operations }: WatchView, lines: readonly WatchLine[]): Iterable<Operation> {
  for (const line of lines) {
    if (line.type === "snapshot") yield* operations.values();
    const changed = line.type === "changed" ? operations.get(line.id) : undefined;
    if (changed !== undefined) yield changed;
  }
}

/** A running operation whose record changed has moved just now. */
function heardOf(
  state: State,
  after: WatchView,
  lines: readonly WatchLine[],
): State["operation"]["heard"] {
  let heard: Map<string, number> | null = null;
  for (const line of lines) {
    if (line.type !== "changed" || hasOnly(line.patch, FIGURES)) continue;
    const running = after.operations.get(line.id)?.state === "running";
    if (!running && !state.operation.heard.has(line.id)) continue;
    heard ??= new Map(state.operation.heard);
    if (running) heard.set(line.id, state.now);
    else heard.delete(line.id);
  }
  return heard ?? state.operation.heard;
}

/** What runs counts as heard now: the silence was that of its daemon. */
export function heardNow({ view, operation: { heard }, now }: State): State["operation"]["heard"] {
  const all = new Map(heard);
  for (const { id, state } of view.operations.values()) if (state === "running") all.set(id, now);
  return all;
}

/** The daemon measures the figures, so they do not show that the operation lives. */
const FIGURES: ReadonlySet<string> = new Set(["usage", "resources"]);
/** Keys whose change nobody waits for. */
const QUIET: ReadonlySet<string> = new Set([...FIGURES, "updatedAt", "seq", "pid", "logLines"]);
/** The place from which on nobody waits for what becomes of a queued operation. */
const FAR = 50;

const hasOnly = (patch: object, names: ReadonlySet<string>): boolean => {
  const keys = Object.keys(patch);
  return keys.length > 0 && keys.every((key) => names.has(key));
};

/** Whether the line is drawn with the next change that somebody waits for, or within a second. */
export function isQuiet(line: WatchLine): boolean {
  if (line.type !== "changed") return line.type === "moved" || line.type === "counts";
  const { state, queuePosition } = line.patch;
  return hasOnly(line.patch, QUIET) || (state === "queued" && (queuePosition ?? 0) > FAR);
}

/**
 * Once a second: what runs. The cores keep their last figure until an operation that began has one.
 */
export function sampled(state: State): State {
  const used = [...state.view.operations.values()].flatMap(({ usage }) => usage?.cpu ?? []);
  const known = state.view.counts.running > 0 ? state.operation.cores : null;
  const cores = used.length > 0 ? used.reduce((sum, each) => sum + each, 0) : known;
  return cores === state.operation.cores ? state : patched(state, "operation", { cores });
}

function trimmed(view: WatchView, selected: string | null): WatchView {
  if (view.operations.size <= KEPT_MOST * 2) return view;
  const finished = [...view.operations.values()].filter(
    ({ state, id }) => isFinal(state) && id !== selected,
  );
  if (finished.length <= KEPT_MOST * 2) return view;
  finished.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  return {
    ...view,
    operations: without(
      view.operations,
      finished.slice(0, -KEPT_MOST).map(({ id }) => id),
    ),
  };
}

function without<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  const rest = new Map(map);
  for (const id of ids) rest.delete(id);
  return rest;
}

/**
 * Records that did not come by the watch stream; a live one in the watch is at least as new, by its
 * `seq`.
 */
export function addFetched(state: State, operations: readonly Operation[]): State {
  const fresh = operations.filter((operation) => {
    const known = state.view.operations.get(operation.id) ?? state.fetched.get(operation.id);
    return known === undefined || known.seq < operation.seq;
  });
  if (fresh.length === 0) return state;
  const fetched = new Map(state.fetched);
  const watched = new Map(state.view.operations);
  for (const operation of fresh)
    (watched.has(operation.id) ? watched : fetched).set(operation.id, operation);
  const view = { ...state.view, operations: watched };
  const next = patched({ ...state, fetched, view }, "operation", {
    paces: pacesBy(state, fresh),
  });
  return reordered(
    next,
    state,
    fresh.map(({ id }) => id),
  );
}

export const LIVE = { state: "live" } as const;

/** Histories that are held: one a type, or one a history key, of which there may be any number. */
const HISTORIES_MOST = 500;

export function addHistory(
  state: State,
  name: string,
  reply: HistoryReply,
  succeeded: number,
): State {
  const histories = new Map(state.operation.histories).set(name, {
    ...reply,
    succeeded,
    at: state.now,
  });
  for (const oldest of histories.keys()) {
    if (histories.size <= HISTORIES_MOST) break;
    histories.delete(oldest);
  }
  return patched(state, "operation", { histories });
}
