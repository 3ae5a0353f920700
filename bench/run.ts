/**
 * Runs the measures one after another, each in its own process, and prints one table.
 *
 *     npm run bench -- [part of a measure's name]… [--quick] [--write]
 *     npm run bench -- --gate [name of a measure]… [--write]
 *
 * `--quick` takes fewer rounds, to check that the measures run; do not quote its figures. `--write`
 * writes the tables of docs/performance.md. `--gate` measures what each change must keep; `--write`
 * then sets the bounds. Exit code 1 where a goal or a bound is missed, or a measure fails.
 */
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gate } from "./gate/gate.js";
import { commit, conditions, weather } from "./harness/conditions.js";
import { textTable, writePage } from "./harness/page.js";
import { type AbsentRow, type Row, type Rows, verdictOf } from "./harness/rows.js";
import { cleanEnv } from "./harness/world.js";

/** Time limit of a measure, in ms. */
const LIMIT_MS = 300_000;

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    gate: { type: "boolean", default: false },
  },
});
const folder = flags.gate ? "gate" : "measures";
const measures = readdirSync(new URL(`${folder}/`, import.meta.url))
  .filter((file) => file.endsWith(".ts") && file !== "gate.ts")
  .map((file) => file.slice(0, -".ts".length))
  .sort();
const unknown = wanted.filter((part) => !measures.some((name) => name.includes(part)));
if (unknown.length > 0)
  refuse(`no measure matches '${unknown.join(" ")}'; they are: ${measures.join(", ")}`);
const chosen = measures.filter(
  (name) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
process.exitCode = (await (flags.gate ? gate(chosen, measure, flags) : all())) ? 0 : 1;

async function all(): Promise<boolean> {
  if (flags.write && (flags.quick || wanted.length > 0 || commit().includes("dirty")))
    refuse(
      "--write takes all measures in one run of a clean commit, without --quick; commit first",
    );
  const began = new Date().toISOString().slice(0, 10);
  const before = weather();
  const rows: Array<Row | AbsentRow> = [];
  for (const name of chosen) {
    const start = performance.now();
    process.stderr.write(`${name} … `);
    rows.push(...(await measure(name)));
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  }
  const run = conditions(began, before, weather());
  console.log(`${textTable(rows)}\n\n${run}`);
  if (flags.write) writePage(rows, run);
  return rows.every((row) => ["yes", "–"].includes(verdictOf(row)));
}

/** The rows of one measure; where the measure fails, one row more that says so. */
function measure(name: string): Promise<Rows> {
  const script = fileURLToPath(new URL(`${folder}/${name}.ts`, import.meta.url));
  const words = [script, ...(flags.quick ? ["--quick"] : [])];
  return new Promise((resolve) => {
    const child = fork(
      fileURLToPath(new URL("harness/measure-process.ts", import.meta.url)),
      words,
      {
        env: cleanEnv(),
        execArgv: ["--import", "tsx"],
      },
    );
    const rows: Array<Row | AbsentRow> = [];
    const limit = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS);
    child.on("message", (row) => {
      if (row !== null) rows.push(row as Row | AbsentRow);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(limit);
      if (code !== 0)
        rows.push({ measure: name, name: "its end", absent: `${signal ?? code}`, isFault: true });
      resolve(rows);
    });
  });
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
