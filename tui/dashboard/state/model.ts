/**
 * Everything the screen shows, as one immutable value. `update` makes the next one from a message; the screen is a
 * pure function of it; what the effects have to do is read off it (`logTarget`, `request`, `wanted`).
 */
import type { Operation } from "../../../protocol/operation.js";
import type { TypesReply } from "../../../protocol/replies.js";
import { EMPTY_VIEW, type WatchView } from "../../../protocol/watch.js";
import type { Flags } from "../command/liveops.js";
import type { Form } from "../form/form.js";
import type { Entry } from "./entry.js";
import type { History } from "./histories.js";
import { type Listing, NO_LISTING } from "./listing.js";
import type { Search, Seek } from "./log-seek.js";
import { type LogWindow, NO_LOG } from "./log-window.js";
import type { Fold } from "./order.js";
import type { Page } from "./page.js";
import type { Request } from "./request.js";
import type { Reached } from "./whole.js";

export interface Size {
  readonly columns: number;
  readonly rows: number;
  /** One pane, however much room there is: an operation is shown on its own. */
  readonly alone?: boolean;
}

export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | { readonly state: "connecting"; readonly reason: string | null }
  | { readonly state: "live" }
  /** `since` in ms of the wall clock. */
  | { readonly state: "away"; readonly since: number; readonly reason: string };

export type Pane = "list" | "detail";

export interface Notice {
  readonly text: string;
  readonly level: "info" | "success" | "warning" | "error";
  /** The shell's words for what was done. */
  readonly command?: string;
}

export interface State {
  readonly size: Size;
  /** Wall clock in ms as of the last flush. */
  readonly now: number;
  readonly socket: string;
  /** That the commands we show need as well. */
  readonly flags: Flags;
  readonly connection: Connection;
  readonly view: WatchView;
  /** Operations outside the watch: the id argument, links of a chain. */
  readonly fetched: ReadonlyMap<string, Operation>;
  /** When a running operation was last heard to move, by id, in ms: its last event or log line. */
  readonly heard: ReadonlyMap<string, number>;
  /** How far running operations were shown to be, by id. */
  readonly reached: ReadonlyMap<string, Reached>;
  /** How long earlier runs took, by type. */
  readonly histories: ReadonlyMap<string, History>;
  /** By type, the type that its newest succeeded operation handed over to; null: to none. */
  readonly successors: ReadonlyMap<string, string | null>;
  readonly listing: Listing;
  /** Ids as the list shows them, a row each. */
  readonly order: readonly string[];
  readonly folds: ReadonlyMap<string, Fold>;
  readonly selected: string | null;
  /** Whether it was seen before it was over: only then its hand-over is followed. */
  readonly witnessed: boolean;
  /** First row of the list on the screen. */
  readonly top: number;
  /** The id, or prefix, of the command line, until it is found. */
  readonly wanted: string | null;
  readonly pane: Pane;
  readonly followChain: boolean;
  readonly log: LogWindow;
  readonly logView: { readonly wrap: boolean; readonly numbers: boolean };
  /** What is searched for in the log. */
  readonly search: Search | null;
  /** A line of the log that the daemon is asked for, to jump to. */
  readonly seek: Seek | null;
  /** A step from stage to stage that waits for the lines to step from. */
  readonly stepWaits: 1 | -1 | null;
  /** Raised when the selected operation's log has to be streamed anew: it was retried. */
  readonly logRun: number;
  readonly confirming: Request | null;
  readonly request: Request | null;
  /** What stands over list and operation. */
  readonly page: Page | null;
  /** The line at the foot that is being typed. */
  readonly entry: Entry | null;
  /** The row chosen among those that the line that is typed leaves over. */
  readonly choice: number;
  /** What can be submitted, as far as it was asked for. */
  readonly types: TypesReply | null;
  readonly typesWanted: boolean;
  /** Forms that were left before they were submitted, by type. */
  readonly drafts: ReadonlyMap<string, Form>;
  readonly notice: Notice | null;
  /** When a tick first found it, in ms; it goes by itself some time after that. */
  readonly noticedAt: number | null;
  /** How often the terminal was asked to be given back for a while (ctrl-Z). */
  readonly suspends: number;
  /** Set once, with the exit code. */
  readonly quit: { readonly code: number; readonly message: string | null } | null;
}

export interface StateOptions {
  size: Size;
  now: number;
  socket: string;
  id?: string | null;
  flags?: Flags;
}

export function initialState({ size, now, socket, id = null, flags = {} }: StateOptions): State {
  return {
    size,
    now,
    socket,
    flags,
    connection: { state: "connecting", reason: null },
    view: EMPTY_VIEW,
    fetched: new Map(),
    heard: new Map(),
    reached: new Map(),
    histories: new Map(),
    successors: new Map(),
    listing: NO_LISTING,
    order: [],
    folds: new Map(),
    selected: null,
    witnessed: false,
    top: 0,
    wanted: id,
    // Who names an operation wants to see it.
    pane: id === null ? "list" : "detail",
    followChain: true,
    log: NO_LOG,
    logView: { wrap: false, numbers: false },
    search: null,
    seek: null,
    stepWaits: null,
    logRun: 0,
    confirming: null,
    request: null,
    page: null,
    entry: null,
    choice: 0,
    types: null,
    typesWanted: false,
    drafts: new Map(),
    notice: null,
    noticedAt: null,
    suspends: 0,
    quit: null,
  };
}

export function operationOf(state: State, id: string | null): Operation | null {
  if (id === null) return null;
  return state.view.operations.get(id) ?? state.fetched.get(id) ?? null;
}

export function selectedOperation(state: State): Operation | null {
  return operationOf(state, state.selected);
}

/** The known links of an operation's chain, first to last. */
export function chainOf(state: State, operation: Operation): Operation[] {
  const links = [operation];
  for (let link = operationOf(state, operation.chain.previous); link && links.length < 1000; ) {
    links.unshift(link);
    link = operationOf(state, link.chain.previous);
  }
  for (let link = operationOf(state, operation.chain.next); link && links.length < 1000; ) {
    links.push(link);
    link = operationOf(state, link.chain.next);
  }
  return links;
}

/** Whether a link that the chain names is not known yet. */
export function chainIncomplete(state: State, operation: Operation): boolean {
  const links = chainOf(state, operation);
  return links[0]!.chain.previous !== null || links.at(-1)!.chain.next !== null;
}
