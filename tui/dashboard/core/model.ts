/**
 * Everything the screen shows, as one immutable value. `update` makes the next one from a message, with the effects
 * that come of it.
 */

import type { Pace } from "../../../protocol/estimate/pace.js";
import type { Promised } from "../../../protocol/estimate/promise.js";
import type { Operation } from "../../../protocol/operation.js";
import type {
  DaemonReply,
  ForecastReply,
  HistoryReply,
  HostReply,
  HostsReply,
  QueueReply,
  ScheduleReply,
  TypesReply,
} from "../../../protocol/replies.js";
import { type Counts, EMPTY_VIEW, type WatchView } from "../../../protocol/watch.js";
import type { Why } from "../../../protocol/why.js";
import type { AttemptRow } from "../../describe/course.js";
import type { HungDaemon } from "../../kit/silent-daemon.js";
import type { Form } from "../form/form.js";
import type { LineEdit } from "../text/line-edit.js";
import type { Rgb } from "../text/theme.js";
import type { Action } from "./action.js";
import type { Effect, LogLink } from "./effect.js";
import type { Lanes } from "./lane.js";
import { type Listing, NO_LISTING } from "./listing.js";
import { type LogWindow, NO_LOG } from "./log-window.js";
import { perObject } from "./per-object.js";
import type { Flags, Request } from "./request.js";
import type { Source } from "./source.js";

/** `hung`: the daemon accepts connections and does not reply. */
export type Connection =
  /** Not heard from yet; `reason` once an attempt failed. */
  | { readonly state: "connecting"; readonly reason: string | null; readonly hung?: HungDaemon | undefined }
  | { readonly state: "live" }
  /** `since` in ms of the wall clock. */
  | {
      readonly state: "away";
      readonly since: number;
      readonly reason: string;
      readonly hung?: HungDaemon | undefined;
    };

/** A host that keys name. */
export interface Host {
  /** Short, and no other host has it. */
  readonly name: string;
  readonly address: string;
  readonly connection: Connection;
  /** As told last. */
  readonly counts: Counts;
  /** Queued operations that its stream does not bring. */
  readonly moreQueued: number;
  /** Null: not told yet. */
  readonly daemon: DaemonReply | null;
  /** The machine of the daemon as `GET /v1/hosts` has it; null: not told yet. */
  readonly machine: HostReply | null;
  /** When the daemon answered last, in ms; null: never. */
  readonly heardAt: number | null;
}

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
  /** The operation that `!` shows. */
  readonly about?: string;
}

export interface History extends HistoryReply {
  /** Succeeded operations in the store at that time: with more of them the history is fetched again. */
  readonly succeeded: number;
  /** When it was fetched, in ms. */
  readonly at: number;
}

/** What finished since the local midnight, as counted last. */
export interface FinishedToday {
  /** The midnight, in ms. */
  readonly since: number;
  readonly count: number;
  readonly succeeded: number;
  /** Operations of each state in the store when they were counted. */
  readonly counts: Counts;
  /** When they were counted, in ms. */
  readonly at: number;
}

/** What the screen told of the end of a chain. */
export interface Told extends Promised {
  /** The operation of the chain that ran. */
  readonly link: string;
  /** The share of the time that was over; null: unknown. */
  readonly percent: number | null;
}

/** The highest progress that was shown in an attempt. */
export interface Reached {
  readonly attempt: number;
  readonly history: History;
  readonly percent: number;
}

/** Figures of a running operation, one a second, the newest last. */
export interface Samples {
  readonly rate: readonly number[];
  readonly cpu: readonly number[];
}

export type Section = "running" | "queued" | "finished";

/** The part of a chain that a row stands for, or is. */
export interface Fold {
  readonly chain: string;
  /** Links that are known and match the filter. */
  readonly links: number;
  /** One row for all; or a row each: the last link first, and the earlier ones below. */
  readonly part: "folded" | "head" | "link" | "tail";
}

export interface Seek {
  /** The daemon's own query words; numbers count through the chain. */
  readonly query: { after?: number; before?: number; match?: string; stage?: string };
  /** Where to look when there is none. */
  readonly orElse: Seek | null;
  /** The notice if no line matches; "": none. */
  readonly none: string;
  /** The first line of an error that was logged since then, at which the log of a failed operation opens. */
  readonly errorSince?: string;
}

/** An action of the dashboard. */
export type DashboardAction = Action<State>;

