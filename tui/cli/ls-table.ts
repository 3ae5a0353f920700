/** The table of `ls`, pure, at most `width` columns wide. Less important columns are cut or dropped first. */
import type { Colour, Paint } from "../../protocol/command/colour.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import type { Operation } from "../../protocol/operation.js";
import { formatAge, formatAmount, formatPercent } from "../terminal/format.js";
import { stateColour, stateGlyph } from "../terminal/glyphs.js";
import type { Widths } from "../terminal/widths.js";

interface Column {
  title: string;
  cell: (operation: Operation, now: number) => string;
  colour?: (operation: Operation) => Colour;
  align?: "right";
  /** Least width after a cut; a column without `atLeast` is never cut. */
  atLeast?: number;
}

const COLUMNS: Column[] = [
  { title: "ID", cell: (it) => it.id },
  { title: "OP", cell: (it) => sanitize(it.op), atLeast: 8 },
  {
    title: "STATE",
    cell: (it) => `${stateGlyph(it.state)} ${stateWord(it)}`,
    colour: (it) => stateColour(it.state),
  },
  { title: "STAGE", cell: stageCell, atLeast: 5 },
  { title: "DONE", cell: progressCell, align: "right" },
  { title: "AGE", cell: (it, now) => formatAge(it.createdAt, now), align: "right" },
  { title: "LABEL", cell: (it) => sanitize(it.label ?? ""), atLeast: 5 },
];

const GAP = "  ";
/** Columns in the order in which they are cut. */
const FIRST_TO_SHRINK = ["LABEL", "STAGE", "OP"];
/** Columns in the order in which they are dropped, where cutting is not enough. */
const FIRST_TO_GO = ["LABEL", "STAGE", "AGE", "DONE", "OP"];

export function table(
  operations: Operation[],
  options: { width: number; widths: Widths; paint: Paint; now?: number },
): string[] {
  const { widths: measures, now = Date.now() } = options;
  const cells = new Map(COLUMNS.map((column) => [column, operations.map((it) => column.cell(it, now))]));
  const widths = fitted(
    COLUMNS.map((column) => ({ column, width: widest(column, cells.get(column)!, measures) })),
    options.width,
  );
  const row = (text: (column: Column) => string, paint: (column: Column, text: string) => string) =>
    widths
      .map(({ column, width }) => paint(column, measures.fit(text(column), width, column.align)))
      .join(GAP)
      .trimEnd();
  return [
    options.paint(
      "dim",
      row(
        (column) => column.title,
        (_column, text) => text,
      ),
    ),
    ...operations.map((operation, i) =>
      row(
        (column) => cells.get(column)![i]!,
        (column, text) => (column.colour ? options.paint(column.colour(operation), text) : text),
      ),
    ),
  ];
}

interface Sized {
  column: Column;
  width: number;
}

function widest(column: Column, cells: string[], { columnsOf }: Widths): number {
  return Math.max(columnsOf(column.title), ...cells.map(columnsOf));
}

function fitted(all: Sized[], width: number): Sized[] {
  const over = (sized: Sized[]) =>
    sized.reduce((sum, it) => sum + it.width + GAP.length, -GAP.length) - width;
  let sized = all;
  for (const title of FIRST_TO_SHRINK) {
    sized = sized.map((it) => {
      if (it.column.title !== title) return it;
      const least = Math.min(it.width, it.column.atLeast ?? it.width);
      return { ...it, width: Math.max(least, it.width - Math.max(0, over(sized))) };
    });
  }
  for (const title of FIRST_TO_GO) {
    if (over(sized) > 0) sized = sized.filter((it) => it.column.title !== title);
  }
  return over(sized) > 0
    ? sized.slice(0, 1).map((it) => ({ ...it, width: Math.min(it.width, width) }))
    : sized;
}

/** The texts of the table that can hold any characters. */
export function textsOf(operations: Operation[]): string[] {
  return operations.flatMap(({ op, label, stages, untrackedStage, progress }) => [
    op,
    label ?? "",
    ...stages,
    untrackedStage ?? "",
    progress?.unit ?? "",
  ]);
}

function stageCell(operation: Operation): string {
  if (operation.untrackedStage !== null) return sanitize(operation.untrackedStage);
  const stage = operation.stages[operation.currentStage];
  if (stage === undefined || operation.state === "succeeded") return "";
  return `[${operation.currentStage + 1}/${operation.stages.length}] ${sanitize(stage)}`;
}

function progressCell({ state, queuePosition, percent, progress }: Operation): string {
  if (state === "queued") return queuePosition === null ? "" : `#${queuePosition}`;
  if (state === "running" && progress !== null && progress.total === null) {
    return formatAmount(progress.done, null, progress.unit === null ? null : sanitize(progress.unit));
  }
  return percent === 0 && progress === null && state !== "succeeded" ? "" : formatPercent(percent);
}

function stateWord(operation: Operation): string {
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state !== "running") return operation.state;
  if (operation.stalledSince) return "stalled";
  if (operation.noRoomSince) return "disk full";
  return operation.cancelRequested ? "cancelling" : "running";
}
