/** Where the files of `liveops new` find our declarations, Node's, and the JSON Schemas. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { TypesPaths } from "./new-template.js";

/** Whether the package `liveops` is in a `node_modules` above the directory. */
export function isInstalled(dir: string): boolean {
  return modulesAbove(resolve(dir), "liveops") !== null;
}

/**
 * Paths of our declarations from the directory; null where the compiler finds the package `liveops`.
 *
 * Relative, because the file may be committed: it works on each machine with the same layout.
 */
export function typesPaths(dir: string): TypesPaths | null {
  if (isInstalled(dir)) return null;
  const path = (name: string) =>
    pathFrom(dir, fileURLToPath(new URL(`./types/ops/${name}/index.d.ts`, import.meta.url)));
  return { liveops: path("sdk"), testing: path("testing") };
}

/** Path of a published JSON Schema from the directory. Relative, as `typesPaths`. */
export function schemaPath(dir: string, name: "pipeline" | "config"): string {
  const modules = modulesAbove(resolve(dir), "liveops");
  const schema = `docs/${name}.schema.json`;
  return pathFrom(
    dir,
    modules === null
      ? fileURLToPath(new URL(`../${schema}`, import.meta.url))
      : join(modules, "liveops", schema),
  );
}

/** A shipped operation is in the file of the same name. */
export function isShippedType(op: string): boolean {
  const path = fileURLToPath(new URL("./ops", import.meta.url));
  return existsSync(path) && readdirSync(path).includes(`${op}.js`);
}

/** The `typeRoots` with Node's types: empty where the compiler finds them; null where there are none. */
export function nodeTypes(dir: string): string[] | null {
  if (modulesAbove(resolve(dir), "@types/node") !== null) return [];
  const ours = modulesAbove(dirname(fileURLToPath(import.meta.url)), "@types/node");
  return ours === null ? null : [pathFrom(dir, join(ours, "@types"))];
}

/** The nearest `node_modules` with this package, from the directory upwards. */
function modulesAbove(start: string, name: string): string | null {
  for (let dir = start; ; dir = dirname(dir)) {
    const modules = join(dir, "node_modules");
    if (existsSync(join(modules, name))) return modules;
    if (dir === dirname(dir)) return null;
  }
}

/** A relative path as the compiler takes it: with a dot at its start. */
function pathFrom(dir: string, to: string): string {
  const path = relative(resolve(dir), to);
  return path.startsWith(".") ? path : `./${path}`;
}
