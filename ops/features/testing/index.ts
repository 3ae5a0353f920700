/** The public module `liveops/testing`: runs an operation in a unit test, without a daemon. */
import type { OperationEvent } from "../../../protocol/event.js";
import { newId } from "../../../protocol/id.js";
import type { OperationError } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import { InlineLink, type InlineWatcher } from "../../attempt/inline-link.js";
import { childrenWith } from "../../attempt/inline-nested.js";
import type { OperationClass } from "../../sdk/live-operation.js";
import type { ParamsInput, ResultOf } from "../../sdk/statics.js";
import { prepareSubmission } from "../../types/prepare.js";
import { isOperationType } from "../../types/read-type.js";

export type { OperationEvent } from "../../../protocol/event.js";

/** A finished run. */
export interface OperationRun<T extends OperationClass = OperationClass> {
  readonly state: FinalState;
  /** What `p.result` got, as JSON gives it back; null without a result. */
  readonly result: ResultOf<T>;
  /** Why the operation failed; otherwise null. */
  readonly error: OperationError | null;
  /** Every event, as the daemon would store it, in order. */
  readonly events: readonly OperationEvent[];
  /** The text of each log line. */
  readonly log: readonly string[];
}

/** The parameters; they may be left out if the type needs none. */
export type RunArguments<T> =
  Record<never, never> extends ParamsInput<T>
    ? [params?: ParamsInput<T>]
    : [params: ParamsInput<T>];

/**
 * Runs one attempt of an operation to its end, in this process.
 *
 * ```ts
 * const run = await runOperation(Import, { path: "users.csv" });
 * assert.equal(run.state, "succeeded");
 * ```
 *
 * An operation that fails does not reject: see `state` and `error`. A chain does not go on.
 *
 * @param params - parsed with `static params`, as a submit does
 * @throws Error with the code `LIVEOPS_PARAMS_INVALID` and a list of the problems, if the parameters are not valid
 */
export async function runOperation<T extends OperationClass>(
  type: T,
  ...[params]: RunArguments<T>
): Promise<OperationRun<T>> {
  if (!isOperationType(type)) throw new TypeError("runOperation takes an operation type: a class");
  const id = newId();
  const chain = { id, index: 0, previous: null, next: null };
  const submission = await prepareSubmission(
    type,
    { params },
    { id, label: null, cwd: process.cwd(), chain },
  );
  const events: OperationEvent[] = [];
  const log: string[] = [];
  const watcher: InlineWatcher = {
    event: (event, of) => void (of === id && events.push(event)),
    line: ({ text }, of) => void (of === id && log.push(text)),
  };
  const findType = async (op: string) => {
    throw new Error(`a test knows no type by its name, such as ${op}: pass the class`);
  };
  const flush = () => {};
  const children = childrenWith({ watcher, options: { findType }, flush });
  const link = new InlineLink(submission, watcher, children);
  const { state, result, error } = await link.run(type, new AbortController().signal, flush);
  return { state, result: result as ResultOf<T>, error, events, log };
}
