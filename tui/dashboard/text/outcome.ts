/** The outcome of an operation: its result as a table, or its error with all causes and the operation's own frame. */
import type { Operation, OperationError } from "../../../protocol/operation.js";
import { framesOf } from "../../../protocol/text/stack-frames.js";
import { formatAmount, formatBytes, formatCount } from "../../terminal/format.js";
import { oddNotes } from "../../terminal/stage-note.js";
import { resultOf } from "../../text/result.js";
import { fit, sanitizeLine, widthOf, wrap } from "./cells.js";
import { Line, paragraph } from "./line.js";
import type { Paint, Style } from "./theme.js";
import { valueTable } from "./value-table.js";

/** Odd numbers above the result. */
const ODD_MOST = 3;

/** @param height rows at most */
export function outcomeRows(operation: Operation, width: number, height: number, paint: Paint): string[] {
  if (height <= 0) return [];
  if (operation.error !== null && operation.state !== "succeeded")
    return errorRows(operation.error, operation.state === "failed" ? "bad" : "warn", width, height, paint);
  if (operation.state !== "succeeded") return [];
  const odd = oddNotes(operation)
    .slice(0, Math.min(ODD_MOST, height - 1))
    .map((text) => new Line(width, paint).addUntrusted(text, "warn").toString());
  return [...odd, ...valueRows(operation, width, height - odd.length, paint)];
}

function valueRows(operation: Operation, width: number, height: number, paint: Paint): string[] {
  const { value, text } = resultOf(operation);
  if (text !== null) return signedRows(textRows(text, width - 2, height + 1), width, height, paint);
  return value === null || value === undefined ? [] : resultRows(value, width, height, paint);
}

/** Columns of the title before a result. */
const TITLE = 24;
/** Operations of a chain whose results are shown; a chain may be very long. */
const LINKS_MOST = 20;

/** The results of the other operations of the chain, each in a row; at most `height` rows, the newest last. */
export function linkResultRows(
  links: readonly Operation[],
  operation: Operation,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const others = chainResults(links, operation);
  return others.slice(Math.max(0, others.length - Math.max(0, height))).map(({ title, value, text }) =>
    new Line(width, paint)
      .add("= ", "good")
      .add(`${fit(sanitizeLine(title), TITLE)}  `, "muted")
      .addUntrusted(text?.split("\n")[0] ?? inOneLine(value), "muted")
      .toString(),
  );
}

/** The results of the other operations of the chain, in its order. */
export function chainResults(links: readonly Operation[], operation: Operation) {
  return links.slice(-LINKS_MOST).flatMap((link) => {
    const result = resultOf(link);
    return link.id === operation.id || result.value === null ? [] : [{ title: link.title, ...result }];
  });
}

/** Columns of one value in a summary. */
const VALUE_MOST = 40;

/** What a success came to, in a line: `600 rows · orders`, `312 tests`; "": nothing to tell. */
export function summaryOf(operation: Operation): string {
  const { result, progress } = operation;
  const { text } = resultOf(operation);
  if (text !== null) return text.split("\n", 1)[0]!;
  const counts =
    progress === null || progress.unit === "%"
      ? ""
      : formatAmount(progress.total ?? progress.done, null, progress.unit);
  const told = isProgramResult(result) ? (result.outputs ?? null) : result;
  if (typeof told !== "object" || told === null)
    return told === null || told === undefined ? counts : String(told);
  const all = Object.entries(told);
  // Figures tell more than names, and a long name may have no end.
  const isFigure = ([, value]: [string, unknown]) => typeof value === "number";
  const parts = [...all.filter(isFigure), ...all.filter((each) => !isFigure(each))].flatMap(([name, value]) =>
    partOf(name, value),
  );
  return parts.length === 0 ? counts : parts.join(" · ");
}

/** The result of a program that ran: its exit code is known by the state. */
function isProgramResult(result: unknown): result is { outputs?: Record<string, string> } {
  return typeof result === "object" && result !== null && "exitCode" in result && "seconds" in result;
}

function partOf(name: string, value: unknown): string[] {
  if (typeof value === "number")
    return [isBytes(name) ? formatBytes(value) : `${formatCount(value)} ${name}`];
  if (typeof value === "string") return value === "" ? [] : [fit(sanitizeLine(value), VALUE_MOST)];
  if (Array.isArray(value)) return [`${formatCount(value.length)} ${name}`];
  return value === true ? [name] : [];
}

const isBytes = (name: string): boolean => /bytes$/i.test(name);

/** A value in one line, without the signs of JSON where it has names. */
export function inOneLine(value: unknown): string {
  const text = (part: unknown) => (typeof part === "string" ? part : (JSON.stringify(part) ?? ""));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${text(part)}`)
    .join(", ");
}

function errorRows(
  error: OperationError,
  style: Style,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const rows: string[] = [];
  const add = (sign: string, text: string, most: number, ...styles: Style[]) =>
    rows.push(...paragraph(text, { width, most, paint, sign }, style, ...styles).map(String));
  add("✗ ", error.message, Math.max(1, Math.min(4, height - 1)), "bold");
  for (const { message, depth } of error.causes ?? [])
    add(`${" ".repeat(Math.min(2 * depth, Math.floor(width / 4)))}└ `, `caused by ${message}`, 2);
  if (rows.length > height) return cut(rows, width, height, paint);
  const head = rows.slice(0, height);
  if (head.length === height) return head;
  const [frame] = framesOf(error.stack);
  if (frame !== undefined)
    head.push(new Line(width, paint).add(`  at ${frame.place}`, frame.own ? "plain" : "muted").toString());
  return head;
}

function resultRows(value: unknown, width: number, height: number, paint: Paint): string[] {
  // One more than fit shows that there are more.
  return signedRows(valueTable(value, width - 2, height + 1, paint), width, height, paint);
}

/** The rows of the type's own text of the result. */
export function textRows(text: string, width: number, most: number): string[] {
  const rows = text.split("\n").flatMap((line) => {
    const row = sanitizeLine(line);
    return widthOf(row) <= width ? [row] : wrap(row, width, most);
  });
  return rows.slice(0, most);
}

function signedRows(table: readonly string[], width: number, height: number, paint: Paint): string[] {
  const rows = table.map((row, i) => `${i === 0 ? paint("= ", "good") : "  "}${row}`);
  return rows.length > height ? cut(rows, width, height, paint) : rows;
}

/** The first rows; the last one says where the others are. */
function cut(rows: readonly string[], width: number, height: number, paint: Paint): string[] {
  const more = new Line(width, paint).add("  … v shows all", "muted").toString();
  return height < 2 ? rows.slice(0, height) : [...rows.slice(0, height - 1), more];
}
