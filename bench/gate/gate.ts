/**
 * The gate: rows that are stable under load, each within the bound of `bounds.json`.
 *
 *     npm run bench -- --gate [name of a measure]… [--write]
 *
 * `--write` sets the bounds from what was measured. Exit code 1 where a row is over its bound.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "../harness/document.js";
import { type Bounds, boundsFrom, type GateMeasure, judge, lower } from "./bounds.js";
import calls from "./calls.js";
import code from "./code.js";
import cpu from "./cpu.js";
import growth from "./growth.js";
import memory from "./memory.js";

const MEASURES: Record<string, GateMeasure> = { code, memory, cpu, calls, growth };
const FILE = fileURLToPath(new URL("bounds.json", import.meta.url));

/** Resolves to the exit code. */
export async function gate(chosen: readonly string[], { write }: { write: boolean }): Promise<number> {
  const unknown = chosen.filter((name) => !(name in MEASURES));
  if (unknown.length > 0) {
    const names = Object.keys(MEASURES).join(", ");
    console.error(`the gate has no measure '${unknown.join(" ")}'; its measures are: ${names}`);
    return 2;
  }
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
  const bounds = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Bounds>;
  let isMet = true;
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const start = performance.now();
    let rows = await measure();
    if (write) bounds[name] = boundsFrom(rows, bounds[name] ?? {});
    const verdicts = () => judge(rows, bounds[name] ?? {}, { mustMeasure: process.env.CI === "true" });
    const isOk = () => verdicts().every(({ outcome }) => outcome !== "FAILED");
    // A row fails if it is over its bound twice.
    if (!isOk()) rows = lower(rows, await measure());
    const took = `${((performance.now() - start) / 1000).toFixed(0)} s`;
    console.log(`${name} (${took})`);
    for (const { outcome, text } of verdicts()) console.log(`  ${outcome.padEnd(7)}  ${text}`);
    isMet &&= isOk();
  }
  if (write) {
    writeFileSync(FILE, JSON.stringify(bounds));
    format(FILE);
  }
  return isMet ? 0 : 1;
}
