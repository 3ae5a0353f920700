/** What an operation ended with: its result as a table, or its error with the operation's own frame first. */
import type { Operation } from "../../../protocol/operation.js";
import { formatBytes } from "../../terminal/format.js";
import { chainOf, type State } from "../state/model.js";
import { fit, tame, widthOf, wrap } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";
import { framesOf } from "./stack.js";
import { valueTable } from "./value-table.js";

/** @param height rows it may take */
export function outcome(operation: Operation, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  if (operation.error !== null && operation.state !== "succeeded")
    return failure(operation, width, height, paint);
  if (operation.state === "succeeded" && operation.resultText !== null)
    return resultRows(textRows(operation.resultText, width - 3, height + 1), width, height, paint);
  if (operation.state === "succeeded" && operation.omitted?.result !== undefined)
    return result(omittedValue(operation, operation.omitted.result), width, height, paint);
  if (operation.state !== "succeeded" || operation.result === null) return [];
  return result(operation.result, width, height, paint);
}

/** The results of the chain's other operations, each in a row; at most `height` rows, the newest last. */
export function linkResults(
  state: State,
  operation: Operation,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const others = chainResults(state, operation);
  return others.slice(Math.max(0, others.length - Math.max(0, height))).map(({ title, value, text }) => {
    const line = new Line(width, paint).add(" = ", "dim").add(`${fit(tame(title), TITLE)}: `, "dim");
    return line.add(tame(text?.split("\n")[0] ?? inOneLine(value)), "dim").toString();
  });
}

/** Columns of the title before a result. */
const TITLE = 24;

/** Operations of a chain whose results are shown; a chain may be very long. */
const MOST_LINKS = 20;

interface LinkResult {
  title: string;
  value: unknown;
  /** The type's own text of the result; null: none. */
  text: string | null;
}

/** The results of the other known operations of the chain, in its order. */
export function chainResults(state: State, operation: Operation): LinkResult[] {
  const links = chainOf(state, operation).slice(-MOST_LINKS);
  return links.flatMap((link) => {
    const bytes = link.omitted?.result;
    if (link.id === operation.id || (bytes === undefined && link.result === null)) return [];
    const value = bytes === undefined ? link.result : omittedValue(link, bytes);
    return [{ title: link.title, value, text: link.resultText }];
  });
}

function inOneLine(value: unknown): string {
  const text = (part: unknown) => (typeof part === "string" ? part : (JSON.stringify(part) ?? ""));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${text(part)}`)
    .join(", ");
}

/** Stands for a large value that the list of operations leaves out. */
export function omittedValue({ id }: Operation, bytes: number): string {
  return `${formatBytes(bytes)}: liveops show ${id} prints it`;
}

function failure(operation: Operation, width: number, height: number, paint: Paint): string[] {
  const { code, message, stack } = operation.error!;
  const style = operation.state === "failed" ? "red" : "yellow";
  const most = Math.max(1, Math.min(4, height - 1));
  const said = message
    .split("\n", most)
    .flatMap((line) => wrap(tame(line), width - 3, most))
    .slice(0, most);
  const rows = said.map((text, i) =>
    new Line(width, paint)
      .add(i === 0 ? " ✗ " : "   ", style)
      .add(text, style)
      .toString(),
  );
  if (rows.length >= height) return rows;
  const [first] = framesOf(stack);
  const line = new Line(width, paint).add("   ");
  if (first !== undefined) line.add(`at ${first.place} `, first.own ? "plain" : "dim");
  rows.push(line.addWhole(tame(code), "dim").toString());
  return rows;
}

function result(value: unknown, width: number, height: number, paint: Paint): string[] {
  // One more than fit tells that there are more.
  return resultRows(valueTable(value, width - 3, height + 1, paint), width, height, paint);
}

/** The rows of the type's own text of the result. */
export function textRows(text: string, width: number, most: number): string[] {
  const rows = text.split("\n").flatMap((line) => {
    const row = tame(line);
    return widthOf(row) <= width ? [row] : wrap(row, width, most);
  });
  return rows.slice(0, most);
}

function resultRows(table: string[], width: number, height: number, paint: Paint): string[] {
  const rows = table.slice(0, height).map((row, i) => `${i === 0 ? paint(" = ", "green") : "   "}${row}`);
  if (table.length > height)
    rows[height - 1] = new Line(width, paint).add("   … v shows all of it", "dim").toString();
  return rows;
}
