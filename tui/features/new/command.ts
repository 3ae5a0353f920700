/**
 * `liveops new`: writes a working operation, pipeline or chain, with its test and what an editor needs. Never overwrites
 * a file.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { nearest } from "../../../protocol/text/nearest.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { type ReportTo, say } from "../../kit/report.js";
import { chainSource } from "./chain.js";
import { newPipelineName, pipelineSource } from "./pipeline.js";
import {
  hasNodeTypes,
  isInstalled,
  isShippedType,
  pipelineSchema,
  type SchemaFile,
  sourceEnding,
} from "./place.js";
import { newNames, operationSource, tsconfigSource } from "./template.js";
import { chainTest, operationTest, pipelineTest } from "./tests.js";

/** What `liveops new` writes, as it is typed, with a name for the hint. */
const KINDS = { operation: "ImportUsers", pipeline: "deploy", chain: "Nightly" } as const;
type Kind = keyof typeof KINDS;

interface NewOptions extends GlobalOptions {
  dir: string;
  json?: boolean;
}

/** The files to write, and what to type next. */
interface Plan {
  kind: Kind;
  op: string;
  file: string;
  source: string;
  /** Null: none, as before there were kinds. */
  test: { file: string; source: string } | null;
  /** Schema of a pipeline; null for other kinds. */
  schema: SchemaFile | null;
  /** Whether TypeScript is written. */
  hasTypes: boolean;
  /** The operation for `liveops run`. */
  words: string;
  check: string | null;
}

function isYamlName(word: string): boolean {
  return /\.ya?ml$/i.test(word);
}

export function registerNew(root: Command): void {
  addCommand(
    root,
    "new",
    "Create a working operation, pipeline or chain, with its test",
    [
      "liveops new operation ImportUsers",
      "liveops new pipeline deploy",
      "liveops new chain Nightly --dir ops",
      "liveops new ImportUsers --dir ~/.config/liveops/ops",
      "liveops new release.yaml",
      "liveops new operation ExportUsers --json | jq -r .file",
    ],
    "none",
  )
    .argument(
      "<kind>",
      "What to create: operation, pipeline or chain. Or only the name, for an operation (ImportUsers) or a pipeline (deploy.yaml) without a test",
    )
    .argument(
      "[name]",
      "Class name; gives the name of the operation type (ImportUsers becomes import-users). Of a pipeline: the name of its file",
    )
    .option("--dir <dir>", "Directory to write to", ".")
    .option("--json", "Print the type's name and the written files as JSON")
    .action((kind: string, name: string | undefined, _options: unknown, command: Command) => {
      const options = allOptions<NewOptions>(command);
      write(planOf(kind, name, options.dir), options, reportTo(command));
    });
}

/** @throws UsageError for a word that is no kind, and for a missing or invalid name */
function planOf(word: string, name: string | undefined, dir: string): Plan {
  if (!isKind(word)) {
    if (name !== undefined) throw notAKind(word, name);
    return isYamlName(word) ? pipelinePlan(word, dir, false) : typePlan("operation", word, dir, false);
  }
  if (name === undefined)
    throw new UsageError(`the ${word} needs a name`, `liveops new ${word} ${KINDS[word]}`);
  if (word === "pipeline") return pipelinePlan(isYamlName(name) ? name : `${name}.yaml`, dir, true);
  return typePlan(word, name, dir, true);
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}

function notAKind(word: string, name: string): UsageError {
  const [near = "operation"] = nearest(word, Object.keys(KINDS));
  return new UsageError(
    `${JSON.stringify(word)} is not one of ${Object.keys(KINDS).join(", ")}`,
    `liveops new ${near} ${shellQuote(name)}`,
  );
}

function typePlan(kind: "operation" | "chain", typed: string, dir: string, hasTest: boolean): Plan {
  const ending = sourceEnding(dir);
  const names = newNames(typed, ending);
  const [source, test] =
    kind === "chain"
      ? [chainSource(names), chainTest(names)]
      : [operationSource(names), operationTest(names)];
  const file = join(dir, names.file);
  return {
    kind,
    op: names.op,
    file,
    source,
    schema: null,
    hasTypes: true,
    check: null,
    test: hasTest ? { file: join(dir, `${names.op}.test${ending}`), source: test } : null,
    words: `--ops ${shellQuote(relative(process.cwd(), resolve(dir)) || ".")} ${names.op}`,
  };
}

function pipelinePlan(name: string, dir: string, hasTest: boolean): Plan {
  const op = newPipelineName(name);
  const file = join(dir, name);
  const path = shellQuote(relative(process.cwd(), resolve(file)));
  const schema = pipelineSchema(dir);
  return {
    kind: "pipeline",
    op,
    file,
    schema,
    hasTypes: hasTest,
    source: pipelineSource(op, path, schema.path),
    test: hasTest
      ? { file: join(dir, `${op}.test${sourceEnding(dir)}`), source: pipelineTest(op, name) }
      : null,
    words: `${path} target=/tmp/${op}`,
    check: `liveops check ${path}`,
  };
}

function write(plan: Plan, { dir, json }: NewOptions, to: ReportTo): void {
  const { kind, op, file, source, test, schema, hasTypes, words, check } = plan;
  const tsconfig = join(dir, "tsconfig.json");
  refuseExisting([file, test?.file]);
  make(dir);
  const written: string[] = [];
  const put = (path: string, text: string) => {
    writeNew(path, text);
    written.push(path);
    if (!json) process.stdout.write(`${path}\n`);
  };
  put(file, source);
  if (test !== null) put(test.file, test.source);
  const schemaPath = join(dir, schema?.path ?? "");
  if (schema?.text != null && !existsSync(schemaPath)) put(schemaPath, schema.text);
  const needsConfig = hasTypes && !existsSync(tsconfig);
  const hasNode = hasNodeTypes(dir);
  if (needsConfig) put(tsconfig, tsconfigSource(hasNode));
  const config = needsConfig ? tsconfig : null;
  if (json)
    process.stdout.write(
      `${jsonLine({ kind, op, file, test: test?.file ?? null, tsconfig: config, files: written })}\n`,
    );
  if (needsConfig && !hasNode) say(to, NO_NODE_TYPES, "yellow");
  if (isShippedType(op)) say(to, shadows(op, file), "yellow");
  if (check !== null) say(to, `check it: ${check}`, "yellow");
  say(to, `try it: liveops run ${words}`, "yellow");
  if (kind !== "pipeline") say(to, `see its parameters: liveops run ${words} --help`, "yellow");
  if (test !== null) say(to, `test it: ${testCommand(test.file, dir)}`, "yellow");
}

/** Node runs TypeScript itself since 22.18; tsx comes with liveops. */
function testCommand(file: string, dir: string): string {
  const path = shellQuote(relative(process.cwd(), resolve(file)));
  const isNative = process.features.typescript !== false && process.features.typescript !== undefined;
  const test = isNative ? `node --test ${path}` : `node --import tsx --test ${path}`;
  if (isInstalled(dir)) return test;
  const prefix =
    resolve(dir) === process.cwd() ? "" : `--prefix ${shellQuote(relative(process.cwd(), resolve(dir)))} `;
  return `npm install ${prefix}--save-dev liveops, then ${test}`;
}

/** @throws UsageError, which names the files */
function refuseExisting(files: ReadonlyArray<string | undefined>): void {
  const existing = files.filter((file) => file !== undefined && existsSync(file));
  if (existing.length === 0) return;
  throw new UsageError(
    `${existing.join(" and ")} already ${existing.length === 1 ? "exists" : "exist"}; choose another name or --dir`,
  );
}

function make(dir: string): void {
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
