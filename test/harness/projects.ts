/**
 * Which test file belongs to which project of vitest. `test/end-to-end/` and `test/faults/` are projects by their place;
 * a smoke test is named here. Any other file is a unit test, unless the file or a test module that it imports touches
 * what all tests of a process share: then the file is a daemon test, with a process of its own.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const faults = (...names: string[]) => names.map((name) => `test/faults/${name}.test.ts`);

/** The faults that `npm test` injects. */
export const SMOKE = faults("daemon-killed", "worker-deaths", "disk-full", "damage", "power", "storm");

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
  "power",
  "odd-objects",
  "daemon-killed",
  "storm",
  "model",
  "fleet/storm",
  "backup",
  "log-numbers",
  "cancel-races",
  "large-values",
);

/** Starts a process, also by the operation `shell`, replaces a module, or changes the process, its environment or its globals. */
const TOUCHES =
  /"node:child_process"|ops\/shell\.js"|"@lydell\/node-pty"|\bvi\.(mock|stub|useFakeTimers|spyOn\((process|performance|globalThis))|\bprocess\.(chdir|kill|on|exit)\(|\bprocess\.env(\.\w+|\[\w+\]) = /;

const modules = new Map<string, { touches: boolean; imports: string[] }>();

function read(file: string): { touches: boolean; imports: string[] } {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, file), "utf8");
  const names = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"/g)].map(([, name]) => join(dirname(file), name!));
  const imports = names.filter((name) => name.startsWith("test/")).map((name) => `${name}.ts`);
  const made = { touches: TOUCHES.test(text), imports };
  modules.set(file, made);
  return made;
}

function isUnit(file: string): boolean {
  const reached = new Set([file]);
  for (const each of reached) {
    const { touches, imports } = read(each);
    if (touches) return false;
    for (const name of imports) reached.add(name);
  }
  return true;
}

const others = globSync("test/**/*.test.{ts,tsx}", {
  cwd: root,
  exclude: ["test/end-to-end/**", "test/faults/**"],
});

export const unit = others.filter(isUnit);
export const daemon = others.filter((file) => !unit.includes(file));
