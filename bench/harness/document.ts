/**
 * Writes the rows of a run to docs/performance.md, between its two marks: the table, then the conditions of each run
 * in the table. Rows of other measures stay unchanged.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AbsentRow, Row } from "./rows.js";
import { COLUMNS, cells, markdownLine } from "./table.js";

const DOCUMENT = new URL("../../docs/performance.md", import.meta.url);
const [BEGIN, END] = ["<!-- from here: npm run bench -- --write -->", "<!-- to here -->"];

export interface Run {
  /** Name of the run in the table: its start time. */
  name: string;
  conditions: readonly string[];
  /** Rows by measure. */
  measures: ReadonlyMap<string, ReadonlyArray<Row | AbsentRow>>;
}

export function writeDocument({ name, conditions, measures }: Run, document: URL | string = DOCUMENT): void {
  const text = readFileSync(document, "utf8");
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start === -1 || end === -1)
    throw new Error(`docs/performance.md lacks a mark; it needs both ${BEGIN} and ${END}`);
  const before = text.slice(start, end).split("\n");

  const kept = before.filter((line) => line.startsWith("| `") && !measures.has(fieldsOf(line)[0]!));
  const fresh = [...measures].flatMap(([measure, rows]) =>
    rows.map((row) => markdownLine([`\`${measure}\``, ...cells(row), name])),
  );
  const lines = [...kept, ...fresh].sort((a, b) => fieldsOf(a)[0]!.localeCompare(fieldsOf(b)[0]!));
  const runs = before.filter(
    (line) =>
      kept.some((row) => line.startsWith(`- ${fieldsOf(row).at(-1)}: `)) && !line.startsWith(`- ${name}: `),
  );
  const columns = ["measure", ...COLUMNS, "run"];
  const table = [markdownLine(columns), markdownLine(columns.map(() => "---")), ...lines];
  const list = [...runs, `- ${name}: ${conditions.join("; ")}`];
  const parts = [`${text.slice(0, start)}${BEGIN}`, table.join("\n"), list.join("\n"), text.slice(end)];
  writeFileSync(document, parts.join("\n\n"));
  if (document === DOCUMENT) format(fileURLToPath(DOCUMENT));
}

/** Formats a file as `npm run check` requires. */
export function format(file: string): void {
  const biome = fileURLToPath(new URL("../../node_modules/@biomejs/biome/bin/biome", import.meta.url));
  execFileSync(process.execPath, [biome, "format", "--write", file], { stdio: "ignore" });
}

/** The cells of a table row; the first cell without its code marks. */
function fieldsOf(line: string): string[] {
  const fields = line.split("|").slice(1, -1);
  return fields.map((field, index) => (index === 0 ? field.trim().replaceAll("`", "") : field.trim()));
}
