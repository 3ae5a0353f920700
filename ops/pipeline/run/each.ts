/**
 * The values of `each` when its stage begins: lines of a file and paths of a pattern are known only
 * then.
 */
import { isUtf8 } from "node:buffer";
import { globSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MAX_STEP_NAME, MAX_STEPS } from "../../../protocol/limits.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import { userName } from "../../../protocol/system/owned-path.js";
import type { EachValues } from "../definition.js";
import { NO_UTF8, whyNotVariable, whyTooManyPaths } from "../limits.js";
import { fill, type Scope } from "../template.js";
import { type CommandContext, directoryOf } from "./command.js";

/** Most bytes of a file with values. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A step of `each`: its name, and its value of each name. */
export interface EachStep {
  step: string;
  values: ReadonlyMap<string, string>;
}

/**
 * All combinations, the values of the first name first. @throws Error with the place in the file
 */
export function valuesOfEach(
  { file, variables }: Pick<CommandContext, "file" | "variables">,
  each: readonly EachValues[],
): EachStep[] {
  const { scope } = variables.of({ env: new Map() }, {});
  // The `cwd` of the stage may be made of the values.
  const cwd = directoryOf(file, null, (template) => fill(template, scope));
  let steps: EachStep[] = [{ step: "", values: new Map() }];
  for (const of of each) {
    const fail = (why: string) => failure(file.path, of, why);
    const list = valuesOf(of, cwd, scope, (param) => variables.listOf(param), fail);
    if (list.length * steps.length > MAX_STEPS)
      throw fail(
        `makes ${(list.length * steps.length).toLocaleString("en-US")} steps, more than ${MAX_STEPS.toLocaleString("en-US")}; ${FEWER}`,
      );
    steps = steps.flatMap(({ step, values }) =>
      list.map((value) => ({
        step: step === "" ? value : `${step}, ${value}`,
        values: new Map([...values, [of.name, value]]),
      })),
    );
  }
  return named(steps, (why) => failure(file.path, each[0]!, why));
}

function valuesOf(
  { source }: EachValues,
  cwd: string,
  scope: Scope,
  listOf: (param: string) => readonly string[],
  fail: (why: string) => Error,
): readonly string[] {
  const values = listFrom(source, cwd, scope, listOf, fail);
  if (values.length === 0) throw fail(emptyText(source, cwd, scope));
  for (const value of values) {
    const problem = whyNotVariable(value);
    if (problem !== null) throw fail(`has a value that ${problem}`);
  }
  return values;
}

function listFrom(
  source: EachValues["source"],
  cwd: string,
  scope: Scope,
  listOf: (param: string) => readonly string[],
  fail: (why: string) => Error,
): readonly string[] {
  if (source.kind === "param") return listOf(source.param);
  if (source.kind === "list") return source.items.map((item) => fill(item, scope));
  const text = fill(source.text, scope);
  const path = resolve(cwd, text);
  const many = source.kind === "glob" ? whyTooManyPaths(text) : null;
  if (many !== null) throw fail(`reads ${text.slice(0, MAX_STEP_NAME)}, which ${many}`);
  try {
    if (source.kind === "glob") {
      const paths = globSync(text, { cwd }).sort();
      // A directory that cannot be read has no paths for a pattern.
      if (paths.length === 0) readdirSync(fixedPart(path));
      const other = paths.find((each) => each.includes(NO_UTF8));
      if (other !== undefined) throw new Error(`the name of ${other} is not UTF-8; rename it`);
      return paths;
    }
    const bytes = readRegularFile(path, MAX_BYTES);
    if (!isUtf8(bytes)) throw new Error("it is not UTF-8");
    const lines = bytes.toString("utf8").split(/\r?\n/);
    return lines.filter((line) => line.trim() !== "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (source.kind === "glob" && (code === "ENOENT" || code === "ENOTDIR")) return [];
    if (code === "ENOENT") throw fail(`reads ${text}, and there is no file ${path}; ${FROM}`);
    if (code === "EACCES")
      throw fail(
        `reads ${source.kind === "glob" ? fixedPart(path) : path}, and ${userName(process.geteuid?.() ?? -1)} may not read it`,
      );
    throw fail(`cannot read ${path}: ${message}`);
  }
}

/** The directory before the first part of a path that is a pattern. */
function fixedPart(pattern: string): string {
  const [fixed = ""] = /^[^*?[{]*/.exec(pattern) ?? [];
  return dirname(`${fixed}x`);
}

const FROM = "a path begins at the directory of the pipeline";
const FEWER = "divide the values among several stages, or let a step do several of them";
const NONE = "each needs a value";

function emptyText(source: EachValues["source"], cwd: string, scope: Scope): string {
  if (source.kind === "param")
    return `has no values: the parameter ${source.param} is an empty list; give ${source.param}=VALUE`;
  if (source.kind === "list") return `has no values; ${NONE}`;
  const text = fill(source.text, scope);
  return source.kind === "glob"
    ? `matches no file in ${cwd}: ${text}; ${FROM}, and ${NONE}`
    : `has no values: ${resolve(cwd, text)} has no lines; ${NONE}`;
}

/** Control characters, which a name cannot have. */
const CONTROL = /[\x00-\x1f\x7f]+/g;

/** Paths often differ only at their end. */
function shortened(line: string): string {
  if (line.length <= MAX_STEP_NAME) return line;
  return `${line.slice(0, MAX_STEP_NAME / 2 - 1)}…${line.slice(-MAX_STEP_NAME / 2)}`.toWellFormed();
}

/** The steps with names of one line, which must differ. */
function named(steps: readonly EachStep[], fail: (why: string) => Error): EachStep[] {
  const names = new Set<string>();
  return steps.map(({ step, values }) => {
    const line = step.replace(CONTROL, " ").trim();
    const name = shortened(line) || '""';
    if (names.has(name))
      throw fail(
        `makes two steps with the name ${JSON.stringify(name)}; a step is named by its values, on one line of at most ${MAX_STEP_NAME} characters`,
      );
    names.add(name);
    return { step: name, values };
  });
}

function failure(
  path: string | null,
  { name, line, column, file }: EachValues,
  why: string,
): Error {
  const error = new Error(`each.${name} ${why} (at ${file ?? path ?? "stdin"}:${line}:${column})`);
  // The stack shows only liveops.
  delete error.stack;
  return error;
}