/** What stands over list and operation, one at a time; escape goes back. */
export type Page =
  | { readonly kind: "help"; readonly top: number }
  | { readonly kind: "copy"; readonly followed: boolean }
  | {
      readonly kind: "record";
      readonly id: string;
      readonly top: number;
      /** Read from the stored events; null until then. */
      readonly attempts: readonly AttemptRow[] | null;
    }
  | { readonly kind: "types" /** Enter came before the types did. */; readonly entered?: boolean }
  | { readonly kind: "form"; readonly form: Form }
  | { readonly kind: "retry"; readonly id: string; readonly at: number }
  | { readonly kind: "approval"; readonly id: string; readonly at: number }
  | { readonly kind: "needs"; readonly at: number }
  /** Queues, then schedules; `at` counts through both. */
  | { readonly kind: "queues"; readonly at: number }
  | { readonly kind: "hosts"; readonly at: number }
  | TimelinePage;

export type PageOf<K extends Page["kind"]> = Extract<Page, { kind: K }>;

export interface TimelinePage {
  readonly kind: "timeline";
  /** The operation it was opened on. */
  readonly id: string;
  /** The first known link of its chain: the timeline begins with it. */
  readonly first: string;
  /** Null: no event is read yet. */
  readonly read: TimelineRead | null;
}

export interface TimelineRead {
  readonly lanes: Lanes;
  /** Spans that are left out, because there are too many to draw. */
  readonly left: number;
}

export type EntryKind = "filter" | "search" | "types" | "field" | "palette";

/** A question before something that stops work or cannot be undone. */
export interface Question {
  readonly request: Request;
  /** Another answer: only one of the chain's operations. */
  readonly only?: Request;
}

export interface State {
  readonly actions: readonly Action<State>[];
  /** Effects of the message that is being handled. */
  readonly pending: readonly Effect[];
  /** By the name in `ASKS`, what was asked for last. */
  readonly asked: Readonly<Record<string, object | null>>;
  /** The hosts that answered then. */
  readonly askedOf: readonly string[];
  readonly size: Size;
  readonly background: Rgb | null;
  /** Wall clock in ms as of the last flush. */
  readonly now: number;
  readonly socket: string;
  readonly flags: Flags;
  /** The name of the exported file that is shown instead of a daemon; null: a daemon is. */
  readonly readOnly: string | null;
  /** Parts of that file which were changed after the export. */
  readonly changed: readonly string[];
  readonly connection: Connection;
  /** What several hosts show in place of one daemon; null: one daemon or a file is shown. */
  readonly source: Source<State> | null;
  /** The hosts that keys name; empty: keys name none. */
  readonly hosts: readonly Host[];
  /** Seconds since the last answer of the host, which the state shows. Null: the state is current. */
  readonly silentFor: number | null;
  /** Null: not known yet, or the keys name their hosts. */
  readonly daemon: DaemonReply | null;
  readonly view: WatchView;
  /** Operations outside the watch: the id argument, links of a chain, older pages. */
  readonly fetched: ReadonlyMap<string, Operation>;
  /** When a running operation last moved, by id, in ms: its last event or log line. */
  readonly heard: ReadonlyMap<string, number>;
  readonly reached: ReadonlyMap<string, Reached>;
  /** How the active stage of a running operation has moved, by id. */
  readonly paces: ReadonlyMap<string, Pace>;
  /** What the screen told of the end, by chain. */
  readonly promises: ReadonlyMap<string, Told>;
  readonly samples: ReadonlyMap<string, Samples>;
  /** Cores that all running operations use together, one a second. */
  readonly load: readonly number[];
  readonly histories: ReadonlyMap<string, History>;
  /** Of the failures that were selected, by id and attempt. */
  readonly whys: ReadonlyMap<string, Why>;
  readonly forecast: ForecastReply | null;
  /** The hosts as told last; null: not known yet. */
  readonly fleet: HostsReply | null;
  readonly queues: readonly QueueReply[];
  readonly schedules: readonly ScheduleReply[];
  /** Raised when a request changed the order or the state of queues: they are asked for again. */
  readonly queuesRun: number;
  readonly today: FinishedToday | null;
  /** Failures that nobody has looked at, newest first. */
  readonly newFailures: readonly string[];
  /** Place in the daemon's failures up to which somebody looked, and the newest place. */
  readonly failureCursor: string | null;
  /** When the person first looked at this daemon, in ms. */
  readonly began: number;
  /** Keys of what needs a person and was looked at, now or in an earlier dashboard. */
  readonly looked: ReadonlySet<string>;
  readonly marked: ReadonlySet<string>;
  readonly listing: Listing;
  /** Ids as the list shows them, a row each. */
  readonly order: readonly string[];
  readonly folds: ReadonlyMap<string, Fold>;
  /** Finished operations that the rows stand for. */
  readonly finished: number;
  /** Columns of the longest name of a queue in the list; 0: all are in the default queue. */
  readonly queueColumn: number;
  /** First row on the screen, by section. */
  readonly tops: Readonly<Record<Section, number>>;
  readonly selected: string | null;
  /** Whether it was seen before it was over: only then its hand-over is followed. */
  readonly witnessed: boolean;
  /** When a person last moved the selection, in ms; null: never. */
  readonly movedAt: number | null;
  /** The id, or prefix, of the command line, until it is found. */
  readonly wanted: string | null;
  readonly pane: Pane;
  readonly followChain: boolean;
  readonly log: LogWindow;
  /** The operations whose lines the window counts through. */
  readonly logLinks: readonly LogLink[];
  /** What each step of the last of them logged last. */
  readonly stepLines: ReadonlyMap<string, StepLine>;
  readonly logView: { readonly wrap: boolean; readonly numbers: boolean; readonly full: boolean };
  readonly search: {
    readonly text: string /** The match that one is at. */;
    readonly at: number | null;
  } | null;
  /** Numbers of the lines that match the search; null: not counted. */
  readonly matches: {
    readonly of: object;
    readonly numbers: readonly number[];
    readonly isMore: boolean;
  } | null;
  readonly seek: Seek | null;
  /** The line of the error at which the log was opened, until a person moves the log; null: it was opened at its end. */
  readonly openedAt: number | null;
  /** A step from stage to stage that waits for the lines to step from. */
  readonly stepWaits: 1 | -1 | null;
  /** Raised when the log has to be streamed again: the operation was retried. */
  readonly logRun: number;
  readonly question: Question | null;
  readonly request: Request | null;
  readonly page: Page | null;
  /** The line that is being typed. */
  readonly entry: { readonly kind: EntryKind; readonly line: LineEdit } | null;
  /** The row chosen among those that the typed line leaves over. */
  readonly choice: number;
  readonly types: TypesReply | null;
  readonly typesWanted: boolean;
  /** Forms that were left before they were submitted, by type. */
  readonly drafts: ReadonlyMap<string, Form>;
  readonly notice: Notice | null;
  /** When a tick first found the notice, in ms; it goes by itself some time after that. */
  readonly noticedAt: number | null;
  /** Set once, with the exit code. */
  readonly quit: { readonly code: number; readonly message: string | null } | null;
}

