/** `retry`: what it changes of the operation, and what a person has done by hand. */
import { forgetFrom, hashOfParams } from "../../ops/attempt/stage-values.js";
import { Refusal } from "../../protocol/errors.js";
import type { Changes, DoneByHand } from "../../protocol/event.js";
import { getOwn, pick } from "../../protocol/objects.js";
import type { Operation } from "../../protocol/operation.js";
import { type KeptText, keptTextIn } from "../../protocol/pipeline/kept-text.js";
import type { RetryBody } from "../../protocol/requests.js";
import { DERIVED } from "../../protocol/submit-fields.js";
import { IrregularFileError, readRegularFile } from "../../protocol/system/own-file.js";
import { nearest } from "../../protocol/text/nearest.js";
import { unknownStep } from "../../protocol/text/unknown-name.js";
import type { Parts } from "../compose.js";
import type { Asked } from "../feature.js";
import { placeIn } from "../lifecycle.js";
import type { StageOutputs } from "../loader/messages.js";
import { isUnreadable, runFilesRefusal } from "../run-files/unreadable.js";
import type { Entry } from "../store/decision.js";
import { isDiskFull } from "../store/durable-file.js";
import { sourceOf } from "../store/entry-events.js";
import { valuesDir } from "../store/layout.js";
import { StoreFullError } from "../store/not-recorded.js";
import { checkSize } from "./steps.js";

/** The shipped type that has the text and the path of a file as parameters. */
const ANY_FILE = "pipeline";

/** A pipeline has at most 64 KiB. */
const MOST_BYTES = 64 * 1024;

/**
 * @param by - name of the person
 * @throws Refusal where the operation cannot be retried, or not so
 */
export async function retryOperation(
  context: Parts,
  entry: Entry,
  asked: RetryBody,
  by: string,
): Promise<void> {
  const { id, op, state } = entry.record;
  // The lifecycle refuses an operation in another state. That error comes before one about its
  // type.
  const mayBeRetried = state === "failed" || state === "cancelled";
  let body: Asked = asked;
  for (const feature of mayBeRetried ? context.features : [])
    body = (await feature.retryInside?.(entry, body, by)) ?? body;
  const from = body.from ?? null;
  // A pipeline is resumable, and its text is kept, so that its file need not load.
  const isPipeline = op === ANY_FILE || sourceOf(entry) !== null;
  const isFrom = from !== null || body.done !== undefined;
  if (mayBeRetried && isFrom && !isPipeline) await checkResumable(context, op, from);
  const changes = mayBeRetried ? await changesOf(context, entry, body) : null;
  const done = mayBeRetried ? await doneByHand(context, entry, body, changes, by) : [];
  if (mayBeRetried && body.keepsQuestions) await checkQuestions(context, entry, done, changes);
  if (mayBeRetried) context.store.secrets.put(id, body.secrets);
  await context.lifecycle.retry(id, { from, done, changes, because: body.because }, (now) => {
    context.edges.refuseRetry(now);
    forget(context, now, from);
  });
}

/** @throws Refusal if the type is not resumable, or does not load */
async function checkResumable({ types }: Parts, op: string, from: string | null): Promise<void> {
  const type = await types.resolve(op);
  if ("reason" in type) throw new Refusal("LIVEOPS_NO_SUCH_TYPE", type.reason);
  if (type.policy.resumable) return;
  const what =
    from !== null
      ? "it cannot rerun from a stage; leave out from to run it again from the start"
      : "no stage of it can be taken as done by hand; a type in code needs static resumable = true for that";
  throw new Refusal("LIVEOPS_BAD_REQUEST", `${op} is not resumable, so ${what}`);
}

/**
 * What changes with the present text, and with other parameters. Both are checked as at a submit,
 * the parameters against the text that runs.
 *
 * @returns null: nothing
 * @throws Refusal if the type does not accept the parameters, comes from no file, or its file is
 *   not a valid pipeline now
 */
async function changesOf(
  { types }: Parts,
  entry: Entry,
  { current = false, params, set }: RetryBody,
): Promise<Changes | null> {
  const isChanged = params !== undefined || set !== undefined;
  if (!current && !isChanged) return null;
  const { op, params: before } = entry.record;
  const given = params ?? before;
  const input = {
    params:
      current && op === ANY_FILE
        ? { ...given, text: textOf(before.path), files: undefined }
        : given,
    set,
    before,
  };
  const source = current ? null : sourceOf(entry);
  const answers = await types.prepare([{ op, input, source: source ?? undefined }]);
  if (!Array.isArray(answers)) throw answers.refusal;
  // An operation keeps its queue and the tags of its type.
  const changes: Changes = pick(answers[0]!, ["params", ...DERIVED]);
  if (current && op !== ANY_FILE && changes.source === undefined)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `${op} is not a pipeline: a retry always runs its present code; leave out current`,
    );
  checkSize(answers[0]!.params);
  if (!current && hashOfParams(changes.params ?? {}) === hashOfParams(before)) return null;
  // The text stays that of the submit.
  if (source !== null) delete changes.source;
  return changes;
}

function textOf(path: unknown): string {
  if (typeof path !== "string")
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      "the pipeline was read from stdin, so no file has a newer text; submit the new text instead",
    );
  try {
    return readRegularFile(path, MOST_BYTES).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof IrregularFileError ? message : `${path} cannot be read: ${code}`;
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `${why}; leave out current to run the text of the submit`,
    );
  }
}

/**
 * @throws Refusal for a stage or step that does not exist, and for outputs that the pipeline does
 * not declare
 */
