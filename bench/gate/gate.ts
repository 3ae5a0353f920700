/**
 * The gate: figures that a busy machine does not change much, each within its bound of `bounds.json`. A row that is over
 * its bound is measured once more, and the lower figure counts: a busy machine only adds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "../harness/page.js";
import type { AbsentRow, Row } from "../harness/rows.js";

const FILE = fileURLToPath(new URL("bounds.json", import.meta.url));

interface Bound {
  /** The value when the bound was set. */
  was: number;
  /** Share of it by which noise may raise it. */
  room: number;
}

/** By the name of the row. */
export type Bounds = Record<string, Bound>;

type Rows = ReadonlyArray<Row | AbsentRow>;

/** Room of a row that has no bound yet. */
const ROOM = 0.2;

export async function gate(
  names: readonly string[],
  measure: (name: string) => Promise<Rows>,
  { write }: { write: boolean },
): Promise<boolean> {
  const bounds = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Bounds>;
  const mustMeasure = process.env.CI === "true";
  let isMet = true;
  for (const name of names) {
    const start = performance.now();
    let rows = await measure(name);
    if (write) bounds[name] = boundsFrom(rows, bounds[name] ?? {});
    const verdicts = () => judge(rows, bounds[name] ?? {}, { mustMeasure });
    const isOk = () => verdicts().every((text) => !text.startsWith("FAILED"));
    if (!isOk()) rows = lower(rows, await measure(name));
    console.log(`${name} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
    for (const text of verdicts()) console.log(`  ${text}`);
    isMet &&= isOk();
  }
  if (write) {
    writeFileSync(FILE, JSON.stringify(bounds));
    format(FILE);
  }
  return isMet;
}

/** One text for each row. @param mustMeasure - a row that could not be measured fails */
export function judge(
  rows: Rows,
  bounds: Readonly<Bounds>,
  { mustMeasure }: { mustMeasure: boolean },
): string[] {
  const isPartial = rows.some((row) => "absent" in row);
  const measured = new Set(rows.map(({ name }) => name));
  const missing = isPartial ? [] : Object.keys(bounds).filter((name) => !measured.has(name));
  return [
    ...rows.map((row) => {
      if ("absent" in row) return `${mustMeasure ? "FAILED" : "skipped"}  ${row.name}: ${row.absent}`;
      const value = figureOf(row);
      const bound = bounds[row.name];
      if (bound === undefined) return `FAILED   ${row.name}: ${value}, no bound`;
      const limit = round(bound.was * (1 + bound.room));
      const text = `${row.name}: ${value}, bound ${limit} (was ${bound.was})`;
      if (value <= limit) return `ok       ${text}`;
      return `FAILED   ${text}${row.detail ? `; ${row.detail}` : ""}`;
    }),
    ...missing.map((name) => `FAILED   ${name}: no measure has this row`),
  ];
}

export function lower(rows: Rows, again: Rows): Rows {
  return rows.map((row) => {
    const other = again.find(({ name }) => name === row.name);
    if (other === undefined || "absent" in row || "absent" in other) return row;
    return figureOf(other) < figureOf(row) ? other : row;
  });
}

/** A row keeps its room. What could not be measured keeps its bound. */
export function boundsFrom(rows: Rows, before: Readonly<Bounds>): Bounds {
  const measured = rows.flatMap((row) => {
    if ("absent" in row) return [];
    return [[row.name, { was: figureOf(row), room: before[row.name]?.room ?? ROOM }] as const];
  });
  const isPartial = rows.some((row) => "absent" in row);
  return { ...(isPartial && before), ...Object.fromEntries(measured) };
}

const figureOf = (row: Row): number => round(row.ratio ?? row.ours);

/** Three significant digits, or all before the point. */
const round = (value: number) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
