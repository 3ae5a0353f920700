/**
 * Makes a submission from parameters and `name=value` arguments. Runs the author's code, so it runs
 * in a loader process, in a worker (for the next operation of a chain) or in `liveops run`, never
 * in the daemon.
 */
import type { Submission } from "../../protocol/event.js";
import { MAX_DEPTH } from "../../protocol/limits.js";
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import type { UsedName } from "../../protocol/pipeline/used-names.js";
import { withDefaultsAs } from "../../protocol/schema/parameters.js";
import { type DERIVED, saidBy } from "../../protocol/submit-fields.js";
import { isDeeper, lossInValue } from "../../protocol/text/json-loss.js";
import { inputSchema } from "./describe-type.js";
import { whyNotJson } from "./json-value.js";
import { paramsRefusal, parseParams } from "./parse-params.js";
import { readPipelineFacts, type SecretSources } from "./pipeline-facts.js";
import {
  historyKeyFor,
  type OperationCtor,
  readType,
  stagesFor,
  TypeFault,
  titleFor,
} from "./read-type.js";
import { readWords } from "./words.js";

export interface Given {
  params?: Record<string, unknown> | undefined;
  /** `name=value` arguments, which override the params. */
  set?: string[] | undefined;
  /** The params of the operation that is changed: a default is left out, or written, as it was. */
  before?: Record<string, unknown> | undefined;
}

type SubmissionContext = Pick<Submission, "id" | "label" | "cwd" | "chain" | "force" | "parent">;

/** What the type and the parameters determine of a submission. */
export type Prepared = Pick<Submission, "op" | "params" | (typeof DERIVED)[number]> &
  ReturnType<typeof saidBy> & {
    /** The secrets that the submit must give; absent: none. No submission keeps this. */
    secretSources?: SecretSources;
    /**
     * Name of the type with which the chain continues; absent: not known before the run. No
     * submission keeps this.
     */
    next?: string;
    /** Queues and types that a pipeline names; absent: none. No submission keeps this. */
    uses?: readonly UsedName[];
  };

/** As `prepare`, for an operation that this process submits itself. */
export async function prepareSubmission(
  Type: OperationCtor,
  given: Given,
  { id, label, cwd, chain, force, parent }: SubmissionContext,
  line?: readonly string[],
): Promise<Submission> {
  const {
    op,
    title,
    params,
    stages,
    secretSources,
    next,
    uses: _,
    ...others
  } = await prepare(Type, given, line);
  const submission = {
    id,
    op,
    title,
    label,
    cwd,
    params,
    stages,
    chain,
    ...others,
    force,
    parent,
  };
  types.set(submission, Type);
  needs.set(submission, { secretSources, next });
  return submission;
}

/**
 * @returns the params are the accepted input, before defaults
 * @throws Refusal LIVEOPS_PARAMS_INVALID
 * @throws TypeFault if the type has invalid statics
 */
export async function prepare(
  Type: OperationCtor,
  given: Given,
  /** The command line before the words, for an error message. Default: that of a submit. */
  line?: readonly string[],
): Promise<Prepared> {
  const type = readType(Type);
  const { op, params } = type;
  const schema = inputSchema(params);
  const problem = whyNotJson(given.params);
  if (problem !== null) throw paramsRefusal([`the parameters are not JSON: ${problem}`], schema);
  const read = readWords(schema, given.params, given.set ?? [], line ?? ["liveops", "submit", op]);
  const input = given.before === undefined ? read : withDefaultsAs(given.before, read, schema);
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
      thrown instanceof TypeFault
        ? thrown.message
        : `static ${name} of ${op} threw: ${messageOf(thrown)}`;
    throw paramsRefusal([why], schema);
  };
  const title = await titleFor(Type, parsed.value).catch(refused("title"));
  const stages = await stagesFor(Type, parsed.value).catch(refused("stages"));
  const facts = readPipelineFacts(Type, parsed.value, input);
  return {
    op,
    title,
    params: facts?.input ?? input,
    stages,
    ...historyKeyFor(Type, parsed.value),
    ...saidBy(type),
    ...sourceOf(Type),
    ...(facts &&
      Object.keys(facts.secretSources).length > 0 && { secretSources: facts.secretSources }),
    ...(facts?.next && { next: facts.next }),
    ...(facts?.actions && { actions: facts.actions }),
    ...(facts && facts.uses.length > 0 && { uses: facts.uses }),
  };
}

const sourceFiles = new WeakMap<OperationCtor, KeptText>();

/** Call for a type that is made from a pipeline file. */
export function setSourceFile(Type: OperationCtor, file: KeptText): void {
  sourceFiles.set(Type, file);
}

/** The pipeline file, which is kept with the operation: an attempt needs nothing else. */
function sourceOf(Type: OperationCtor): Pick<Submission, "source"> {
  const file = sourceFiles.get(Type);
  if (!file?.path) return {};
  const { timeout, gracePeriod } = readType(Type);
  const { path, text, files = {} } = file;
  const others = Object.keys(files).length > 0 && { files };
  return { source: { path, text, ...others, timeout, gracePeriod } };
}

const types = new WeakMap<Submission, OperationCtor>();
type Needs = Pick<Prepared, "secretSources" | "next">;
const needs = new WeakMap<Submission, Needs>();

/**
 * The class of a submission that this process prepared, so that a chain continues without a
 * catalogue.
 */
export function typeOfSubmission(submission: Submission): OperationCtor | undefined {
  return types.get(submission);
}

/** The secrets of a submission that this process prepared, and the type that follows. */
export function needsOf(submission: Submission): Needs {
  return needs.get(submission) ?? {};
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
