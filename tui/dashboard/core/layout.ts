/** The layout for a size of the terminal: the panels, their sizes, and the rows of the list. Pure arithmetic. */
import type { Waiting } from "../../describe/waits.js";
import { operationOf } from "./chain.js";
import type { Section } from "./listing.js";
import { moreQueued, type State } from "./model.js";
import { isSectioned, selectedRow } from "./order.js";
import { perObject } from "./per-object.js";
import { sectionOf } from "./state-style.js";
import { troublesOf } from "./trouble.js";
import { isSelected, liveCounts, waitingOf } from "./waiting.js";

/** On a smaller terminal there is one line of explanation. */
export const SMALLEST = { columns: 40, rows: 15 };

/** From this width on the list and the operation stand side by side. */
const SIDE_FROM = 76;
/** From this height on they stand one below the other where they cannot stand side by side. */
const STACKED_FROM = 30;
/** List widths from which the sections have a panel each, and a row has all columns. */
const PANELS_FROM = 36;
const PANEL_ROWS_FROM = 22;

/** Header and command bar. */
const FRAME_ROWS = 2;
/** Border of a panel, above and below, left and right. */
export const BORDER = 2;

/** Rows of what is wrong, below the header. */
export const troubleRows = (state: State): number => (troublesOf(state).length > 0 ? 1 : 0);

/** Rows of the filter of the list, below what is wrong. */
export const filterRows = ({ list, entry }: State): number =>
  list.text !== "" || entry?.kind === "filter" ? 1 : 0;

/** Rows above the panels. */
export const topRows = (state: State): number => 1 + troubleRows(state) + filterRows(state);

export interface Panes {
  readonly tooSmall: boolean;
  /** `one`: the list or the operation, whichever has the keys. */
  readonly arrangement: "side" | "stacked" | "one";
  /** Columns between list and operation. */
  readonly gap: number;
  /** Outer sizes, borders included. */
  readonly listWidth: number;
  readonly listHeight: number;
  readonly detailWidth: number;
  readonly detailHeight: number;
  /** Rows between header and command bar. */
  readonly height: number;
}

/** The share of the list beside the operation, on a screen of fewer columns than these. */
const LIST_SHARES = [
  [100, 0.34],
  [110, 0.4],
  [140, 0.43],
  [Number.POSITIVE_INFINITY, 0.45],
] as const;

export function panesOf(state: State): Panes {
  const { columns, rows } = state.size;
  const tooSmall = columns < SMALLEST.columns || rows < SMALLEST.rows;
  const height = Math.max(0, rows - FRAME_ROWS + 1 - topRows(state));
  const whole = {
    tooSmall,
    gap: 0,
    listWidth: columns,
    listHeight: height,
    detailWidth: columns,
    detailHeight: height,
    height,
  };
  if (state.log.full || (columns < SIDE_FROM && rows < STACKED_FROM)) return { ...whole, arrangement: "one" };
  if (columns < SIDE_FROM) {
    const listHeight = Math.max(8, Math.floor(height * 0.34));
    return { ...whole, arrangement: "stacked", listHeight, detailHeight: height - listHeight };
  }
  const gap = columns >= 120 ? 2 : 1;
  const [, share] = LIST_SHARES.find(([below]) => columns < below)!;
  const listWidth = Math.max(27, Math.round(columns * share));
  return { ...whole, arrangement: "side", gap, listWidth, detailWidth: columns - listWidth - gap };
}

export interface ListRow {
  readonly id: string;
  /** Lines on the screen. */
  readonly height: number;
}

export interface SectionLayout {
  readonly section: Section | "all";
  /** Rows of the section that are on the screen. */
  readonly rows: readonly ListRow[];
  readonly top: number;
  /** Lines inside the panel. */
  readonly height: number;
  /** Rows in the section. */
  readonly total: number;
  /** Queued operations that have no row. */
  readonly hidden: number;
}

export interface ListLayout {
  /** What waits for the person, in a panel above the others; empty: there is no panel. */
  readonly waits: readonly Waiting[];
  /** A panel each, or one panel for all. */
  readonly panels: boolean;
  readonly sections: Partial<Record<Section | "all", SectionLayout>>;
  /** All rows on the screen. */
  readonly rows: readonly ListRow[];
}

/** Rows of what waits, in a list of fewer lines than these. */
const WAITS_MOST = [
  [PANEL_ROWS_FROM + 8, 2],
  [Number.POSITIVE_INFINITY, 5],
] as const;

/** The rows of what waits that are on the screen, with the selected one among them. */
function waitsShown(state: State, lines: number): readonly Waiting[] {
  const all = waitingOf(state);
  const [, most] = WAITS_MOST.find(([below]) => lines < below)!;
  const at = all.findIndex((it) => isSelected(state, it));
  const top = scrollTop(0, at, all.length, most);
  return all.slice(top, top + most);
}

/** The same for the same state: several readers ask for it in one flush. */
export const listLayout = perObject(makeLayout);

