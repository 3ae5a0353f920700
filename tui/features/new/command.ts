/**
 * `liveops new`: writes a working operation or pipeline, and what an editor needs. Never overwrites
 * a file.
 */
import { existsSync, writeFileSync } from "node:fs";
import { normalize } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { addCommand, reportTo } from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { newPipelineName, pipelineSource } from "./pipeline.js";
import { hasNodeTypes, isShippedType, pipelineSchema, sourceEnding } from "./place.js";
import { newNames, operationSource, tsconfigSource } from "./template.js";

export function registerNew(root: Command): void {
  addCommand(
    root,
    "new",
    "Create a working operation or pipeline in this directory",
    ["liveops new ImportUsers", "liveops new deploy.yaml"],
    "none",
  )
    .argument(
      "<name>",
      "Class name of an operation; gives the name of its type (ImportUsers becomes import-users). With .yaml at its end: the file of a pipeline",
    )
    .action((name: string, _options: unknown, command: Command) => {
      if (/\.ya?ml$/i.test(name)) writePipeline(name, reportTo(command));
      else writeOperation(name, reportTo(command));
    });
}

function writeOperation(typed: string, to: ReportTo): void {
  const names = newNames(typed, sourceEnding());
  const { op, file } = names;
  put(file, operationSource(names));
  const hasNode = hasNodeTypes();
  if (!existsSync(TSCONFIG)) {
    put(TSCONFIG, tsconfigSource(hasNode));
    if (!hasNode) say(to, NO_NODE_TYPES, "yellow");
  }
  if (isShippedType(op)) say(to, shadows(op, file), "yellow");
  say(to, `try it: liveops run --ops . ${op}`, "yellow");
  say(to, `see its parameters: liveops run --ops . ${op} --help`, "yellow");
}

function writePipeline(file: string, to: ReportTo): void {
  const op = newPipelineName(file);
  const schema = pipelineSchema();
  put(file, pipelineSource(op, file, schema.path));
  if (schema.text !== null && !existsSync(schema.path)) put(normalize(schema.path), schema.text);
  say(to, `check it: liveops check ${file}`, "yellow");
  say(to, `try it: liveops run ${file} target=/tmp/${op}`, "yellow");
}

/** Writes the file and prints its name. */
function put(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "EEXIST"
        ? `${file} already exists; choose another name or directory`
        : `cannot write ${file}: ${message}`,
    );
  }
  process.stdout.write(`${file}\n`);
}

const TSCONFIG = "tsconfig.json";

const NO_NODE_TYPES =
  'found no types of Node; for node: modules in your editor: npm install --save-dev @types/node, then add "types": ["node"] to tsconfig.json';

function shadows(op: string, file: string): string {
  return `${op} is also a shipped operation type; your type replaces it wherever this directory is used. To keep the shipped type, remove ${file} and choose another name`;
}
