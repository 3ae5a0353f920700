/** What the files of `liveops new` depend on in their directory. No file names a path of this machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceEnding } from "./template.js";

/** Whether the package `liveops` is in a `node_modules` above the directory. */
export function isInstalled(dir: string): boolean {
  return modulesAbove(dir, "liveops") !== null;
}

/** Whether the compiler finds the types of Node from the directory. */
export function hasNodeTypes(dir: string): boolean {
  return modulesAbove(dir, "@types/node") !== null;
}

/** `.mts` where a package makes `.ts` CommonJS, as that of `npm init` does: Node runs no `import` there. */
export function sourceEnding(dir: string): SourceEnding {
  const place = above(dir, "package.json");
  if (place === null) return ".ts";
  try {
    const { type } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    return type === "commonjs" ? ".mts" : ".ts";
  } catch {
    return ".ts";
  }
}

/** A JSON Schema as files of the directory name it. */
export interface SchemaFile {
  path: string;
  /** Its text, for a file beside them; null: it is in the project's install of liveops. */
  text: string | null;
}

export function pipelineSchema(dir: string): SchemaFile {
  const file = "pipeline.schema.json";
  const modules = modulesAbove(dir, "liveops");
  if (modules !== null) return { path: pathFrom(dir, join(modules, "liveops/docs", file)), text: null };
  const ours = fileURLToPath(new URL(`../docs/${file}`, import.meta.url));
  return { path: `./${file}`, text: readFileSync(ours, "utf8") };
}

/** A shipped operation is in the file of the same name. */
export function isShippedType(op: string): boolean {
  const path = fileURLToPath(new URL("./ops", import.meta.url));
  return existsSync(path) && readdirSync(path).includes(`${op}.js`);
}

/** The nearest `node_modules` with this package, from the directory upwards. */
function modulesAbove(dir: string, name: string): string | null {
  const place = above(dir, join("node_modules", name));
  return place === null ? null : join(place, "node_modules");
}

/** The nearest directory with this file, from the directory upwards. */
function above(start: string, file: string): string | null {
  for (let dir = resolve(start); ; dir = dirname(dir)) {
    if (existsSync(join(dir, file))) return dir;
    if (dir === dirname(dir)) return null;
  }
}

/** A relative path as an editor takes it: with a dot at its start. */
function pathFrom(dir: string, to: string): string {
  const path = relative(resolve(dir), to);
  return path.startsWith(".") ? path : `./${path}`;
}
