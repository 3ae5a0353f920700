/**
 * Runs one attempt of an operation and returns its outcome. Called by the worker and by `liveops
 * run`.
 *
 * Only this module catches an operation's errors. It never throws: every error becomes an outcome.
 */
import { statSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { Refusal } from "../../protocol/errors.js";
import type { Outcome, Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import type { OperationError } from "../../protocol/operation.js";
import type { TerminalHost } from "../programs/terminals.js";
import { ExecError } from "../sdk/exec.js";
import { constructing } from "../sdk/live-operation.js";
import type { Masker } from "../secrets/masker.js";
import { inputSchema } from "../types/describe-type.js";
import { paramsDetail, parseParams } from "../types/parse-params.js";
import { readPipelineFacts } from "../types/pipeline-facts.js";
import { prepareSubmission } from "../types/prepare.js";
import {
  isOperationType,
  type OperationCtor,
  readType,
  resultTextFor,
  stagesFor,
  TypeFault,
  titleFor,
} from "../types/read-type.js";
import type { Ask } from "./approvals.js";
import { AttemptProgress } from "./attempt-progress.js";
import { Cancellation } from "./cancellation.js";
import type { ChildRunner } from "./children.js";
import { type AttemptTime, SYSTEM_CLOCK } from "./clock.js";
import { Failure, resultOfFailure, toOperationError } from "./failure.js";
import type { ChainCall, OutcomeCalls } from "./outcome-calls.js";
import { Uncaught, watchProcessFaults } from "./process-faults.js";
import type { Order, Sink, StageValues, StopControl } from "./sink.js";

/**
 * Finds the type of a name for `p.chainTo`, as a submit does.
 *
 * @throws Error that says why there is none
 */
export type TypeFinder = (op: string) => Promise<OperationCtor>;

export interface AttemptOptions extends AttemptTime {
  /** Default: a name finds no type. */
  findType?: TypeFinder;
  /** Directory of the stamps of pipelines. Default: none are kept, so that every stage runs. */
  stampsDir?: string;
  /**
   * Asks a person during the attempt; a text: why nobody can be asked. Default: the attempt ends
   * with its question.
   */
  ask?: Ask | string;
  /** Runs the operations inside of the attempt. Default: none can run. */
  children?: ChildRunner | undefined;
}

/**
 * Runs one attempt.
 *
 * @param values - stored stage values; ignored if the type is not resumable
 * @param terminals - null: nobody can attach to programs with `tty`
 * @returns the outcome; the caller stores it
 */
export async function runAttempt(
  Type: OperationCtor,
  order: Order,
  sink: Sink,
  control: StopControl,
  values: StageValues | null,
  { clock = SYSTEM_CLOCK, timeout, findType, stampsDir, ask, children }: AttemptOptions = {},
  terminals: TerminalHost | null = null,
): Promise<Outcome> {
  const cancellation = new Cancellation(control, clock);
  const { masker } = sink;
  let progress: AttemptProgress | null = null;
  const faults = watchProcessFaults(cancellation.signal, () => progress?.stages.current ?? null);
  const release = () => {
    cancellation.dispose();
    faults.stop();
  };
  control.abandoned?.addEventListener("abort", release, { once: true });
  let outcome: Outcome;
  try {
    const declared = await Promise.race([declare(Type, order, sink), faults.first]);
    const { parsed, stages, gracePeriod } = declared;
    const { resumable, op, failIfOdd } = readType(Type);
    const kept = resumable ? values : null;
    const notResumable = resumable ? null : op;
    progress = new AttemptProgress(
      stages,
      sink,
      cancellation,
      kept,
      gracePeriod,
      clock,
      terminals,
      notResumable,
      { stampsDir: stampsDir ?? null, isForced: order.force === true, from: order.from ?? null },
      { answers: order.approvals ?? [], ask: ask ?? null },
      children ?? null,
      order.stepSeconds,
    );
    progress.outcome.failIfOdd = failIfOdd;
    const { id, label, attempt, fields } = order;
    const operation = constructing(
      { id, params: parsed, label, attempt, fields },
      () => new Type(),
    );
    const waits = progress.approvals.waiting.then(() => ASKS);
    const ended = runWhole(operation.run(progress), progress);
    const asks = await Promise.race([waits, ended, faults.first]);
    if (asks === ASKS) {
      ended.catch(() => {});
      cancellation.abandon();
    }
    outcome = asks === ASKS ? ASKS : await finish(progress.outcome, order, findType);
  } catch (caught) {
    const thrown = caught instanceof Uncaught ? caught.thrown : caught;
    outcome = cancellation.explains(thrown)
      ? CANCELLED
      : failed(errorOf(caught, masker), resultOf(thrown));
    if (progress !== null) cancellation.abandon();
  }
  if (cancellation.reason === "timeout")
    outcome = failed(timedOut(timeout ?? readType(Type).timeout, outcome.error));
  try {
    progress?.close();
  } catch (thrown) {
    // The sink failed on the last value of the bar. A failed outcome is kept, because it matters
    // more.
    outcome = outcome.state === "failed" ? outcome : failed(errorOf(thrown, masker));
  }
  control.abandoned?.removeEventListener("abort", release);
  release();
  outcome = masker.maskOutcome(outcome);
  if (outcome.state !== "succeeded") return outcome;
  const text = resultTextFor(Type, outcome.result, {
    mask: (plain) => masker.mask(plain),
    log: (line) => sink.line("liveops", null, line),
  });
  return { ...outcome, ...text };
}

/**
 * Parses the parameters again. Reports changed stages or a changed title with `stages:declared`,
 * and the grace period of the file where the type runs any file.
 */
async function declare(Type: OperationCtor, order: Order, sink: Sink) {
  const { params, gracePeriod: ofType } = readType(Type);
  const parsed = await parseParams(params, order.params);
  if (!parsed.ok)
    throw new Failure("LIVEOPS_PARAMS_INVALID", paramsDetail(parsed.problems, inputSchema(params)));
  const title = await titleFor(Type, parsed.value);
  const stages = await stagesFor(Type, parsed.value);
  const same =
    stages.length === order.stages.length &&
    stages.every((name, index) => name === order.stages[index]);
  if (!same || title !== order.title) sink.event({ type: "stages:declared", title, stages }, true);
  const facts = readPipelineFacts(Type, parsed.value, order.params);
  const gracePeriod = facts?.gracePeriod ?? ofType;
  if (gracePeriod !== ofType) sink.event({ type: "grace:declared", gracePeriod }, false);
  return { parsed: parsed.value, stages, gracePeriod };
}

/** Waits for `run`; throws if a stage is still active. */
async function runWhole(running: void | Promise<void>, progress: AttemptProgress): Promise<void> {
  await running;
  // Node reports an unhandled rejection only after the microtasks of this turn.
  await turn();
  const { misuse, active } = progress.stages;
  if (misuse !== null) throw misuse;
  if (active !== null)
    throw new Failure(
      "LIVEOPS_STAGE_ACTIVE",
      `run returned while stage "${active}" was active: await p.stage("${active}", …)`,
    );
  const { running: part } = progress;
  if (part !== null)
    throw new Failure(
      "LIVEOPS_STAGE_ACTIVE",
      `run returned while ${part.name} was running, and it was stopped: await p.${part.call}`,
    );
}

async function finish(calls: OutcomeCalls, order: Order, findType?: TypeFinder): Promise<Outcome> {
  const error = calls.get("error");
  if (error !== null)
    return failed({ code: "LIVEOPS_FAILED", message: error.message, stack: null });
  const result = calls.get("result")?.value ?? null;
  const chainTo = calls.get("chainTo");
  const next = chainTo === null ? null : await nextLink(chainTo, order, findType);
  return {
    state: "succeeded",
    result,
    error: null,
    next,
    ...(calls.failIfOdd && { failIfOdd: true }),
  };
}

async function nextLink(call: ChainCall, order: Order, findType?: TypeFinder): Promise<Submission> {
  const type =
    typeof call.type === "string" ? await typeNamed(call.type, call, findType) : call.type;
  if (!isOperationType(type))
    throw at(call, new TypeError("p.chainTo takes an operation type: a class, or its name"));
  const { id, cwd, label, chain } = order;
  try {
    return await prepareSubmission(
      type,
      { params: call.params, set: call.words },
      {
        id: newId(),
        cwd,
        label,
        chain: { id: chain.id, index: chain.index + 1, previous: id, next: null },
      },
    );
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const message = `the chain cannot continue with ${readType(type).op}: ${thrown.message}`;
    throw at(call, new Failure("LIVEOPS_PARAMS_INVALID", message));
  }
}

async function typeNamed(
  op: string,
  call: ChainCall,
  findType?: TypeFinder,
): Promise<OperationCtor> {
  try {
    if (findType === undefined)
      throw new Error("a test knows no type by its name: pass the class to p.chainTo");
    return await findType(op);
  } catch (thrown) {
    const message = `the chain cannot continue with ${op}: ${(thrown as Error).message}`;
    throw at(call, new Failure("LIVEOPS_CHAIN_TYPE", message));
  }
}

/** Gives the error the stack of the author's `p.chainTo` call. */
function at<E extends Error>(call: ChainCall, error: E): E {
  const [, ...frames] = (call.at.stack ?? "").split("\n");
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
}

/** The next attempt goes on with the answer of a person. */
const ASKS: Outcome = { state: "cancelled", result: null, error: null, next: null, asks: true };

export const CANCELLED: Outcome = { state: "cancelled", result: null, error: null, next: null };

function failed(error: OperationError, result: unknown = null): Outcome {
  return { state: "failed", result, error, next: null };
}

/** The outcome of an attempt whose working directory is missing; null if the directory is there. */
export function cwdGone(cwd: string): Outcome | null {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return null;
  const message = `its working directory ${cwd} no longer exists`;
  return failed({ code: "LIVEOPS_CWD_GONE", message, stack: null });
}

/**
 * The result of a failed operation: what its error carries, or how the program ended whose failure
 * is passed on.
 */
function resultOf(thrown: unknown): unknown {
  const given = resultOfFailure(thrown);
  if (given !== undefined) return given;
  if (!(thrown instanceof ExecError)) return null;
  const { exitCode, signal, seconds } = thrown;
  return { exitCode, signal, seconds };
}

function errorOf(thrown: unknown, masker: Masker): OperationError {
  if (thrown instanceof Uncaught) return { ...errorOf(thrown.thrown, masker), cause: thrown.cause };
  if (!(thrown instanceof TypeFault)) return toOperationError(thrown, masker);
  return { code: "LIVEOPS_LOAD_FAILED", message: thrown.message, stack: null };
}

function timedOut(timeout: number | null, error: OperationError | null): OperationError {
  const message = `it ran longer than its timeout of ${timeout} s`;
  return { code: "LIVEOPS_TIMEOUT", message, stack: error?.stack ?? null };
}
