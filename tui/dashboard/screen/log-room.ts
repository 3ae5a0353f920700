/** The room that the log has on the screen, and what each of its lines takes of it. */
import type { LogLine } from "../../../protocol/operation.js";
import type { RowsOf } from "../state/log-place.js";
import { type State, selectedOperation } from "../state/model.js";
import { hardWrap, widthOf } from "./cells.js";
import { coloured } from "./coloured.js";
import { headRows } from "./head.js";
import { panesOf } from "./layout.js";
import { unpainted } from "./paint.js";

/** From this width on each line carries its time of day. */
const TIMES_FROM = 56;
const TIME = 10;
/** Rows that one line takes at most. */
export const LINE_MOST = 40;

export interface LogRoom {
  readonly width: number;
  /** Rows of lines, without the rule above them. */
  readonly height: number;
  readonly rowsOf: RowsOf;
}

/** Columns before the text of a line: its number, its time, the mark of its stream. */
export function prefixOf(state: State): { number: number; time: number; width: number } {
  if (state.page?.kind === "copy") return { number: 0, time: 0, width: 0 };
  const number = state.logView.numbers ? String(Math.max(state.log.total, 999)).length + 2 : 0;
  const time = panesOf(state).detailWidth >= TIMES_FROM + number ? TIME : 0;
  return { number, time, width: number + time + 1 };
}

export function logRoom(state: State): LogRoom {
  const copying = state.page?.kind === "copy";
  const width = copying ? state.size.columns : panesOf(state).detailWidth;
  const height = copying ? Math.max(0, state.size.rows - 1) : logHeight(state);
  const textWidth = Math.max(1, width - prefixOf(state).width);
  if (!copying && !state.logView.wrap) return { width, height, rowsOf: () => 1 };
  return { width, height, rowsOf: (line: LogLine) => wrapped(line, textWidth, height).length };
}

/** The text of a line in rows of this width; a line never takes more than the whole height. */
export function wrapped(line: LogLine, width: number, height: number): string[] {
  const { text } = coloured(line.text);
  if (text.length <= width && widthOf(text) <= width) return [text];
  return hardWrap(text, width, Math.max(1, Math.min(LINE_MOST, height)));
}

function logHeight(state: State): number {
  const operation = selectedOperation(state);
  if (operation === null) return 0;
  return Math.max(0, panesOf(state).detailHeight - headRows(state, operation, unpainted).length - 1);
}
