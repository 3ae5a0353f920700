/** Formats rows as a table, for a terminal and for docs/performance.md. */
import { type Goal, isMet, type MeasuredRow, type Row } from "./row.js";

export const COLUMNS = ["what", "liveops", "beside", "ratio", "spread", "goal", "met", "notes"] as const;

/** One line of the table, one text per column. */
export function cells(row: Row): string[] {
  if ("absent" in row) return [row.name, "–", "–", "–", "–", "–", "not measured", row.absent];
  const { name, unit, ours, reference, ratio, spread, goal, notes } = row;
  return [
    name,
    `${figure(ours)} ${unit}`,
    reference === null ? "–" : `${reference.what}: ${figure(reference.value)} ${unit}`,
    ratio === null ? "–" : figure(ratio),
    spread === null ? "–" : `${figure(spread[0])} to ${figure(spread[1])}`,
    goal === null ? "–" : bound(goal, row),
    { true: "yes", false: "NO", null: "–" }[`${isMet(row)}`],
    notes,
  ];
}

export function textTable(rows: readonly Row[]): string {
  const lines = [COLUMNS.slice(), ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function markdownLine(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

function bound(goal: Goal, { unit }: MeasuredRow): string {
  const [sign, limit] = "atMost" in goal ? ["≤", goal.atMost] : ["≥", goal.atLeast];
  return goal.of === "ratio" ? `${sign} ${limit} ×` : `${sign} ${limit} ${unit}`;
}

/** Three significant digits. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3).replace(/\.0+$/, "");
}
