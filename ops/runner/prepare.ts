/**
 * Makes a submission from parameters and `name=value` arguments. Runs the author's code, so it runs in a loader
 * process, in a worker (for the next operation of a chain) or in `liveops run`, never in the daemon.
 */
import type { Submission } from "../../protocol/event.js";
import { isDeeper, lossInValue } from "../../protocol/json-loss.js";
import { MAX_DEPTH } from "../../protocol/limits.js";
import { pipelineOf } from "../pipeline/origin.js";
import { inputSchema } from "./describe-type.js";
import { whyNotJson } from "./json-value.js";
import { paramsRefusal, parseParams } from "./parse-params.js";
import { historyKeyFor, type OperationCtor, readType, stagesFor, TypeFault, titleFor } from "./read-type.js";
import { readWords } from "./words.js";

export interface Given {
  params?: Record<string, unknown> | undefined;
  /** `name=value` arguments, which override the params. */
  set?: string[] | undefined;
}

export type SubmissionContext = Pick<Submission, "id" | "label" | "cwd" | "chain">;

/**
 * @returns the submission; its params are the accepted input, before defaults
 * @throws Refusal LIVEOPS_PARAMS_INVALID
 * @throws TypeFault if the type has invalid statics
 */
export async function prepareSubmission(
  Type: OperationCtor,
  given: Given,
  place: SubmissionContext,
  /** The command that gave the words, for an error message. */
  command: "submit" | "run" = "submit",
): Promise<Submission> {
  const { op, params, queue: ownQueue, requires, hosts } = readType(Type);
  const schema = inputSchema(params);
  const problem = whyNotJson(given.params);
  if (problem !== null) throw paramsRefusal([`the parameters are not JSON: ${problem}`], schema);
  const input = readWords(schema, given.params, given.set ?? [], ["liveops", command, op]);
  if (isDeeper(input, MAX_DEPTH))
    throw paramsRefusal([`the parameters are nested more than ${MAX_DEPTH} levels deep`], schema);
  const loss = lossInValue(input);
  if (loss !== null) throw paramsRefusal([loss.problem], schema);
  const parsed = await parseParams(params, input).catch((thrown: unknown) => {
    throw paramsRefusal([`the schema of ${op} threw: ${messageOf(thrown)}`], schema);
  });
  if (!parsed.ok) throw paramsRefusal(parsed.problems, schema, parsed.nearest);
  const refused = (name: string) => (thrown: unknown) => {
    const why =
      thrown instanceof TypeFault ? thrown.message : `static ${name} of ${op} threw: ${messageOf(thrown)}`;
    throw paramsRefusal([why], schema);
  };
  const title = await titleFor(Type, parsed.value).catch(refused("title"));
  const stages = await stagesFor(Type, parsed.value).catch(refused("stages"));
  const { id, label, cwd, chain } = place;
  const historyKey = historyKeyFor(Type, parsed.value);
  const submission = {
    id,
    op,
    title,
    label,
    cwd,
    params: input,
    stages,
    chain,
    ...(historyKey !== undefined && { historyKey }),
    ...(ownQueue !== null && { queue: ownQueue }),
    ...(requires.length > 0 && { requires: [...requires] }),
    ...(hosts === "any" && chain.index > 0 && { hosts }),
    ...sourceOf(Type),
  };
  types.set(submission, Type);
  return submission;
}

/** The pipeline file, which is kept with the operation: an attempt needs nothing else. */
function sourceOf(Type: OperationCtor): Pick<Submission, "source"> {
  const file = pipelineOf(Type);
  if (!file?.path) return {};
  const { timeout, gracePeriod } = readType(Type);
  return { source: { path: file.path, text: file.text, timeout, gracePeriod } };
}

const types = new WeakMap<Submission, OperationCtor>();

/** The class of a submission that this process prepared, so that a chain continues without a catalogue. */
export function typeOfSubmission(submission: Submission): OperationCtor | undefined {
  return types.get(submission);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
