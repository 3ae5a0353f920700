/** The room of the log: its columns, its rows, and how many rows a line takes. */
import type { LogLine, Operation } from "../../../../protocol/operation.js";
import { selectedOperation } from "../../core/chain.js";
import { BORDER } from "../../core/layout/layout.js";
import type { LogRows } from "../../core/log/log-window.js";
import type { State } from "../../core/model.js";
import { perObject } from "../../core/per-object.js";
import { hardWrap, sanitizeLine, widthOf } from "../../text/cells.js";
import { coloured } from "../../text/coloured.js";
import { jsonLine } from "../../text/json-line.js";
import { detailPlan } from "../operation/detail-plan.js";

interface LogRoom extends LogRows {
  readonly width: number;
}

/** Rows that one line takes at most. */
const LINE_MOST = 40;
/** Widths from which a line has its time of day, its stage and its stream. */
const TIME_FROM = 40;
const STAGE_FROM = 60;
const STREAM_FROM = 76;
/** From which lines of steps have their name in place of the time. */
const STEP_FROM = 32;
const STAGE_MOST = 14;

export interface LogColumns {
  readonly time: number;
  readonly stage: number;
  readonly stream: number;
  /** All of them together, with a column for the mark. */
  readonly width: number;
}

/** Columns before the text of a line. */
export function logColumns(state: State): LogColumns {
  const { width } = detailPlan(state);
  const steps = stepColumn(selectedOperation(state)).width;
  const isNarrow = width < STAGE_FROM;
  if (isNarrow && width >= STEP_FROM && steps > 0)
    return { time: 0, stage: steps, stream: 0, width: steps + 1 };
  const stage = isNarrow ? 0 : Math.max(steps, stageWidth(state));
  const stream = width >= STREAM_FROM ? 6 : 0;
  const wholeTime = stage + stream > 0 ? 10 : 9;
  const time = width < TIME_FROM ? 0 : wholeTime;
  return { time, stage, stream, width: time + stage + stream + 1 };
}

/** As wide as the names of the stages, or of the operations of the chain, need. */
function stageWidth(state: State): number {
  const names =
    state.log.links.length > 1
      ? state.log.links.map(({ name }) => name)
      : (selectedOperation(state)?.stages ?? []).slice(0, 50);
  return names.length < 2 ? 0 : columnOf(names);
}

function columnOf(names: readonly string[]): number {
  return Math.min(STAGE_MOST, Math.max(...names.map((name) => widthOf(sanitizeLine(name))))) + 2;
}

/** A new record has a new list, and each line of the log asks for the names. */
const columnOfSteps = perObject((steps: NonNullable<Operation["steps"]>) => {
  const names = Object.values(steps).flatMap((list) => list.map(({ name }) => sanitizeLine(name)));
  return { names, width: names.length === 0 ? 0 : columnOf(names) };
});

/**
 * The names of the steps that the record lists, and the column that these need; 0: there are none.
 */
export function stepColumn(operation: Operation | null): {
  names: readonly string[];
  width: number;
} {
  return operation?.steps === undefined ? { names: [], width: 0 } : columnOfSteps(operation.steps);
}

export function logRoom(state: State): LogRoom {
  const { width, logHeight } = detailPlan(state);
  const height = Math.max(0, logHeight - BORDER);
  const textWidth = Math.max(1, width - logColumns(state).width);
  const rowsOf = (line: LogLine) => wrapped(shownText(line).text, textWidth, height).length;
  return { width, height, rowsOf: state.log.wrap ? rowsOf : () => 1 };
}

/** The text of a line as the program wrote it, without its colours. */
export const plainText = ({ text }: LogLine): string => coloured(text).text;

/** The text of a line as the screen shows it: a JSON object as level, message and values. */
export const shownText = perObject(({ text, stream }: LogLine) =>
  coloured((stream === "liveops" ? null : jsonLine(text)) ?? text),
);

/** A text in rows of this width; a line never takes more than the whole height. */
export function wrapped(text: string, width: number, height: number): string[] {
  if (text.length <= width && widthOf(text) <= width) return [text];
  return hardWrap(text, width, Math.max(1, Math.min(LINE_MOST, height)));
}
