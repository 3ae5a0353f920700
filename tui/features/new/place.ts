/**
 * What the files of `liveops new` depend on in their directory. No file names a path of this
 * machine.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceEnding } from "./template.js";

/** Whether the compiler finds the types of Node from here. */
export function hasNodeTypes(): boolean {
  return modulesAbove("@types/node") !== null;
}

/**
 * `.mts` where a package makes `.ts` CommonJS, as that of `npm init` does: Node runs no `import`
 * there.
 */
export function sourceEnding(): SourceEnding {
  const place = above("package.json");
  if (place === null) return ".ts";
  try {
    const { type } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    return type === "commonjs" ? ".mts" : ".ts";
  } catch {
    return ".ts";
  }
}

/** A JSON Schema as files of the directory name it. */
interface SchemaFile {
  path: string;
  /** Its text, for a file beside them; null: it is in the project's install of liveops. */
  text: string | null;
}

export function pipelineSchema(): SchemaFile {
  const file = "pipeline.schema.json";
  const modules = modulesAbove("liveops");
  if (modules !== null) return { path: pathFrom(join(modules, "liveops/docs", file)), text: null };
  const ours = fileURLToPath(new URL(`../docs/${file}`, import.meta.url));
  return { path: `./${file}`, text: readFileSync(ours, "utf8") };
}

/**
 * A shipped operation is in the file of the same name, or in that of the operation that it follows
 * in a chain.
 */
export function isShippedType(op: string): boolean {
  if (op === "verify-backup") return true;
  const path = fileURLToPath(new URL("./ops", import.meta.url));
  return existsSync(path) && readdirSync(path).includes(`${op}.js`);
}

/** The nearest `node_modules` with this package, from here upwards. */
function modulesAbove(name: string): string | null {
  const place = above(join("node_modules", name));
  return place === null ? null : join(place, "node_modules");
}

/** The nearest directory with this file, from here upwards. */
function above(file: string): string | null {
  for (let dir = process.cwd(); ; dir = dirname(dir)) {
    if (existsSync(join(dir, file))) return dir;
    if (dir === dirname(dir)) return null;
  }
}

/** A relative path as an editor takes it: with a dot at its start. */
function pathFrom(to: string): string {
  const path = relative(process.cwd(), to);
  return path.startsWith(".") ? path : `./${path}`;
}