/** What a step logged last, and its status then: a status that has changed since is newer. */
interface StepLine {
  readonly text: string;
  readonly at: string;
  readonly status: string | null;
}

export interface StateOptions {
  size: Size;
  now: number;
  socket: string;
  id?: string | null;
  flags?: Flags;
  readOnly?: string | null;
  changed?: readonly string[] | undefined;
  source?: Source<State> | null;
  hosts?: readonly Host[];
  actions?: readonly Action<State>[];
  /** What an earlier dashboard remembered. */
  looks?: Pick<State, "began" | "looked">;
}

export function initialState({
  size,
  now,
  socket,
  id = null,
  flags = {},
  readOnly = null,
  changed = [],
  source = null,
  hosts = [],
  actions = [],
  looks = { began: now, looked: new Set() },
}: StateOptions): State {
  return {
    actions,
    pending: [],
    asked: {},
    askedOf: [],
    size,
    background: null,
    now,
    socket,
    flags,
    readOnly,
    changed,
    connection: { state: "connecting", reason: null },
    source,
    hosts,
    silentFor: null,
    daemon: null,
    view: EMPTY_VIEW,
    fetched: new Map(),
    heard: new Map(),
    reached: new Map(),
    paces: new Map(),
    promises: new Map(),
    samples: new Map(),
    load: [],
    histories: new Map(),
    whys: new Map(),
    forecast: null,
    queues: [],
    fleet: null,
    schedules: [],
    queuesRun: 0,
    today: null,
    newFailures: [],
    failureCursor: null,
    ...looks,
    marked: new Set(),
    listing: NO_LISTING,
    order: [],
    folds: new Map(),
    finished: 0,
    queueColumn: 0,
    tops: { running: 0, queued: 0, finished: 0 },
    selected: null,
    witnessed: false,
    movedAt: null,
    wanted: id,
    // A person who names an operation wants to see it.
    pane: id === null ? "list" : "detail",
    followChain: true,
    log: NO_LOG,
    logLinks: [],
    stepLines: new Map(),
    logView: { wrap: false, numbers: false, full: false },
    search: null,
    matches: null,
    seek: null,
    openedAt: null,
    stepWaits: null,
    logRun: 0,
    question: null,
    request: null,
    page: null,
    entry: null,
    choice: 0,
    types: null,
    typesWanted: false,
    drafts: new Map(),
    notice: null,
    noticedAt: null,
    quit: null,
  };
}

/** The state with one more effect to run. */
export function emit(state: State, effect: Effect): State {
  return { ...state, pending: [...state.pending, effect] };
}

export function notify(state: State, text: string, level: Level = "info"): State {
  return { ...state, notice: { text, level } };
}

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
