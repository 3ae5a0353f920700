/**
 * The layout for a size of the terminal: the panels, their sizes, and the rows of the list. Pure
 * arithmetic.
 */
import { isAsked, type Waiting } from "../../../describe/waits.js";
import { operationOf } from "../chain.js";
import type { Section } from "../list/listing.js";
import { selectedRow } from "../list/order.js";
import { isSelected, waitingOf } from "../list/waiting.js";
import { moreQueued, type State } from "../model.js";
import { perObject } from "../per-object.js";
import { sectionOf } from "../state-style.js";
import { troublesOf } from "../trouble/trouble.js";

/** On a smaller terminal there is one line of explanation. */
export const SMALLEST = { columns: 40, rows: 15 };

/** From this width on the list and the operation stand side by side. */
const SIDE_FROM = 76;
/** The size of a list from which its sections have a panel each. */
const PANELS_FROM = { columns: 36, rows: 22 };

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
const topRows = (state: State): number => 1 + troubleRows(state) + filterRows(state);

export interface Panes {
  readonly tooSmall: boolean;
  /** `one`: the list or the operation, whichever has the keys. */
  readonly arrangement: "side" | "one";
  /** Columns between list and operation. */
  readonly gap: number;
  /** Outer widths, borders included. */
  readonly listWidth: number;
  readonly detailWidth: number;
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
  if (state.log.full || columns < SIDE_FROM)
    return {
      tooSmall,
      arrangement: "one",
      gap: 0,
      listWidth: columns,
      detailWidth: columns,
      height,
    };
  const gap = columns >= 120 ? 2 : 1;
  const [, share] = LIST_SHARES.find(([below]) => columns < below)!;
  const listWidth = Math.max(27, Math.round(columns * share));
  return {
    tooSmall,
    arrangement: "side",
    gap,
    listWidth,
    detailWidth: columns - listWidth - gap,
    height,
  };
}

export interface SectionLayout {
  /** `all`: one panel has all rows. */
  readonly section: Section | "all";
  /** Ids of the rows that are on the screen. */
  readonly rows: readonly string[];
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
  /** From top to bottom. One panel with all rows stands in the place of the finished ones. */
  readonly sections: { running?: SectionLayout; queued?: SectionLayout; finished: SectionLayout };
  /** All rows on the screen. */
  readonly rows: readonly string[];
}

/**
 * The rows of what waits that are on the screen, with the selected one among them. The others get
 * half of the screen.
 */
function waitsShown(state: State, lines: number): readonly Waiting[] {
  const all = waitingOf(state);
  const most = Math.floor(lines / 2) - BORDER;
  const at = all.findIndex((it) => isSelected(state, it));
  const top = scrollTop(0, at, all.length, most);
  return all.slice(top, top + most);
}

/** The same for the same state: several readers ask for it in one flush. */
export const listLayout = perObject(makeLayout);

/** A change of state that moves a row makes another order: the sections of an order stay. */
const idsBySection = perObject((order: State["list"]["order"], state: State) => {
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

/**
 * What has its row in the panel of what waits, and not in the list. A filter finds it there, too.
 */
const aboveIn = perObject((state: State): ReadonlySet<string> => {
  if (state.list.text !== "") return new Set();
  // An operation whose worker is stopped runs as before.
  const isAbove = (it: Waiting) => isAsked(it) || sectionOf(it.operation!) === "finished";
  return new Set(
    waitingOf(state).flatMap((it) => (it.operation && isAbove(it) ? it.operation.id : [])),
  );
});

/** All operations with a row, in the order of the screen. */
export function idsOnScreen(state: State): string[] {
  const above = aboveIn(state);
  return [...above, ...state.list.order.filter((id) => !above.has(id))];
}

/**
 * Lines that the finished operations have at least, and the queue with its border, where there are
 * so many.
 */
const FINISHED_LEAST = 4;
const QUEUE_LEAST = 6;

function makeLayout(state: State): ListLayout {
  const { listWidth, height } = panesOf(state);
  const waits = waitsShown(state, height);
  const lines = height - BORDER - (waits.length === 0 ? 0 : waits.length + BORDER);
  const sections = sectionsOf(state, lines, listWidth);
  return { waits, sections, rows: Object.values(sections).flatMap(({ rows }) => rows) };
}

function sectionsOf(state: State, lines: number, width: number): ListLayout["sections"] {
  const above = aboveIn(state);
  const { running: runs, queued: queue, finished: ended } = idsBySection(state.list.order, state);
  const below = (of: readonly string[]) =>
    above.size === 0 ? of : of.filter((id) => !above.has(id));
  const ids = { running: below(runs), queued: below(queue), finished: below(ended) };
  const hidden = hiddenQueued(state, ids.queued.length);
  if (width < PANELS_FROM.columns || lines + BORDER < PANELS_FROM.rows)
    return { finished: section(state, "all", below(state.list.order), lines, hidden) };
  const room = lines - BORDER - FINISHED_LEAST;
  const queueLines = ids.queued.length === 0 ? 0 : ids.queued.length + BORDER;
  const most = Math.max(1, room - Math.min(queueLines, QUEUE_LEAST));
  const running = Math.min(Math.max(1, ids.running.length), most);
  const queued = Math.min(queueLines, room - running);
  const finished = room + FINISHED_LEAST - running - queued;
  return {
    running: section(state, "running", ids.running, running, 0),
    ...(queued > 0 && { queued: section(state, "queued", ids.queued, queued - BORDER, hidden) }),
    finished: section(state, "finished", ids.finished, finished, 0),
  };
}

function section(
  state: State,
  name: Section | "all",
  ids: readonly string[],
  height: number,
  hidden: number,
): SectionLayout {
  const at = ids.indexOf(state.list.order[selectedRow(state)] ?? "");
  const top = scrollTop(
    state.list.tops[name === "all" ? "finished" : name],
    at,
    ids.length,
    height,
  );
  return {
    section: name,
    rows: ids.slice(top, top + height),
    top,
    height,
    total: ids.length,
    hidden,
  };
}

/**
 * Queued operations that have no row: those of a folded queue, and those that are not in the state.
 */
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
