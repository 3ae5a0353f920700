/** Formats rows as a table, for a terminal and for docs/performance.md. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AbsentRow, type Row, type Rows, verdictOf } from "./rows.js";

const PAGE = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
const [BEGIN, END] = ["<!-- from here: npm run bench -- --write -->", "<!-- to here -->"];
const COLUMNS = ["what", "liveops", "beside", "ratio", "goal", "met"];
/** In the place of a reason that nobody wrote yet. */
export const UNEXPLAINED = "no reason yet";

/** One line of the table, one text per column. */
function cells(row: Row | AbsentRow): string[] {
  const name = `${row.measure}: ${row.name}`;
  if ("absent" in row) return [name, row.absent, "", "", "", verdictOf(row)];
  const { unit, ours, beside, ratio, spread, goal } = row;
  const quartiles = spread === null ? "" : ` (${figure(spread[0])}–${figure(spread[1])})`;
  const isOfRatio = ratio !== null && (goal === null || goal.endsWith("×"));
  return [
    name,
    `${figure(ours)} ${unit}${isOfRatio ? "" : quartiles}`,
    beside === null ? "" : `${beside.what}: ${figure(beside.value)}`,
    ratio === null ? "" : `${figure(ratio)}${isOfRatio ? quartiles : ""}`,
    goal ?? "",
    verdictOf(row),
  ];
}

export function textTable(rows: Rows): string {
  const lines = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const padded = (line: string[]) =>
    line.map((text, column) => text.padEnd(widths[column]!)).join("  ");
  return lines.map((line) => padded(line).trimEnd()).join("\n");
}

/**
 * Writes the tables between the two marks of the page. What is missed comes first, each row with
 * the reason that a person wrote into the page before.
 */
export function writePage(rows: Rows, conditions: string, page = PAGE): void {
  const text = readFileSync(page, "utf8");
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start === -1 || end === -1)
    throw new Error(`${page} lacks a mark; it needs both ${BEGIN} and ${END}`);
  const reasons = new Map<string, string>();
  for (const line of text.slice(start, end).split("\n")) {
    const fields = line
      .split("|")
      .slice(1, -1)
      .map((field) => field.trim());
    if (fields.length > COLUMNS.length) reasons.set(keyOf(fields), fields.at(-1)!);
  }
  const lines = rows.map(cells);
  const isMissed = (line: string[]) => !["yes", "–"].includes(line.at(-1)!);
  const missed = lines
    .filter(isMissed)
    .map((line) => [...line, reasons.get(keyOf(line)) ?? UNEXPLAINED]);
  const others = lines.filter((line) => !isMissed(line)).map((line) => line.slice(0, -1));
  const parts = [
    `${text.slice(0, start)}${BEGIN}`,
    conditions,
    "### Missed",
    table([...COLUMNS, "why"], missed),
    "### Met, or without a goal",
    table(COLUMNS.slice(0, -1), others),
    text.slice(end),
  ];
  writeFileSync(page, parts.join("\n\n"));
  if (page === PAGE) format(PAGE);
}

/** The page without the tables that `npm run bench -- --write` writes. */
export function withoutMeasures(text: string): string {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  return start === -1 || end === -1 ? text : text.slice(0, start) + text.slice(end);
}

/** A row keeps its reason as long as it has its name and its peer. */
const keyOf = ([name, , beside]: string[]): string => `${name} | ${beside!.split(":")[0]}`;

function table(head: readonly string[], lines: readonly string[][]): string {
  const line = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...lines.map(line)].join("\n");
}

/** Formats a file as `npm run check` requires. */
export function format(file: string): void {
  const biome = fileURLToPath(
    new URL("../../node_modules/@biomejs/biome/bin/biome", import.meta.url),
  );
  execFileSync(process.execPath, [biome, "format", "--write", file], { stdio: "ignore" });
}

/** Three significant digits. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3).replace(/\.0+$/, "");
}
