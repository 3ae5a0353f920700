/** All of one operation, one part below the other, in rows that scroll. */
import { firstLine } from "../../../protocol/first-line.js";
import type { Operation } from "../../../protocol/operation.js";
import { formatDuration } from "../../terminal/format.js";
import { operationOf, type State } from "../state/model.js";
import type { Attempt, RecordPage } from "../state/pages/record.js";
import { tame, wrap } from "./cells.js";
import { elapsedOf } from "./elapsed.js";
import { Line } from "./line.js";
import { chainResults, omittedValue, textRows } from "./outcome.js";
import { type Paint, type Style, unpainted } from "./paint.js";
import { framesOf } from "./stack.js";
import { glyphOf, stateWord, styleOf } from "./state-style.js";
import { valueTable } from "./value-table.js";

/** Rows of a value that are made at most. */
const ROWS_MOST = 2000;

export function recordPage(
  state: State,
  page: RecordPage,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const rows = all(state, page, width, paint);
  const shown = rows.slice(page.top, page.top + height);
  const below = rows.length - page.top - shown.length;
  if (below > 0) shown[height - 1] = paint(` ↓ ${below + 1} more`, "dim");
  return shown;
}

export function recordHeight(state: State, page: RecordPage, width: number): number {
  return all(state, page, width, unpainted).length;
}

function all(state: State, page: RecordPage, width: number, paint: Paint): string[] {
  const operation = operationOf(state, page.id);
  if (operation === null) return ["", " It was removed."];
  const heading = (text: string, style: Style = "bold") => ["", paint(` ${text}`, style), ""];
  const table = (value: unknown) => valueTable(value, width - 4, ROWS_MOST, paint).map((row) => `   ${row}`);
  const rows = ["", title(operation, width, paint), "", ...table(details(operation, state.now))];
  const { omitted } = operation;
  const given = omitted?.params === undefined ? operation.params : omittedValue(operation, omitted.params);
  const params = Object.keys(given).length === 0 ? ["   none"] : table(given);
  rows.push(...heading("parameters"), ...params);
  if (operation.error !== null) rows.push(...heading("error", "red"), ...failure(operation, width, paint));
  const result = omitted?.result === undefined ? operation.result : omittedValue(operation, omitted.result);
  const own = (text: string | null) =>
    text === null ? [] : [...textRows(text, width - 4, ROWS_MOST).map((row) => `   ${row}`), ""];
  if (result !== null) rows.push(...heading("result"), ...own(operation.resultText), ...table(result));
  for (const { title, value, text } of chainResults(state, operation))
    rows.push(...heading(`result of ${tame(title)}`), ...own(text), ...table(value));
  rows.push(...heading("attempts"), ...attempts(page.attempts, width, paint));
  return rows;
}

function title(operation: Operation, width: number, paint: Paint): string {
  return new Line(width, paint)
    .add(` ${glyphOf(operation)} `, styleOf(operation))
    .add(tame(operation.title), "bold")
    .add(`  ${stateWord(operation)}`, styleOf(operation))
    .toString();
}

function details(operation: Operation, now: number): Record<string, string> {
  const elapsed = elapsedOf(operation, now);
  const { chain, label } = operation;
  return {
    id: operation.id,
    type: operation.op,
    ...(label !== null && { label }),
    directory: operation.cwd,
    submitted: clock(operation.createdAt),
    ...(operation.startedAt !== null && { started: clock(operation.startedAt) }),
    ...(operation.finishedAt !== null && { finished: clock(operation.finishedAt) }),
    ...(elapsed !== null && {
      [operation.finishedAt === null ? "elapsed" : "took"]: formatDuration(elapsed),
    }),
    ...((chain.previous ?? chain.next) !== null && { chain: `${chain.id}, link ${chain.index + 1}` }),
  };
}

function failure(operation: Operation, width: number, paint: Paint): string[] {
  const { code, message, stack, causes = [] } = operation.error!;
  const rows = indentedRows(message, "   ", width);
  const codeRow = new Line(width, paint).add(`   ${tame(code)}`, "dim").toString();
  rows.push(codeRow, ...frameRows(stack, "   ", width, paint));
  for (const cause of causes) {
    // A narrow screen keeps room for the text.
    const indent = " ".repeat(Math.min(3 + 2 * cause.depth, Math.floor(width / 4)));
    rows.push(...indentedRows(`caused by: ${cause.message}`, indent, width));
    rows.push(...frameRows(cause.stack, indent, width, paint));
  }
  return rows;
}

function indentedRows(text: string, indent: string, width: number): string[] {
  const room = width - indent.length - 1;
  return text.split("\n").flatMap((line) => wrap(tame(line), room, 40).map((part) => indent + part));
}

function frameRows(stack: string | null, indent: string, width: number, paint: Paint): string[] {
  return framesOf(stack).map(({ place, where, own }) => {
    const line = new Line(width, paint).add(`${indent}at `, "dim").add(place, own ? "bold" : "dim");
    return line.add(where === "" ? "" : `  ${where}`, "dim").toString();
  });
}

function attempts(read: readonly Attempt[] | null, width: number, paint: Paint): string[] {
  if (read === null) return ["   …"];
  if (read.length === 0) return ["   none yet"];
  return read.flatMap(({ number, startedAt, ended, seconds, message, kept }) => {
    const line = new Line(width, paint).add(`   ${number}  `, "bold").add(`${clock(startedAt)}  `, "dim");
    line.add(ended ?? "running", ended === "failed" || ended === "lost" ? "red" : "plain");
    if (seconds !== null) line.add(` after ${formatDuration(seconds)}`, "dim");
    if (message !== null) line.add(`  ${tame(firstLine(message))}`);
    const rows = [line.toString()];
    if (kept.length > 0)
      rows.push(...wrap(`kept ${kept.map(tame).join(", ")}`, width - 9, 3).map((text) => `      ${text}`));
    return rows;
  });
}

/** Local date and time, `2026-01-02 12:03:45`. */
function clock(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
