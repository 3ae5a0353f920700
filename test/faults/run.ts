/**
 * `npm run faults`: runs the complete fault suite and long runs of the laws in other folders, then
 * prints a table of the injected faults and their results.
 *
 * Exits 1 where a test failed or anything was lost or duplicated. Words after `--` go to vitest (a
 * file, `-t name`); the name of a folder of test/faults, such as `fleet`, runs the tests of this
 * folder.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LAWS } from "../harness/projects.js";
import type { FaultCount } from "./tally.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "liveops-faults-"));
const tally = join(dir, "tally.ndjson");
writeFileSync(tally, "");
const seed = process.env.LIVEOPS_FAULTS_SEED ?? String(Math.floor(Math.random() * 2 ** 31));

process.stdout.write(`seed ${seed}\n`);

try {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const paths =
    process.argv.length > 2 ? process.argv.slice(2).map(folder) : ["test/faults", ...LAWS];
  const ended = spawnSync(
    process.execPath,
    [vitest, "run", "--config", "test/vitest.config.ts", ...paths],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        LIVEOPS_FAULTS: "full",
        LIVEOPS_FAULTS_SEED: seed,
        LIVEOPS_FAULTS_TALLY: tally,
      },
    },
  );
  const counts = readFileSync(tally, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FaultCount);
  process.stdout.write(`\n${table(summed(counts))}\n`);
  const bad = counts.some(({ lost, duplicated }) => lost > 0 || duplicated > 0);
  process.exitCode = ended.status === 0 && !bad ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function folder(word: string): string {
  const path = join("test/faults", word, "/");
  return /^[a-z-]+$/.test(word) && existsSync(join(root, path)) ? path : word;
}

/** One row for each fault, however many tests or rounds injected it. */
function summed(counts: FaultCount[]): FaultCount[] {
  const rows = new Map<string, FaultCount>();
  for (const count of counts) {
    const row = rows.get(count.fault);
    if (!row) rows.set(count.fault, { ...count });
    else
      for (const key of ["injected", "survived", "lost", "duplicated"] as const)
        row[key] += count[key];
  }
  return [...rows.values()];
}

function table(counts: FaultCount[]): string {
  const total = (key: "injected" | "survived" | "lost" | "duplicated") =>
    counts.reduce((sum, count) => sum + count[key], 0);
  const rows = [
    ["fault", "injected", "survived", "lost", "duplicated"],
    ...counts.map((count) => [
      count.fault,
      ...[count.injected, count.survived, count.lost, count.duplicated].map(String),
    ]),
    [
      "all",
      ...(["injected", "survived", "lost", "duplicated"] as const).map((key) => String(total(key))),
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      )
      .join("  ");
  return rows.map(line).join("\n");
}
