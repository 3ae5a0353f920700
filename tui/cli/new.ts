/**
 * `liveops new`: writes a working operation and a tsconfig.json with our types, or a working pipeline. Never overwrites a
 * file.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../protocol/command/options.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import { makeDirectory } from "../../protocol/directories.js";
import { jsonLine } from "../../protocol/output/json.js";
import { shellQuote } from "../../protocol/shell-quote.js";
import { newPipelineName, pipelineSource } from "./new-pipeline.js";
import { newNames, operationSource, tsconfigSource } from "./new-template.js";
import { isPipelineArgument } from "./pipeline-argument.js";

/**
 * Path of our declarations from the directory; null where the compiler finds the package `liveops` in a `node_modules`.
 *
 * Relative, because the file may be committed: it works on each machine with the same layout.
 */
export function typesPath(dir: string): string | null {
  if (modulesAbove(resolve(dir), "liveops") !== null) return null;
  return pathFrom(dir, fileURLToPath(new URL("./types/ops/sdk/index.d.ts", import.meta.url)));
}

/** Path of the JSON Schema of a pipeline from the directory. Relative, as `typesPath`. */
export function pipelineSchemaPath(dir: string): string {
  const modules = modulesAbove(resolve(dir), "liveops");
  const schema = "docs/pipeline.schema.json";
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

export function registerNew(root: Command): void {
  addCommand(root, "new", "Create a working operation and its tsconfig.json, or a working pipeline", [
    "liveops new ImportUsers",
    "liveops new deploy.yaml",
    "liveops new ImportUsers --dir ~/.config/liveops/ops",
    "liveops new ImportUsers --json | jq -r .file",
  ])
    .argument(
      "<Name>",
      "Class name; gives the name of the operation type (ImportUsers becomes import-users). Or the name of a pipeline file (deploy.yaml)",
    )
    .option("--dir <dir>", "Directory to write to", ".")
    .option("--json", "Print the type's name and the written files as JSON")
    .action((name: string, _options: unknown, command: Command) => {
      const { dir, json } = allOptions<GlobalOptions & { dir: string; json?: boolean }>(command);
      const to = reportTo(command.parent!);
      if (isPipelineArgument(name)) {
        newPipeline(name, dir, json === true, to);
        return;
      }
      const names = newNames(name);
      const file = join(dir, names.file);
      made(dir);
      writeNew(file, operationSource(names));
      const tsconfig = join(dir, "tsconfig.json");
      const isConfigured = existsSync(tsconfig);
      if (!json) process.stdout.write(`${file}\n`);
      if (!isConfigured) {
        const node = nodeTypes(dir);
        writeNew(tsconfig, tsconfigSource(typesPath(dir), node));
        if (!json) process.stdout.write(`${tsconfig}\n`);
        if (node === null) say(to, NO_NODE_TYPES, "yellow");
      }
      if (json) {
        const written = { op: names.op, file, tsconfig: isConfigured ? null : tsconfig };
        process.stdout.write(`${jsonLine(written)}\n`);
      }
      if (isShippedType(names.op)) say(to, shadows(names.op, file), "yellow");
      const ops = shellQuote(relative(process.cwd(), resolve(dir)) || ".");
      say(to, `try it: liveops run --ops ${ops} ${names.op}`, "yellow");
    });
}

function newPipeline(name: string, dir: string, json: boolean, to: ReportTo): void {
  const op = newPipelineName(name);
  const file = join(dir, name);
  made(dir);
  const shown = shellQuote(relative(process.cwd(), resolve(file)));
  writeNew(file, pipelineSource(op, shown, pipelineSchemaPath(dir)));
  process.stdout.write(`${json ? jsonLine({ op, file, tsconfig: null }) : file}\n`);
  if (isShippedType(op)) say(to, shadows(op, file), "yellow");
  say(to, `check it: liveops check ${shown}`, "yellow");
  say(to, `try it: liveops run ${shown} target=/tmp/${op}`, "yellow");
}

function made(dir: string): void {
  try {
    makeDirectory(resolve(dir));
  } catch (error) {
    throw new UsageError(
      `cannot create ${dir}: ${(error as Error).message}`,
      "choose another directory with --dir",
    );
  }
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "EEXIST"
        ? `${file} already exists; choose another name or --dir`
        : `cannot write ${file}: ${message}`,
    );
  }
}

const NO_NODE_TYPES =
  'found no types of Node; for node: modules in your editor: npm install --save-dev @types/node, then add "types": ["node"] to tsconfig.json';

function shadows(op: string, file: string): string {
  return `${op} is also a shipped operation type; your type replaces it wherever this directory is used. To keep the shipped type, remove ${file} and choose another name`;
}
