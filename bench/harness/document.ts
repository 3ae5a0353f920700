/** Puts rows into the table of docs/performance.md, between its two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./row.js";
import { COLUMNS, cells, markdownLine } from "./table.js";

const DOCUMENT = new URL("../../docs/performance.md", import.meta.url);
const [BEGIN, END] = ["<!-- what follows is written by: npm run bench -- --write -->", "<!-- end -->"];

export function writeDocument(rows: readonly Row[], conditions: readonly string[]): void {
  const text = readFileSync(DOCUMENT, "utf8");
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start === -1 || end === -1) throw new Error(`docs/performance.md has lost a mark: ${BEGIN}, ${END}`);
  const table = [
    markdownLine([...COLUMNS]),
    markdownLine(COLUMNS.map(() => "---")),
    ...rows.map((row) => markdownLine(cells(row))),
  ];
  const list = conditions.map((condition) => `- ${condition}`);
  const parts = [`${text.slice(0, start)}${BEGIN}`, list.join("\n"), table.join("\n"), text.slice(end)];
  writeFileSync(DOCUMENT, parts.join("\n\n"));
}
