/** Formats rows as a table, for a terminal and for docs/performance.md. */
import { type AbsentRow, isMet, type Row } from "./rows.js";

export const COLUMNS = ["what", "liveops", "beside", "ratio", "spread", "goal", "met", "notes"] as const;

/** One line of the table, one text per column. */
export function cells(of: Row | AbsentRow): string[] {
  if ("absent" in of) return [of.name, "–", "–", "–", "–", "–", "not measured", of.absent];
  const { name, unit, ours, reference, ratio, spread, goal, notes } = of;
  return [
    name,
    `${figure(ours)} ${unit}`,
    reference === null ? "–" : `${reference.what}: ${figure(reference.value)} ${unit}`,
    ratio === null ? "–" : figure(ratio),
    spread === null ? "–" : `${figure(spread[0])} to ${figure(spread[1])}`,
    goal ?? "–",
    { true: "yes", false: "NO", null: "–" }[`${isMet(of)}`],
    notes,
  ];
}

export function textTable(rows: ReadonlyArray<Row | AbsentRow>): string {
  const lines = [COLUMNS.slice(), ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const padded = (line: string[]) => line.map((text, column) => text.padEnd(widths[column]!)).join("  ");
  return lines.map((line) => padded(line).trimEnd()).join("\n");
}

export function markdownLine(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Three significant digits. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3).replace(/\.0+$/, "");
}
