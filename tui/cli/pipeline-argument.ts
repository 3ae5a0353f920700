/**
 * A pipeline file in the place of an operation type: `liveops submit nightly.yaml`, `liveops run
 * -`. The file is read by a separate bundle, so that no other command carries the YAML library.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import type { Variables } from "../../protocol/environment.js";
import { Refusal } from "../../protocol/errors.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { withTrailing } from "../../protocol/schema/parameters.js";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { isPipelineFile } from "../kit/pipelines.js";
import { isProgram } from "./command-hint.js";
import { givenParams } from "./options/params.js";

/** Entry of the bundle: `run/pipeline-file.ts`. */
const BUNDLE: string = "./pipeline-file.js";

type PipelineBundle = typeof import("./run/pipeline-file.js");

/** Asks the bundle. @throws UsageError, Refusal */
export async function inPipelineBundle<T>(
  ask: (bundle: PipelineBundle) => T | Promise<T>,
): Promise<T> {
  return ask((await import(BUNDLE)) as PipelineBundle);
}

/** Whether the word names a pipeline file, or stdin. */
export function isPipelineArgument(word: string): boolean {
  return word === "-" || (isPipelineFile(word) && !isScript(word));
}

/** Whether the word is the path of a program, which `namingFile` says how to run. Reads no pipe. */
function isScript(word: string): boolean {
  try {
    const stats = statSync(word);
    if (/\.ya?ml$/i.test(word) || !stats.isFile()) return false;
    return (stats.mode & 0o111) !== 0 || readFileSync(word).subarray(0, 2).toString() === "#!";
  } catch {
    return false;
  }
}

/**
 * The refusal of an unknown type; it names the command for a pipeline file of that name in this
 * directory, for a type of this shell's directories, or for the program that the words name.
 *
 * @param words - the arguments after the type, and those after `--`
 * @param isHere - a daemon of this machine refused it
 */
export async function namingFile(
  error: unknown,
  op: string,
  command: "submit" | "run",
  words: readonly string[],
  isHere = false,
): Promise<unknown> {
  if (!(error instanceof Refusal) || error.code !== "LIVEOPS_NO_SUCH_TYPE") return error;
  const file = [`${op}.yaml`, `${op}.yml`].find((path) => existsSync(path));
  const hint =
    file !== undefined
      ? `for the file ${file}: liveops ${command} ${file}`
      : ((isHere ? await opsHint(error, op) : null) ??
        (error.extra.nearest?.length === 0 && isProgram(op)
          ? `to run the program: ${shellLine(["liveops", command, "--", op, ...words])}`
          : null));
  if (hint === null) return error;
  return new Refusal(
    error.code,
    `there is no operation type ${JSON.stringify(op)}; ${hint}`,
    error.extra,
  );
}

/** The daemon gives `nearest` where none of its own files should define the type. */
async function opsHint({ extra }: Refusal, op: string): Promise<string | null> {
  const dirs = (process.env.LIVEOPS_OPS ?? "").split(delimiter).filter(Boolean);
  if (extra.nearest === undefined || dirs.length === 0) return null;
  const dir = await inPipelineBundle(({ namesInDirs }) =>
    dirs.find((each) => namesInDirs([each]).has(op)),
  );
  const line = dir && shellLine(["liveops", "restart", "--ops", resolve(dir)]);
  return line
    ? `${dir} of LIVEOPS_OPS has it, but the daemon has a list of its own; to add the directory: ${line}`
    : null;
}

/** The file as an absolute path; null: stdin. @throws UsageError for a file of code */
export function pipelinePath(word: string): string | null {
  if (/\.[cm]?[jt]sx?$/.test(word))
    throw new UsageError(
      `${word} is a file of code, not a pipeline`,
      `liveops run --ops ${shellLine([word])} <op>; liveops ops --ops ${shellLine([word])} lists its types`,
    );
  return word === "-" ? null : resolve(word);
}

/** @throws UsageError where pipeline and parameters are both to be read from stdin */
export function checkStdin(word: string, params: string | undefined): void {
  if (word === "-" && params === "-")
    throw new UsageError(
      "- and --params - cannot both read stdin; give the parameters as name=value",
    );
}

interface PipelineWords {
  /** The file as it was typed, or `-`. */
  file: string;
  set: string[];
  trailing: string[] | undefined;
  params: string | undefined;
  /**
   * The variables from which secrets come; null: the pipeline runs later, without a shell. Default:
   * those of this process.
   */
  shell?: Variables | null;
  /** As in `GivenParameters`. */
  place?: () => Promise<string | null>;
}

/**
 * The submit of the shipped type `pipeline` that runs the file.
 *
 * @throws UsageError where the file is not a pipeline; Refusal where it does not accept the
 *   parameters
 */
export async function pipelineSubmit({
  file,
  set,
  trailing,
  params,
  shell = process.env,
  place,
}: PipelineWords) {
  checkStdin(file, params);
  const given = {
    params: givenParams(params),
    words: withTrailing(set, trailing),
    shell,
    place,
  };
  return inPipelineBundle(({ submitOf }) => submitOf(file, pipelinePath(file), given));
}

/**
 * Parameters for `liveops again` and `retry`. Those of an operation of the type `pipeline` are the
 * parameters of its file, as in its submit, and not those of the type, which are text and path.
 *
 * @throws UsageError, Refusal where the pipeline does not accept the parameters
 */
export async function changedParameters(
  command: "again" | "retry",
  operation: Operation,
  params: Record<string, unknown> | undefined,
  words: string[],
): Promise<{ params?: Record<string, unknown>; set?: string[] }> {
  const isChanged = params !== undefined || words.length > 0;
  if (operation.op !== "pipeline" || !isChanged || params?.text !== undefined)
    return { params, ...(words.length > 0 && { set: words }) };
  const given = { params, words, shell: process.env };
  const line = ["liveops", command, operation.id];
  const changed = await inPipelineBundle((bundle) =>
    bundle.changedSubmit(operation.params, given, line),
  );
  return { params: changed.params };
}