type Ids = Readonly<Record<Section, readonly string[]>>;
const NO_IDS: Ids = { running: [], queued: [], finished: [] };
/** A change of state that moves a row makes another order: the sections of an order stay. */
const idsBySection = perObject((order: State["list"]["order"], state: State): Ids => {
  const ids: Record<Section, string[]> = { running: [], queued: [], finished: [] };
  // Rows of an unfolded chain stay with the row of its last link.
  let section: Section = "running";
  for (const id of order) {
    const part = state.list.folds.get(id)?.part;
    if (part !== "link" && part !== "tail") section = sectionOf(operationOf(state, id));
    ids[section].push(id);
  }
  return ids;
});

/** Lines that the finished operations have at least, and the queue, where there are so many. */
const FINISHED_LEAST = 4;
const QUEUE_LEAST = 3;
const QUEUE_FIRST = 6;

function makeLayout(state: State): ListLayout {
  const { listWidth, listHeight } = panesOf(state);
  const waits = waitsShown(state, listHeight);
  const lines = listHeight - BORDER - (waits.length === 0 ? 0 : waits.length + BORDER);
  const sectioned = isSectioned(state.list);
  const ids = sectioned ? idsBySection(state.list.order, state) : NO_IDS;
  const hidden = sectioned ? hiddenQueued(state, ids.queued.length) : 0;
  if (!sectioned || listWidth < PANELS_FROM || lines + BORDER < PANEL_ROWS_FROM)
    return { ...onePanel(state, lines, listWidth, hidden), waits, panels: false };
  const room = lines - BORDER - FINISHED_LEAST;
  const queueLines = ids.queued.length === 0 ? 0 : ids.queued.length + (hidden > 0 ? 1 : 0) + BORDER;
  const most = Math.max(1, room - Math.min(queueLines, QUEUE_FIRST));
  const running = Math.min(Math.max(1, ids.running.length), most);
  const queued = Math.min(queueLines, Math.max(QUEUE_LEAST, room - running));
  const sections: ListLayout["sections"] = {
    running: section(state, "running", ids.running, running),
    ...(queued > 0 && { queued: section(state, "queued", ids.queued, queued - BORDER, hidden) }),
    finished: section(state, "finished", ids.finished, Math.max(1, room + FINISHED_LEAST - running - queued)),
  };
  return { waits, panels: true, sections, rows: Object.values(sections).flatMap(({ rows }) => rows) };
}

function section(
  state: State,
  name: Section | "all",
  ids: readonly string[],
  height: number,
  hidden = 0,
  heightOf: (id: string) => number = () => 1,
): SectionLayout {
  const room = Math.max(1, height - (hidden > 0 ? 1 : 0));
  const at = ids.indexOf(state.list.order[selectedRow(state)] ?? "");
  const linesOf = (rows: readonly string[]) => rows.reduce((sum, id) => sum + heightOf(id), 0);
  let top = scrollTop(state.list.tops[name === "all" ? "finished" : name], at, ids.length, room);
  while (at > top && linesOf(ids.slice(top, at + 1)) > room) top++;
  let visible = ids.slice(top, top + room);
  while (linesOf(visible) > room) visible = visible.slice(0, -1);
  const rows = visible.map((id) => ({ id, height: heightOf(id) }));
  return { section: name, rows, top, height, total: ids.length, hidden };
}

/** From this width on, what runs has its bar in its row. Else it takes two lines, where there are so many. */
const ONE_LINE_FROM = 46;
const TWO_LINES_FROM = 12;

/** All rows in one panel. */
function onePanel(state: State, height: number, width: number, hidden: number) {
  const two = width < ONE_LINE_FROM && height >= TWO_LINES_FROM;
  const heightOf = (id: string) => (two && sectionOf(operationOf(state, id)) === "running" ? 2 : 1);
  const isQueued = ({ id }: ListRow) => sectionOf(operationOf(state, id)) === "queued";
  const make = (rest: number) => section(state, "all", state.list.order, height, rest, heightOf);
  let all = make(hidden);
  // If the queue is scrolled away, the note about it is too.
  if (hidden > 0 && !all.rows.some(isQueued) && !make(0).rows.some(isQueued)) all = make(0);
  return { sections: { all, finished: { ...all, section: "finished" as const } }, rows: all.rows };
}

/** Queued operations that have no row: those of a folded queue, and those that are not in the state. */
function hiddenQueued(state: State, rows: number): number {
  const { wholeQueue, text } = state.list;
  if (text !== "") return 0;
  return wholeQueue ? moreQueued(state) : Math.max(0, liveCounts(state).queued - rows);
}

/** The first row to show so that the selected one is on the screen and no row is wasted. */
export function scrollTop(top: number, selected: number, count: number, height: number): number {
  const highest = Math.max(0, count - height);
  if (selected < 0) return Math.min(top, highest);
  return Math.min(highest, Math.max(Math.min(top, selected), selected - height + 1));
}
