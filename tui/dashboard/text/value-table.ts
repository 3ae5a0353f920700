/**
 * A JSON value as rows: names and values side by side, what is nested indented below its name, a list of records as a
 * table with a column for each key.
 */
import { isPlainObject } from "../../../protocol/objects.js";
import { formatCount } from "../../terminal/format.js";
import { fit, pad, sanitizeLine, widthOf } from "./cells.js";
import { Line } from "./line.js";
import type { Paint } from "./theme.js";

const NAME_MOST = 24;
const COLUMN_MOST = 28;
const COLUMNS_MOST = 10;
const DEEPEST = 4;
/** Records looked at to lay a table out, and shown. */
const RECORDS_MOST = 200;

/** Rows without a margin; at most `most` of them are made. */
export function valueTable(value: unknown, width: number, most: number, paint: Paint): string[] {
  const rows: string[] = [];
  addValue(rows, value, 0, { width, most, paint });
  return rows;
}

interface Room {
  readonly width: number;
  readonly most: number;
  readonly paint: Paint;
}

type Fields = [name: string, value: unknown][];

function addValue(rows: string[], value: unknown, depth: number, room: Room): void {
  if (isPlainObject(value)) addFields(rows, Object.entries(value), depth, room);
  else if (Array.isArray(value) && isTable(value)) addRecords(rows, value, depth, room);
  else if (Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null))
    addFields(
      rows,
      value.map((item, i) => [String(i + 1), item]),
      depth,
      room,
    );
  else addText(rows, "", 0, wordFor(value), depth, room);
}

function addFields(rows: string[], fields: Fields, depth: number, room: Room): void {
  const inside = room.width - 2 * depth;
  const names = fields.map(([name]) => widthOf(sanitizeLine(name)));
  const nameWidth = Math.min(NAME_MOST, Math.max(0, ...names), Math.floor(inside / 2));
  for (const [name, value] of fields) {
    if (rows.length >= room.most) return;
    const nested = isNested(value) && depth < DEEPEST;
    addText(rows, sanitizeLine(name), nameWidth, nested ? summary(value) : wordFor(value), depth, room);
    if (nested) addValue(rows, value, depth + 1, room);
  }
}

function addText(
  rows: string[],
  name: string,
  nameWidth: number,
  text: string,
  depth: number,
  room: Room,
): void {
  if (rows.length >= room.most) return;
  const line = new Line(room.width, room.paint).add(" ".repeat(2 * depth));
  if (name !== "") line.add(pad(name, nameWidth), "muted").add("  ");
  rows.push(line.add(fit(sanitizeLine(text), line.left)).toString());
}

function addRecords(rows: string[], records: Record<string, unknown>[], depth: number, room: Room): void {
  const visible = records.slice(0, RECORDS_MOST);
  const names = [...new Set(visible.flatMap((record) => Object.keys(record)))].slice(0, COLUMNS_MOST);
  const cells = visible.map((record) => names.map((name) => sanitizeLine(wordFor(record[name]))));
  const widths = names.map((name, x) =>
    Math.min(COLUMN_MOST, Math.max(widthOf(sanitizeLine(name)), ...cells.map((row) => widthOf(row[x]!)))),
  );
  const numeric = names.map((name) => visible.every((record) => typeof record[name] === "number"));
  const addRow = (texts: string[], head: boolean) => {
    if (rows.length >= room.most) return;
    const line = new Line(room.width, room.paint).add(" ".repeat(2 * depth));
    texts.forEach((text, x) => {
      const cut = fit(text, widths[x]!);
      const fill = " ".repeat(widths[x]! - widthOf(cut));
      line.add(numeric[x] ? fill + cut : cut + fill, head ? "muted" : "plain").add("  ");
    });
    rows.push(line.toString());
  };
  addRow(names.map(sanitizeLine), true);
  for (const row of cells) addRow(row, false);
  if (records.length > visible.length)
    addText(rows, "", 0, `… ${formatCount(records.length - visible.length)} more`, depth, room);
}

/** Whether the value takes rows of its own below its name. */
function isNested(value: unknown): boolean {
  if (isPlainObject(value)) return Object.keys(value).length > 0;
  return Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null);
}

/** A list of two or more records whose values are plain. */
function isTable(value: unknown[]): value is Record<string, unknown>[] {
  const plain = (record: unknown) =>
    isPlainObject(record) &&
    Object.keys(record).length > 0 &&
    !Object.values(record).some((item) => isNested(item));
  return value.length > 1 && value.every(plain);
}

function summary(value: unknown): string {
  return Array.isArray(value) ? formatCount(value.length) : "";
}

function wordFor(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length > 0 && !isNested(value)) return value.map(wordFor).join(", ");
  return JSON.stringify(value) ?? "";
}
