/** What an operation came to: its result as rows, and in a line. */
import type { Operation } from "../../../protocol/operation.js";
import { formatAmount, formatBytes, formatCount } from "../../terminal/format.js";
import { resultOf } from "../../text/result.js";
import { fit, sanitizeLine, widthOf, wrap } from "./cells.js";
import { Line } from "./line.js";

/** A text as it is, any other value as indented JSON; "" for one that has nothing in it. */
function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  const text = JSON.stringify(value ?? undefined, null, 2) ?? "";
  return text === "{}" || text === "[]" ? "" : text;
}

/** The lines of an untrusted text as rows. A line that fits keeps its indent. */
function textRows(text: string, width: number, most: number): string[] {
  const rows = text.split("\n", most).flatMap((line) => {
    const row = sanitizeLine(line);
    return widthOf(row) <= width ? [row] : wrap(row, width, most);
  });
  return rows.slice(0, most);
}

/**
 * The type's own text of the result, or the value. One row more than `most` shows that there are
 * more.
 */
export function resultRows(operation: Operation, width: number, most: number): Line[] {
  const { value, text } = resultOf(operation);
  const rows = textRows(text ?? valueText(value), width - 2, most + 1);
  const signed = rows.map((row, i) => new Line(width).add(i === 0 ? "= " : "  ", "good").add(row));
  if (signed.length <= most) return signed;
  return [...signed.slice(0, most - 1), new Line(width).add("  … liveops show", "muted")];
}

/** Columns of one value in a summary. */
const VALUE_MOST = 40;

/** What a success came to, in a line: `600 rows · orders`, `312 tests`; "": nothing to tell. */
export function summaryOf(operation: Operation): string {
  const { progress } = operation;
  const { text } = resultOf(operation);
  if (text !== null) return text.split("\n", 1)[0]!;
  const counts =
    progress === null || progress.unit === "%"
      ? ""
      : formatAmount(progress.total ?? progress.done, null, progress.unit);
  const told = toldBy(operation);
  if (typeof told !== "object" || told === null)
    return told === null || told === undefined ? counts : String(told);
  const all = Object.entries(told);
  // Figures tell more than names, and a long name may have no end.
  const isFigure = ([, value]: [string, unknown]) => typeof value === "number";
  const parts = [...all.filter(isFigure), ...all.filter((each) => !isFigure(each))].flatMap(
    ([name, value]) => partOf(name, value),
  );
  return parts.length === 0 ? counts : parts.join(" · ");
}

/** The result; of a program that ran, its outputs: its exit code is known by the state. */
function toldBy({ result }: Operation): unknown {
  if (
    typeof result !== "object" ||
    result === null ||
    !("exitCode" in result && "seconds" in result)
  )
    return result;
  return "outputs" in result ? result.outputs : null;
}

/** Whether the line of the summary has all of the result: a line, a value, or figures. */
export function isToldBySummary(operation: Operation): boolean {
  const { text, value } = resultOf(operation);
  if (text !== null) return !text.includes("\n");
  const told = value === operation.result ? toldBy(operation) : value;
  if (typeof told !== "object" || told === null) return true;
  const all = Object.values(told);
  const isPlain = all.every((each) => typeof each === "number" || typeof each === "string");
  return isPlain && (all.length < 2 || all.every((each) => typeof each === "number"));
}

function partOf(name: string, value: unknown): string[] {
  if (typeof value === "number")
    return [/bytes$/i.test(name) ? formatBytes(value) : `${formatCount(value)} ${name}`];
  if (typeof value === "string") return value === "" ? [] : [fit(sanitizeLine(value), VALUE_MOST)];
  if (Array.isArray(value)) return [`${formatCount(value.length)} ${name}`];
  return value === true ? [name] : [];
}
