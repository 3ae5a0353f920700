/**
 * Runs the measures one after another, each in its own process, and prints one table.
 *
 *     npm run bench -- [part of a measure's name]… [--quick] [--write]
 *
 * `--quick` takes fewer rounds, to check that the measures run; do not quote its figures. `--write` writes the rows to
 * docs/performance.md. Exit code 1 where a goal is missed or a measure fails. `--gate` runs `gate/gate.ts` instead.
 */
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gate } from "./gate/gate.js";
import { conditions, weather } from "./harness/conditions.js";
import { writeDocument } from "./harness/document.js";
import { type AbsentRow, isMet, type MeasureOptions, type Row } from "./harness/rows.js";
import { textTable } from "./harness/table.js";
import { cleanEnv } from "./harness/world.js";

/** Time limit of a measure, in ms. */
const LIMIT_MS = 600_000;

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    gate: { type: "boolean", default: false },
  },
});

if (flags.gate) process.exit(await gate(wanted, flags));

const measures = readdirSync(new URL("measures/", import.meta.url))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))
  .sort();
const chosen =
  wanted.length === 0 ? measures : measures.filter((name) => wanted.some((part) => name.includes(part)));
if (chosen.length === 0 || wanted.some((part) => !measures.some((name) => name.includes(part)))) {
  console.error(`no measure matches '${wanted.join(" ")}'; the measures are: ${measures.join(", ")}`);
  process.exit(2);
}

if (flags.quick && flags.write) {
  console.error("--write does not accept figures of --quick; run it without --quick");
  process.exit(2);
}

const measured = new Map<string, Array<Row | AbsentRow>>();
const began = `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`;
const before = weather();
for (const name of chosen) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  measured.set(name, await measure(name, { quick: flags.quick }));
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}
const machine = conditions(before, weather());
const rows = [...measured.values()].flat();
console.log(`${textTable(rows)}\n\n${[began, ...machine].join("\n")}`);
const missed = rows.filter((row) => isMet(row) === false);
console.log(`\n${rows.length} rows, ${missed.length} not met or not measured`);
for (const row of missed) console.log(`  ${row.name}`);
if (flags.write) writeDocument({ name: began, conditions: machine, measures: measured });
process.exitCode = missed.length === 0 ? 0 : 1;

/** The rows of one measure; where the measure fails, one row that says so. */
function measure(name: string, options: MeasureOptions): Promise<Array<Row | AbsentRow>> {
  const script = fileURLToPath(new URL("harness/measure-process.ts", import.meta.url));
  return new Promise((resolve) => {
    const child = fork(script, [name, JSON.stringify(options)], {
      env: cleanEnv(),
      execArgv: ["--expose-gc", "--import", "tsx"],
    });
    let rows: Array<Row | AbsentRow> | null = null;
    const limit = setTimeout(() => child.kill("SIGTERM"), LIMIT_MS);
    child.on("message", (message) => {
      rows = message as Row[];
    });
    child.on("exit", (code, signal) => {
      clearTimeout(limit);
      resolve(rows ?? [{ name, absent: `the measure ended with ${signal ?? code}` }]);
    });
  });
}
