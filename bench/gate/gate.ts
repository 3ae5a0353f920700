/**
 * The gate: figures that a busy machine does not change much, each within its bound of
 * `bounds.json`. Where a row is over its bound, its measure runs once more, and the lower figures
 * count: a busy machine only adds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, textTable } from "../harness/page.js";
import { type AbsentRow, type Row, type Rows, verdictOf } from "../harness/rows.js";

const FILE = fileURLToPath(new URL("bounds.json", import.meta.url));

/**
 * By the name of a row: its value when the bound was set, and the share by which noise may raise
 * it.
 */
export type Bounds = Readonly<Record<string, { was: number; room: number }>>;

export async function gate(
  names: readonly string[],
  measure: (name: string) => Promise<Rows>,
  { write }: { write: boolean },
): Promise<boolean> {
  const bounds = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Bounds>;
  const held: Array<Row | AbsentRow> = [];
  for (const name of names) {
    let rows = await measure(name);
    if (write) bounds[name] = boundsFrom(rows, bounds[name] ?? {});
    if (hold(rows, bounds[name] ?? {}).some(isFailed)) rows = lower(rows, await measure(name));
    held.push(...hold(rows, bounds[name] ?? {}));
  }
  if (write) {
    writeFileSync(FILE, JSON.stringify(bounds));
    format(FILE);
  }
  const failed = held.filter(isFailed);
  console.log(textTable(held));
  for (const row of failed)
    if ("detail" in row && row.detail) console.log(`${row.name}: ${row.detail}`);
  return failed.length === 0;
}

/** The rows with their bounds as goals. Where a measure ran to its end, each bound has a row. */
export function hold(rows: Rows, bounds: Bounds): Array<Row | AbsentRow> {
  const isWhole = rows.every((row) => !("absent" in row));
  const missing = isWhole
    ? Object.keys(bounds).filter((name) => rows.every((row) => row.name !== name))
    : [];
  return [
    ...rows.map((row): Row | AbsentRow => {
      if ("absent" in row) return row;
      const bound = bounds[row.name];
      if (bound === undefined) return { ...row, absent: "no bound", isFault: true };
      const limit = round(bound.was * (1 + bound.room));
      return { ...row, spread: null, goal: `≤ ${limit} ${row.ratio === null ? row.unit : "×"}` };
    }),
    ...missing.map((name) => ({
      measure: "",
      name,
      absent: "no measure has this row",
      isFault: true,
    })),
  ];
}

/** What cannot be measured here fails only where all must be measured. */
export function isFailed(row: Row | AbsentRow): boolean {
  if ("absent" in row) return row.isFault === true || process.env.CI === "true";
  return verdictOf(row) !== "yes";
}

export function lower(rows: Rows, again: Rows): Rows {
  return rows.map((row) => {
    const other = again.find(({ name }) => name === row.name);
    if (other === undefined || "absent" in row || "absent" in other) return row;
    return figureOf(other) < figureOf(row) ? other : row;
  });
}

/** A row keeps its room; a new one has 20 %. What could not be measured keeps its bound. */
export function boundsFrom(rows: Rows, before: Bounds): Bounds {
  const measured = rows.filter((row): row is Row => !("absent" in row));
  const bounds = measured.map((row) => [
    row.name,
    { was: round(figureOf(row)), room: before[row.name]?.room ?? 0.2 },
  ]);
  return { ...(measured.length < rows.length && before), ...Object.fromEntries(bounds) };
}

const figureOf = (row: Row): number => row.ratio ?? row.ours;

/** Three significant digits, or all before the point. */
const round = (value: number) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