async function doneByHand(
  { loader }: Parts,
  entry: Entry,
  { done = [] }: RetryBody,
  changes: Changes | null,
  by: string,
): Promise<DoneByHand[]> {
  if (done.length === 0) return [];
  const { record } = entry;
  const stages = changes?.stages ?? record.stages;
  const file = pipelineFile(entry, changes);
  const declared = file === null ? null : await loader.outputsOf(file);
  return done.map(({ stage: name, outputs }) => {
    const { stage, step } = placeIn(name, record, stages);
    const isStored = step === null && getOwn(record.stageStates, stage) === "done";
    const its = declared?.find((each) => each.stage === stage);
    if (its !== undefined) {
      if (step !== null) checkStep(step, its);
      checkOutputs(name, outputs, outputsIn(its, step), isStored);
      checkAnswer(outputs, its.choices);
    }
    return { stage, step: step ?? undefined, outputs, by };
  });
}

/**
 * @throws Refusal where the retry takes a question to a person away, or may do so: a type in code
 * can ask in any stage
 */
async function checkQuestions(
  { loader }: Parts,
  entry: Entry,
  done: readonly DoneByHand[],
  changes: Changes | null,
): Promise<void> {
  const stagesOf = async (its: Changes | null) => {
    const file = pipelineFile(entry, its);
    return file && (await loader.outputsOf(file));
  };
  const before = await stagesOf(null);
  const after = changes === null ? before : await stagesOf(changes);
  const asking = before?.filter(({ asks }) => asks !== null) ?? entry.record.approvals ?? [];
  const isByHand = done.some(
    ({ stage }) => after?.find((each) => each.stage === stage)?.asks !== null,
  );
  const questions = (stages: typeof before) =>
    JSON.stringify(stages?.map(({ stage, asks }) => [stage, asks]));
  const isChanged =
    changes !== null &&
    asking.length > 0 &&
    (before === null ||
      questions(before) !== questions(after) ||
      before.some(({ asks, isOptional }) => asks !== null && isOptional));
  if (isByHand || isChanged)
    throw new Refusal(
      "LIVEOPS_WRONG_STATE",
      `${entry.record.id} may ask a person, and this retry may take the question away; ask your user to retry it in a terminal: liveops retry --help`,
    );
}

/** The pipeline that runs, and its file; null: the type is in code. */
function pipelineFile(entry: Entry, changes: Changes | null): KeptText | null {
  const source = changes?.source ?? sourceOf(entry);
  if (source) return source;
  const { op, params } = { ...entry.record, ...changes } as Operation;
  return op === ANY_FILE ? keptTextIn(params) : null;
}

/** The outputs that a pipeline declares of a stage or step. */
export async function outputsOf(
  loader: Pick<Parts["loader"], "outputsOf">,
  file: KeptText | null,
  stage: string,
  step: string | null,
): Promise<readonly string[]> {
  // Most pipelines have none, and the loader would read the text of each failure.
  if (!file?.text.includes("outputs")) return [];
  const declared = await loader.outputsOf(file).catch(() => []);
  const its = declared.find((each) => each.stage === stage);
  return its === undefined ? [] : outputsIn(its, step);
}

/** @param step - null: those of the stage */
function outputsIn({ outputs, steps }: StageOutputs, step: string | null): readonly string[] {
  return (step === null || steps === null ? null : getOwn(steps, step)) ?? outputs;
}

/**
 * @throws Refusal for a step that the text does not have. The steps of `each` are not known before
 * they run.
 */
function checkStep(step: string, { stage, steps }: StageOutputs): void {
  const names = Object.keys(steps ?? {});
  if (names.includes(step) || (steps !== null && names.length === 0)) return;
  const { message, nearest } = unknownStep(step, `the stage ${JSON.stringify(stage)}`, names);
  throw new Refusal("LIVEOPS_BAD_REQUEST", message, { nearest });
}

function checkOutputs(
  name: string,
  outputs: Readonly<Record<string, string>> | undefined,
  declared: readonly string[],
  /** A stage that is done has its outputs already. */
  isStored: boolean,
): void {
  const quoted = JSON.stringify(name);
  const unknown = Object.keys(outputs ?? {}).find((each) => !declared.includes(each));
  if (unknown !== undefined)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `${quoted} has no output ${JSON.stringify(unknown)}; ${declared.length === 0 ? "it declares none" : `its outputs: ${declared.join(", ")}`}`,
      { nearest: nearest(unknown, declared) },
    );
  if (outputs === undefined && isStored) return;
  const missing = declared.filter((each) => !Object.hasOwn(outputs ?? {}, each));
  if (missing.length === 0) return;
  const flags = missing.map((each) => `--output ${each}=…`).join(" ");
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `what comes after ${quoted} uses its output ${missing.join(", ")}; give the value: --done ${quoted} ${flags}`,
  );
}

/** The only output of a stage that asks a person is the answer. */
function checkAnswer(
  outputs: Readonly<Record<string, string>> | undefined,
  choices: readonly string[] | null,
): void {
  const [answer] = Object.values(outputs ?? {});
  if (choices === null || answer === undefined || choices.includes(answer)) return;
  const all = choices.map((each) => JSON.stringify(each)).join(", ");
  throw new Refusal(
    "LIVEOPS_BAD_REQUEST",
    `${JSON.stringify(answer)} is none of the choices ${all}`,
    {
      nearest: nearest(answer, choices),
    },
  );
}

function forget(context: Parts, { record }: Entry, from: string | null): void {
  if (from === null) return;
  try {
    forgetFrom(valuesDir(context.layout, record.id), from, record.stages, record.attempt);
  } catch (error) {
    if (isDiskFull(error))
      throw new StoreFullError("no disk space to remove the values of its stages");
    throw isUnreadable(error) ? runFilesRefusal(record.id, error) : error;
  }
}
