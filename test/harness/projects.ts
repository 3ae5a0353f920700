/**
 * Which test file belongs to which project of vitest. What only `npm run test:all` runs is named
 * here, and so are the smoke faults. Otherwise a file in `end-to-end/` runs the bins. Any other
 * file is a unit test, unless the file or a test module that it imports starts a process.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const faults = (...names: string[]) => names.map((name) => `test/faults/${name}.test.ts`);

const find = (...patterns: string[]) => globSync(patterns, { cwd: root });

/** The faults that `npm test` injects. */
const smoke = faults("daemon-killed", "worker-deaths", "disk-full");

/** The faults that `npm run test:all` injects beside them. */
const longSmoke = faults("damage", "every-call", "nested", "power", "storm");

/**
 * Installs, packages, limits that pass in real time, the examples of the documents, and journeys of
 * many starts.
 */
const long = [
  ...[
    "approvals",
    "authors",
    "broken-operations",
    "compile-cache",
    "documents",
    "errors",
    "example-pipelines",
    "found-socket",
    "install-script",
    "items",
    "log-level",
    "no-proc",
    "npm-start",
    "odd-places",
    "packed-install",
    "pipeline-input",
    "pipelines",
    "programs",
    "remote",
    "resources",
    "run-here",
    "standalone",
    "terminals",
    "untrusted-text",
    "user-operations",
    "without-features",
  ].map((name) => `test/end-to-end/${name}.test.ts`),
  ...find("test/features/{demo,install,shell}/end-to-end/*.test.ts"),
  "test/features/mcp/end-to-end/attacks.test.ts",
  "test/features/testing/documented.test.ts",
  "test/harness/test-run.test.ts",
  "test/types/types.test.ts",
];

/**
 * The engine of the fleet on PostgreSQL, and two hosts. The files in `test/seam/` run both engines.
 */
const engine = find(
  "test/features/fleet/{engine/*,store/fleet-store,runs/engine,two-hosts,create-schema}.test.ts",
);

/** The weight of the sources, which `npm run check` weighs. */
const house = ["test/house.test.ts"];

/** Faults that take all CPU time, or tests that fail where another test takes it. */
export const ALONE = faults(
  "deadlines",
  "http",
  "fleet/any-host",
  "fleet/machines",
  "fleet/stage-values",
  "fleet/starved",
);

/** The faults that take minutes in their complete form, the longest first. */
export const LONGEST = faults(
  "nested",
  "every-call",
  "power",
  "odd-objects",
  "daemon-killed",
  "storm",
  "model",
  "fleet/storm",
  "fleet/nested",
  "log-numbers",
  "cancel-races",
  "large-values",
);

/** Laws that take seconds in `npm test`. `npm run faults` tries many more cases of them. */
export const LAWS = [
  "fuzz/http",
  "fuzz/journal",
  "tui/dashboard/pages-law",
  "tui/dashboard/frame",
  "features/fleet/runs/shipped-and-read",
  "seam/model",
  "protocol/pipeline/schema",
  "ops/pipeline/parse",
  "daemon/scheduler/wait-laws",
].map((name) => `test/${name}.test.ts`);

/** Also by the operation `shell`. */
const STARTS = /"node:child_process"|ops\/shell\.js"|"@lydell\/node-pty"|\bprocess\.kill\(/;

const modules = new Map<string, { text: string; imports: string[] }>();

function read(file: string): { text: string; imports: string[] } {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, file), "utf8");
  const names = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"/g)].map(([, name]) =>
    join(dirname(file), name!),
  );
  // Some stand in the text of an operation.
  const imports = names
    .filter((name) => name.startsWith("test/") && existsSync(join(root, `${name}.ts`)))
    .map((name) => `${name}.ts`);
  const made = { text, imports };
  modules.set(file, made);
  return made;
}

/** Whether the file, or a test module that it imports, starts a process. */
function startsProcess(file: string): boolean {
  const reached = new Set([file]);
  for (const each of reached) {
    const { text, imports } = read(each);
    if (STARTS.test(text)) return true;
    for (const name of imports) reached.add(name);
  }
  return false;
}

const named = new Set([...long, ...engine, ...house]);
const others = find("test/**/*.test.{ts,tsx}").filter(
  (file) => !file.startsWith("test/faults/") && !named.has(file),
);
const bins = others.filter((file) => file.includes("/end-to-end/"));
const process = others.filter((file) => !bins.includes(file) && startsProcess(file));
const unit = others.filter((file) => !bins.includes(file) && !process.includes(file));

/** The files of each project but the other faults. */
export const PROJECTS = {
  unit,
  process,
  bins,
  smoke,
  long,
  "long-smoke": longSmoke,
  engine,
  house,
};

/** The projects that give each file a process. */
export const OWN_PROCESS = ["smoke", "long-smoke"];
