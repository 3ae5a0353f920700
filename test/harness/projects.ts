/**
 * Which test file belongs to which project of vitest. `test/end-to-end/` and `test/faults/` are projects by their place;
 * a smoke test is named here. Any other file is a unit test, unless the file or a test module that it imports starts a
 * process or replaces a module. Files that start processes are daemon tests. A file that replaces a module has a process
 * alone: modules of a shared process are loaded once.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const faults = (...names: string[]) => names.map((name) => `test/faults/${name}.test.ts`);

/** Tests that run the built bins, those of a feature beside its other tests. */
export const END_TO_END = ["test/end-to-end/**", "test/features/*/end-to-end/**"].map(
  (dir) => `${dir}/*.test.ts`,
);

/** The faults that `npm test` injects. */
export const SMOKE = faults(
  "daemon-killed",
  "worker-deaths",
  "disk-full",
  "damage",
  "every-call",
  "nested",
  "power",
  "storm",
);

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
  "tui/dashboard/pages-law",
  "tui/dashboard/frame",
  "features/fleet/runs/shipped-and-read",
  "seam/model",
  "protocol/pipeline/schema",
  "ops/pipeline/parse",
  "daemon/store/model",
  "daemon/scheduler/wait-laws",
].map((name) => `test/${name}.test.ts`);

/** Starts a process, also by the operation `shell`. */
const STARTS = /"node:child_process"|ops\/shell\.js"|"@lydell\/node-pty"|\bprocess\.kill\(/;

const REPLACES = /\bvi\.mock\(/;

const modules = new Map<string, { text: string; imports: string[] }>();

function read(file: string): { text: string; imports: string[] } {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, file), "utf8");
  const names = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"/g)].map(([, name]) => join(dirname(file), name!));
  // Some stand in the text of an operation.
  const imports = names
    .filter((name) => name.startsWith("test/") && existsSync(join(root, `${name}.ts`)))
    .map((name) => `${name}.ts`);
  const made = { text, imports };
  modules.set(file, made);
  return made;
}

/** Whether the file, or a test module that it imports, has the pattern. */
function has(pattern: RegExp, file: string): boolean {
  const reached = new Set([file]);
  for (const each of reached) {
    const { text, imports } = read(each);
    if (pattern.test(text)) return true;
    for (const name of imports) reached.add(name);
  }
  return false;
}

const others = globSync("test/**/*.test.{ts,tsx}", {
  cwd: root,
  exclude: [...END_TO_END, "test/faults/**"],
});

export const isolated = others.filter((file) => has(REPLACES, file));
const shared = others.filter((file) => !isolated.includes(file));
export const daemon = shared.filter((file) => has(STARTS, file));
export const unit = shared.filter((file) => !daemon.includes(file));
