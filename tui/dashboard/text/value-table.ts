/**
 * A JSON value as rows: names and values side by side, what is nested indented below its name, a list of records as a
 * table with a column for each key.
 */
import { isPlainObject } from "../../../protocol/objects.js";
import { formatCount } from "../../terminal/format.js";
import { fit, pad, sanitizeLine, widthOf, wrap } from "./cells.js";
import { Line } from "./line.js";

const NAME_MOST = 24;
const COLUMN_MOST = 28;
const COLUMNS_MOST = 10;
const DEEPEST = 4;
/** Records looked at to lay a table out, and shown. */
const RECORDS_MOST = 200;

/**
 * Rows without a margin.
 *
 * @param most rows that are made
 * @param textMost rows of one text
 */
export function valueTable(value: unknown, width: number, most: number, textMost = 1): Line[] {
  const rows: Line[] = [];
  addValue(value, 0);
  return rows;

  function addValue(it: unknown, depth: number): void {
    if (isTable(it)) addRecords(it, depth);
    else if (isPlainObject(it)) addFields(Object.entries(it), depth);
    else if (Array.isArray(it) && isNested(it))
      addFields(
        it.map((item, i) => [String(i + 1), item]),
        depth,
      );
    else addText("", 0, it, depth);
  }

  function addFields(all: [name: string, value: unknown][], depth: number): void {
    const fields = all.filter(([, it]) => it !== undefined);
    const names = fields.map(([name]) => widthOf(sanitizeLine(name)));
    const nameWidth = Math.min(NAME_MOST, Math.max(0, ...names), Math.floor((width - 2 * depth) / 2));
    for (const [name, it] of fields) {
      if (rows.length >= most) return;
      const nested = isNested(it) && depth < DEEPEST;
      addText(name, nameWidth, nested ? (Array.isArray(it) ? formatCount(it.length) : "") : it, depth);
      if (nested) addValue(it, depth + 1);
    }
  }

  function addText(name: string, nameWidth: number, it: unknown, depth: number): void {
    const begin = new Line(width).add(" ".repeat(2 * depth));
    if (name !== "") begin.add(pad(sanitizeLine(name), nameWidth), "muted").add("  ");
    const indent = width - begin.left;
    const lines = textMost === 1 ? [wordFor(it)] : wordFor(it).split("\n");
    const texts = lines.flatMap((text) => wrap(sanitizeLine(text), begin.left, textMost)).slice(0, textMost);
    for (const [i, text] of (texts.length === 0 ? [""] : texts).entries())
      if (rows.length < most) rows.push((i === 0 ? begin : new Line(width).fill(indent)).add(text));
  }

  function addRecords(records: Record<string, unknown>[], depth: number): void {
    const visible = records.slice(0, RECORDS_MOST);
    const names = [...new Set(visible.flatMap((record) => Object.keys(record)))].slice(0, COLUMNS_MOST);
    const heads = names.map(sanitizeLine);
    const cells = visible.map((record) => names.map((name) => sanitizeLine(wordFor(record[name]))));
    const numeric = names.map((name) => visible.every((record) => typeof record[name] === "number"));
    const widths = heads.map((head, x) =>
      Math.min(COLUMN_MOST, Math.max(widthOf(head), ...cells.map((row) => widthOf(row[x]!)))),
    );
    for (const [y, texts] of [heads, ...cells].entries()) {
      if (rows.length >= most) return;
      const line = new Line(width).add(" ".repeat(2 * depth));
      texts.forEach((text, x) => {
        const cut = fit(text, widths[x]!);
        const fill = " ".repeat(widths[x]! - widthOf(cut));
        line.add(numeric[x] ? fill + cut : cut + fill, y === 0 ? "muted" : "plain").add("  ");
      });
      rows.push(line);
    }
    if (records.length > visible.length && rows.length < most)
      addText("", 0, `… ${formatCount(records.length - visible.length)} more`, depth);
  }
}

/** Whether the value takes rows of its own below its name. */
function isNested(value: unknown): boolean {
  if (isPlainObject(value)) return Object.keys(value).length > 0;
  return Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null);
}

/** A list of two or more records whose values are plain. */
function isTable(value: unknown): value is Record<string, unknown>[] {
  const isRecord = (item: unknown) =>
    isNested(item) && !Array.isArray(item) && !Object.values(item!).some(isNested);
  return Array.isArray(value) && value.length > 1 && value.every(isRecord);
}

function wordFor(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length > 0 && !isNested(value)) return value.map(wordFor).join(", ");
  return JSON.stringify(value) ?? "";
}
