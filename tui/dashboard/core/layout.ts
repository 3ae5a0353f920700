/** The layout for a size of the terminal: the panels, their sizes, and the rows of the list. Pure arithmetic. */

import { isFinal } from "../../../protocol/state.js";
import { operationOf } from "./chain.js";
import type { Section } from "./listing.js";
import { moreQueued, type State } from "./model.js";
import { isSectioned, selectedRow } from "./order.js";
import { perObject } from "./per-object.js";
import { troublesOf } from "./trouble.js";

/** On a smaller terminal there is one line of explanation. */
export const SMALLEST = { columns: 40, rows: 15 };

/** From this width on the list and the operation stand side by side. */
const SIDE_FROM = 76;
/** From this width on there is a third column. */
const ASIDE_FROM = 180;
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
  readonly both: boolean;
  /** Columns between list and operation. */
  readonly gap: number;
  /** Outer sizes, borders included. */
  readonly listWidth: number;
  readonly listHeight: number;
  readonly detailWidth: number;
  readonly detailHeight: number;
  /** Of the third column, at the right; 0: there is none. */
  readonly asideWidth: number;
  /** Rows between header and command bar. */
  readonly height: number;
}

/** The share of the list beside the operation, on a screen of fewer columns than these. */
const LIST_SHARES = [
  [100, 0.34],
  [110, 0.4],
  [140, 0.43],
  [ASIDE_FROM, 0.38],
  [Number.POSITIVE_INFINITY, 0.33],
] as const;

export function panesOf(state: State): Panes {
  const { columns, rows } = state.size;
  const height = Math.max(0, rows - FRAME_ROWS + 1 - topRows(state));
  const arrangement = arrangementOf(state);
  const isSide = arrangement === "side";
  const isStacked = arrangement === "stacked";
  const between = columns >= 120 ? 2 : 1;
  const asideWidth = isSide && columns >= ASIDE_FROM ? Math.min(44, Math.floor(columns * 0.2)) : 0;
  const beside = between + (asideWidth > 0 ? asideWidth + between : 0);
  const [, share] = LIST_SHARES.find(([below]) => columns < below)!;
  const listWidth = isSide ? Math.max(27, Math.min(70, Math.round(columns * share))) : columns;
  const listHeight = isStacked ? Math.max(8, Math.floor(height * 0.34)) : height;
  return {
    tooSmall: columns < SMALLEST.columns || rows < SMALLEST.rows,
    arrangement,
    both: arrangement !== "one",
    gap: isSide ? between : 0,
    listWidth,
    listHeight,
    detailWidth: isSide ? columns - listWidth - beside : columns,
    asideWidth,
    detailHeight: isStacked ? height - listHeight : height,
    height,
  };
}

function arrangementOf({ size: { columns, rows }, log }: State): Panes["arrangement"] {
  if (log.full) return "one";
  if (columns >= SIDE_FROM) return "side";
  return rows < STACKED_FROM ? "one" : "stacked";
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
  /** A panel each, or one panel for all. */
  readonly panels: boolean;
  readonly sections: Partial<Record<Section | "all", SectionLayout>>;
  /** All rows on the screen. */
  readonly rows: readonly ListRow[];
}

/** The same for the same state: several readers ask for it in one flush. */
export const listLayout = perObject(makeLayout);

function sectionOf(state: State, id: string): Section {
  const operation = operationOf(state, id);
  if (operation === null || isFinal(operation.state)) return "finished";
  return operation.state === "running" ? "running" : "queued";
}

type Ids = Readonly<Record<Section, readonly string[]>>;
const NO_IDS: Ids = { running: [], queued: [], finished: [] };
/** A change of state that moves a row makes another order: the sections of an order stay. */
const idsBySection = perObject((order: State["list"]["order"], state: State): Ids => {
  const ids: Record<Section, string[]> = { running: [], queued: [], finished: [] };
  // Rows of an unfolded chain stay with the row of its last link.
  let section: Section = "running";
  for (const id of order) {
    const part = state.list.folds.get(id)?.part;
    if (part !== "link" && part !== "tail") section = sectionOf(state, id);
    ids[section].push(id);
  }
  return ids;
});

function makeLayout(state: State): ListLayout {
  const { listWidth, listHeight } = panesOf(state);
  const sectioned = isSectioned(state.list);
  const ids = sectioned ? idsBySection(state.list.order, state) : NO_IDS;
  const hidden = sectioned ? hiddenQueued(state, ids.queued.length) : 0;
  const panels = sectioned && listWidth >= PANELS_FROM && listHeight >= PANEL_ROWS_FROM;
  if (!panels) return onePanel(state, listHeight - BORDER, listWidth, hidden);
  const queueLines = ids.queued.length === 0 ? 0 : ids.queued.length + (hidden > 0 ? 1 : 0) + BORDER;
  const left = listHeight - BORDER;
  const most = Math.max(1, left - BORDER - 4 - Math.min(queueLines, 6));
  const running = Math.min(Math.max(1, ids.running.length), most);
  const queued = queueLines === 0 ? 0 : Math.min(queueLines, Math.max(3, left - running - BORDER - 4));
  const finished = Math.max(1, left - running - queued - BORDER);
  const sections: ListLayout["sections"] = {
    running: section(state, "running", ids.running, running, 0),
    ...(queued > 0 && {
      queued: section(state, "queued", ids.queued, queued - BORDER, hidden),
    }),
    finished: section(state, "finished", ids.finished, finished, 0),
  };
  return { panels, sections, rows: Object.values(sections).flatMap(({ rows }) => rows) };
}

function section(
  state: State,
  name: Section | "all",
  ids: readonly string[],
  height: number,
  hidden: number,
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

/** All rows in one panel; what runs takes two lines where one has no room for its bar. */
function onePanel(state: State, height: number, width: number, hidden: number): ListLayout {
  const layout = onePanelWith(state, height, width, hidden);
  if (hidden === 0 || hasQueued(state, layout)) return layout;
  // The queue is scrolled away, and the note about it with it.
  const without = onePanelWith(state, height, width, 0);
  return hasQueued(state, without) ? layout : without;
}

function hasQueued(state: State, { rows }: ListLayout): boolean {
  return rows.some(({ id }) => sectionOf(state, id) === "queued");
}

function onePanelWith(state: State, height: number, width: number, hidden: number): ListLayout {
  const two = width < 46 && height >= 12;
  const heightOf = (id: string) => (two && operationOf(state, id)?.state === "running" ? 2 : 1);
  const all = section(state, "all", state.list.order, height, hidden, heightOf);
  return { panels: false, sections: { all, finished: { ...all, section: "finished" } }, rows: all.rows };
}

/** Queued operations that have no row: those of a folded queue, and those that are not in the state. */
function hiddenQueued(state: State, rows: number): number {
  const { wholeQueue, text } = state.list;
  if (text !== "") return 0;
  return wholeQueue ? moreQueued(state) : Math.max(0, state.view.counts.queued - rows);
}

/** The first row to show so that the selected one is on the screen and no row is wasted. */
export function scrollTop(top: number, selected: number, count: number, height: number): number {
  const highest = Math.max(0, count - height);
  if (selected < 0) return Math.min(top, highest);
  return Math.min(highest, Math.max(Math.min(top, selected), selected - height + 1));
}
