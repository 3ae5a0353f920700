/**
 * Everything the screen shows, as one immutable value. `update` makes the next one from a message,
 * with the effects that come of it.
 */

import type { Operation } from "../../../protocol/operation.js";
import { EMPTY_VIEW, type WatchView } from "../../../protocol/watch.js";
import type { Form } from "../form/form.js";
import type { LineEdit } from "../text/line-edit.js";
import type { Rgb } from "../text/theme.js";
import type { Effect } from "./effect.js";
import { type Connection, HOSTS, type HostsSlice } from "./hosts/slice.js";
import type { Action } from "./keys/action.js";
import { LIST, type Listing } from "./list/listing.js";
import { LOG, type LogSlice } from "./log/slice.js";
import { OPERATION, type OperationSlice } from "./operation/slice.js";
import { perObject } from "./per-object.js";
import { QUEUES, type QueuesSlice } from "./queues/slice.js";
import type { Flags, Request } from "./request.js";
import { SUBMIT, type SubmitSlice } from "./submit/slice.js";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Pane = "list" | "detail";
export type Level = "info" | "success" | "warning" | "error";

export interface Notice {
  readonly text: string;
  readonly level: Level;
  /** The shell command that does the same. */
  readonly command?: string;
}

/** An action of the dashboard. */
export type DashboardAction = Action<State>;

/** What stands over list and operation, one at a time; escape goes back. */
export type Page =
  | { readonly kind: "form"; readonly form: Form }
  | { readonly kind: "retry"; readonly id: string; readonly at: number }
  /** Queues, then schedules; `at` counts through both. */
  | { readonly kind: "queues"; readonly at: number }
  | { readonly kind: "hosts"; readonly at: number };

export type PageOf<K extends Page["kind"]> = Extract<Page, { kind: K }>;

export type EntryKind = "filter" | "search" | "field" | "help";

/** A question before something that stops work or cannot be undone. */
export interface Question {
  readonly request: Request;
  /** Another answer: only one of the chain's operations. */
  readonly only?: Request;
  /** What a no asks for; absent: nothing. */
  readonly no?: Request;
}

/** What the dashboard was started with. */
interface Session {
  readonly actions: readonly Action<State>[];
  readonly socket: string;
  readonly flags: Flags;
}

/** How the selection moves. */
interface Selection {
  /** Whether it was seen before it was over: only then its hand-over is followed. */
  readonly witnessed: boolean;
  /** When a person last moved the selection, in ms; null: never. */
  readonly movedAt: number | null;
  /** The id, or prefix, of the command line, until it is found. */
  readonly wanted: string | null;
}

export interface State {
  readonly session: Session;
  readonly hosts: HostsSlice;
  readonly operation: OperationSlice;
  readonly queues: QueuesSlice;
  /** Until when a person has looked at what ended, in ms. */
  readonly looked: number;
  readonly list: Listing;
  readonly selection: Selection;
  readonly log: LogSlice;
  readonly submit: SubmitSlice;
  /** Effects of the message that is being handled. */
  readonly pending: readonly Effect[];
  /** By the name in `ASKS`, what was asked for last. */
  readonly asked: Readonly<Record<string, object | null>>;
  /** The last answers that are kept as they came, by their ask. */
  readonly answers: ReadonlyMap<object, unknown>;
  readonly size: Size;
  readonly background: Rgb | null;
  /** Wall clock in ms as of the last flush. */
  readonly now: number;
  readonly connection: Connection;
  readonly view: WatchView;
  /** Operations outside the watch: the id argument, links of a chain, older pages. */
  readonly fetched: ReadonlyMap<string, Operation>;
  readonly selected: string | null;
  readonly pane: Pane;
  readonly question: Question | null;
  readonly request: Request | null;
  readonly page: Page | null;
  /** The line that is being typed. */
  readonly entry: { readonly kind: EntryKind; readonly line: LineEdit } | null;
  /** The row chosen among those that the typed line leaves over. */
  readonly choice: number;
  readonly notice: Notice | null;
  /** When a tick first found the notice, in ms; it goes by itself some time after that. */
  readonly noticedAt: number | null;
  /** Set once, with the exit code. */
  readonly quit: { readonly code: number; readonly message: string | null } | null;
}

export interface StateOptions {
  size: Size;
  now: number;
  socket: string;
  id?: string | null;
  flags?: Flags;
  actions?: readonly Action<State>[];
  looked?: number;
}

export function initialState({
  size,
  now,
  socket,
  id = null,
  flags = {},
  actions = [],
  looked = now,
}: StateOptions): State {
  return {
    session: { actions, socket, flags },
    hosts: HOSTS,
    operation: OPERATION,
    queues: QUEUES,
    looked,
    list: LIST,
    selection: { witnessed: false, movedAt: null, wanted: id },
    log: LOG,
    submit: SUBMIT,
    pending: [],
    asked: {},
    answers: new Map(),
    size,
    background: null,
    now,
    connection: { state: "connecting", reason: null },
    view: EMPTY_VIEW,
    fetched: new Map(),
    selected: null,
    // A person who names an operation wants to see it.
    pane: id === null ? "list" : "detail",
    question: null,
    request: null,
    page: null,
    entry: null,
    choice: 0,
    notice: null,
    noticedAt: null,
    quit: null,
  };
}

type Slice = "session" | "hosts" | "operation" | "queues" | "list" | "selection" | "log" | "submit";

/** The state with members of a slice changed. */
export const patched = <K extends Slice>(
  state: State,
  slice: K,
  members: Partial<State[K]>,
): State => ({
  ...state,
  [slice]: { ...state[slice], ...members },
});

/** The state with one more effect to run. */
export function emit(state: State, effect: Effect): State {
  return { ...state, pending: [...state.pending, effect] };
}

export function notify(state: State, text: string, level: Level = "info"): State {
  return { ...state, notice: { text, level } };
}

export const isLive = ({ connection }: Pick<State, "connection">): boolean =>
  connection.state === "live";

/** Whether nothing stands over the panels, no line is being typed, and nothing is asked. */
export const isFree = ({ page, entry, question }: State): boolean =>
  page === null && entry === null && question === null;

/** Finished operations in the store. */
export const finishedIn = ({ counts }: Pick<WatchView, "counts">): number =>
  counts.succeeded + counts.failed + counts.cancelled;

const queuedIn = perObject((fetched: State["fetched"]) => ({
  count: [...fetched.values()].filter(({ state }) => state === "queued").length,
}));

/** Queued operations that are not in the state. */
export const moreQueued = ({ view, fetched }: Pick<State, "view" | "fetched">): number =>
  Math.max(0, view.moreQueued - queuedIn(fetched).count);
