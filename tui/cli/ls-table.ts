/** The table of `ls`, pure, at most `width` columns wide. Less important columns are cut or dropped first. */
import type { Colour, Paint } from "../../protocol/command/colour.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import type { Operation } from "../../protocol/operation.js";
import { type OverallProgress, overallProgress } from "../../protocol/overall-progress.js";
import { DEFAULT_QUEUE } from "../../protocol/reduce.js";
import {
  formatAbout,
  formatAge,
  formatAmount,
  formatBytes,
  formatDuration,
  formatOverall,
} from "../terminal/format.js";
import { stageGlyph, stateColour, stateGlyph } from "../terminal/glyphs.js";
import { hostOf } from "../terminal/host-state.js";
import { formatShortTime } from "../terminal/local-time.js";
import { allowedFailures } from "../terminal/stage-note.js";
import type { Widths } from "../terminal/widths.js";

/** The stream for the table. */
export interface TableStream {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

export interface TableOptions {
  width: number;
  widths: Widths;
  paint: Paint;
  now?: number;
  /** Default: all stages count the same. */
  progress?: ((operation: Operation) => OverallProgress) | undefined;
  /** When a queued operation is expected to start, in ms since 1970; null: unknown. Default: unknown. */
  startsAt?: ((operation: Operation) => number | null) | undefined;
  /** Show the resources of each operation too. */
  wide?: boolean;
  /** Keep columns without any text. */
  allColumns?: boolean;
  /** The operations were removed. */
  removed?: boolean;
}

interface Column {
  title: string;
  cell: (operation: Operation, context: CellContext) => string;
  colour?: (operation: Operation) => Colour;
  align?: "right";
  /** Least width after a cut; a column without `atLeast` is never cut. */
  atLeast?: number;
  /** The column is left out if all its cells are empty. */
  optional?: boolean;
  /** Whether the column has its place in a list of these operations. Default: it has. */
  when?: (operations: readonly Operation[]) => boolean;
}

interface CellContext {
  now: number;
  removed: boolean;
  progress: (operation: Operation) => OverallProgress;
  startsAt: (operation: Operation) => number | null;
}

const COLUMNS: Column[] = [
  { title: "ID", cell: (it) => it.id },
  { title: "OP", cell: (it) => sanitize(it.op), atLeast: 8 },
  {
    title: "STATE",
    cell: (it, { removed }) => (removed ? "- removed" : `${stateGlyph(it.state)} ${stateWord(it)}`),
    colour: (it) => stateColour(it.state),
  },
  {
    title: "QUEUE",
    cell: ({ queue }) => (queue === DEFAULT_QUEUE ? "" : sanitize(queue)),
    atLeast: 5,
    optional: true,
  },
  {
    title: "HOST",
    cell: (it) => sanitize(hostOf(it) ?? ""),
    atLeast: 4,
    optional: true,
    when: (operations) => operations.some(({ host }) => host !== undefined),
  },
  { title: "STAGE", cell: stageCell, atLeast: 5 },
  { title: "DONE", cell: doneCell, align: "right" },
  { title: "AGE", cell: (it, { now }) => formatAge(it.createdAt, now), align: "right" },
  { title: "TITLE", cell: (it) => sanitize(it.title), atLeast: 8 },
  { title: "LABEL", cell: (it) => sanitize(it.label ?? ""), atLeast: 8, optional: true },
];

const bytes = (value: number | undefined) => (value === undefined ? "" : formatBytes(value));

/** Columns of `--wide`, before the title. */
const WIDE_COLUMNS: Column[] = [
  { title: "TOOK", cell: tookCell, align: "right" },
  {
    title: "CPU",
    cell: ({ resources }) => (resources === null ? "" : formatDuration(resources.cpuSeconds)),
    align: "right",
  },
  // The current memory of a running operation, the peak of a finished one.
  { title: "MEM", cell: (it) => bytes(it.usage?.rssBytes ?? it.resources?.maxRssBytes), align: "right" },
  { title: "READ", cell: ({ resources }) => bytes(resources?.readBytes), align: "right" },
  { title: "WRITTEN", cell: ({ resources }) => bytes(resources?.writtenBytes), align: "right" },
];

const GAP = "  ";
/** Columns in the order in which they are cut. */
const FIRST_TO_SHRINK = ["TITLE", "LABEL", "STAGE", "QUEUE", "HOST", "OP"];
/** Columns in the order in which they are dropped, where cutting is not enough. */
const FIRST_TO_GO = [
  "READ",
  "WRITTEN",
  "TITLE",
  "LABEL",
  "STAGE",
  "TOOK",
  "MEM",
  "CPU",
  "QUEUE",
  "AGE",
  "HOST",
  "DONE",
  "OP",
];

export function table(operations: Operation[], options: TableOptions): string[] {
  const layout = fittedColumns(operations, options);
  return [headerOf(layout, options), ...operations.map((operation) => rowOf(layout, operation, options))];
}

/** The columns of a table, each with its width. */
export type FittedColumns = ReadonlyArray<{ readonly column: Column; readonly width: number }>;

/** @param before a layout whose columns stay, at least as wide: for rows that are printed later */
export function fittedColumns(
  operations: Operation[],
  options: TableOptions,
  before: FittedColumns = [],
): FittedColumns {
  const context = contextOf(options);
  const all = columnsOf(options).flatMap((column) => {
    const cells = operations.map((it) => column.cell(it, context));
    const held = before.find((it) => it.column === column);
    if (column.when && !held && !column.when(operations)) return [];
    if (column.optional && !held && !options.allColumns && cells.every((text) => text === "")) return [];
    const { widths } = options;
    const least = Math.max(held?.width ?? 0, widths.columnsOf(column.title));
    return [{ column, width: cells.reduce((most, text) => Math.max(most, widths.columnsOf(text)), least) }];
  });
  return fitted(all, options.width);
}

function columnsOf({ wide }: TableOptions): Column[] {
  if (!wide) return COLUMNS;
  const title = COLUMNS.findIndex((column) => column.title === "TITLE");
  return COLUMNS.toSpliced(title, 0, ...WIDE_COLUMNS);
}

export function headerOf(layout: FittedColumns, { widths, paint }: TableOptions): string {
  return paint(
    "dim",
    joined(layout.map(({ column, width }) => widths.fit(column.title, width, column.align))),
  );
}

export function rowOf(layout: FittedColumns, operation: Operation, options: TableOptions): string {
  const context = contextOf(options);
  return joined(
    layout.map(({ column, width }) => {
      const text = options.widths.fit(column.cell(operation, context), width, column.align);
      return column.colour ? options.paint(column.colour(operation), text) : text;
    }),
  );
}

function joined(cells: string[]): string {
  return cells.join(GAP).trimEnd();
}

/**
 * What makes a new row worth printing: all cells but the age, the queue position, and the share below a tenth. As in
 * text mode, each tenth counts.
 */
export function contentOf(operation: Operation, options: TableOptions): string {
  const context = contextOf(options);
  const cells = COLUMNS.filter(({ title }) => title !== "AGE" && title !== "DONE");
  const { percent } = context.progress(operation);
  return [...cells.map((column) => column.cell(operation, context)), Math.floor(percent / 10)].join("\n");
}

function contextOf(options: TableOptions): CellContext {
  const { now = Date.now(), progress = (it) => overallProgress(it, null), removed = false } = options;
  const { startsAt = () => null } = options;
  return { now, progress, removed, startsAt };
}

function fitted(all: FittedColumns, width: number): FittedColumns {
  let kept = all;
  for (const title of [null, ...FIRST_TO_GO]) {
    kept = kept.filter((it) => it.column.title !== title);
    const layout = shrunk(kept, width);
    if (overOf(layout, width) <= 0) return layout;
  }
  return kept.slice(0, 1).map((it) => ({ ...it, width: Math.min(it.width, width) }));
}

function shrunk(layout: FittedColumns, width: number): FittedColumns {
  return FIRST_TO_SHRINK.reduce<FittedColumns>((before, title) => {
    const over = Math.max(0, overOf(before, width));
    return before.map((it) => {
      if (it.column.title !== title) return it;
      const least = Math.min(it.width, it.column.atLeast ?? it.width);
      return { ...it, width: Math.max(least, it.width - over) };
    });
  }, layout);
}

/** Columns of the terminal that the table takes too many. */
function overOf(layout: FittedColumns, width: number): number {
  return layout.reduce((sum, it) => sum + it.width + GAP.length, -GAP.length) - width;
}

/** The texts of the table that can hold any characters. */
export function textsOf(operations: Operation[]): string[] {
  return operations.flatMap(({ op, title, label, stages, untrackedStage, progress }) => [
    op,
    title,
    label ?? "",
    ...stages,
    untrackedStage ?? "",
    progress?.unit ?? "",
  ]);
}

function stageCell(operation: Operation): string {
  if (operation.untrackedStage !== null) return sanitize(operation.untrackedStage);
  const stage = operation.stages[operation.currentStage];
  if (operation.state === "succeeded") {
    const [first, ...more] = allowedFailures(operation);
    if (first === undefined) return "";
    return `${stageGlyph("allowed-failure")} ${sanitize(first)}${more.length === 0 ? "" : ` +${more.length}`}`;
  }
  if (stage === undefined) return "";
  return `[${operation.currentStage + 1}/${operation.stages.length}] ${sanitize(stage)}`;
}

/** The share of the whole operation; the queue position of a queued one; a count where no share is known. */
function doneCell(operation: Operation, context: CellContext): string {
  const { progress: progressOf, now } = context;
  const { state, progress } = operation;
  if (state === "queued") return queuedCell(operation, now, context.startsAt(operation));
  const overall = progressOf(operation);
  if (overall.known || overall.percent >= 1) return formatOverall(overall);
  if (state !== "running" || progress === null) return "";
  return formatAmount(progress.done, progress.total, progress.unit === null ? null : sanitize(progress.unit));
}

/** The position in the queue, or what the operation waits for; then its expected start where that is not now. */
function queuedCell(operation: Operation, now: number, startsAt: number | null): string {
  const { queuePosition, waitsFor, notBefore } = operation;
  const starts = startsAt === null || startsAt - now < 1000 ? "" : ` in ~${formatAbout(startsAt - now)}`;
  if (waitsFor !== null)
    return `after ${waitsFor.length === 1 ? waitsFor[0]!.slice(0, 4) : waitsFor.length}${starts}`;
  if (queuePosition !== null) return `#${queuePosition}${starts}`;
  if (notBefore !== null && Date.parse(notBefore) > now)
    return formatShortTime(new Date(notBefore), new Date(now));
  return "";
}

function tookCell(it: Operation, { now }: CellContext): string {
  if (it.startedAt === null) return "";
  const end = it.finishedAt === null ? now : Date.parse(it.finishedAt);
  return formatDuration(it.seconds ?? (end - Date.parse(it.startedAt)) / 1000);
}

function stateWord(operation: Operation): string {
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state === "queued" && operation.waitsFor) return "waiting";
  if (operation.state === "running" && operation.pause?.since) return "paused";
  if (operation.state !== "running") return operation.state;
  if (operation.stalledSince) return "stalled";
  if (operation.noRoomSince) return "disk full";
  if (operation.waitingForInput && !operation.cancelRequested) return "needs input";
  return operation.cancelRequested ? "cancelling" : "running";
}
