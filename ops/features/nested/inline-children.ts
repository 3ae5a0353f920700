/**
 * Runs the operations inside of an attempt in its own process, for `liveops run` and
 * `liveops/testing`.
 */
import { OPERATION_VARIABLES } from "../../../protocol/environment.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Submission } from "../../../protocol/event.js";
import { newId } from "../../../protocol/id.js";
import { MAX_NESTED } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import { submittedRecord } from "../../../protocol/reduce.js";
import type { ChildCall, ChildPlace, ChildRunner, ChildWatch } from "../../attempt/children.js";
import { SYSTEM_CLOCK } from "../../attempt/clock.js";
import { runChain } from "../../attempt/inline-chain.js";
import { InlineLink, type InlineParts, type LinkOptions } from "../../attempt/inline-link.js";
import { keepVariables } from "../../attempt/operation-variables.js";
import { prepareSubmission } from "../../types/prepare.js";
import type { OperationCtor } from "../../types/read-type.js";

/** @param depth - number of operations inside of which those run */
export function inlineChildren(
  parts: InlineParts,
  depth = 1,
): NonNullable<LinkOptions["childrenOf"]> {
  return (parent, attempt) => new InlineChildren(parts, parent, attempt, depth);
}

class InlineChildren implements ChildRunner {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly parts: InlineParts,
    private readonly parent: Submission,
    private readonly attempt: number,
    private readonly depth: number,
  ) {}

  /** One after another: they share the directory and the variables of this process. */
  run(call: ChildCall, place: ChildPlace, watch: ChildWatch): Promise<Operation> {
    const run = this.#turn.then(() => this.#run(call, place, watch));
    this.#turn = run.catch(() => {});
    return run;
  }

  idle(): Promise<unknown> {
    return this.#turn;
  }

  async #run(
    call: ChildCall,
    place: ChildPlace,
    { signal, onRecord }: ChildWatch,
  ): Promise<Operation> {
    const { watcher, options, flush, isCancelled } = this.parts;
    if (this.depth > MAX_NESTED)
      throw new Refusal(
        "LIVEOPS_TOO_DEEP",
        `an operation would run inside of ${MAX_NESTED} others`,
      );
    const Type = typeof call.type === "string" ? await options.findType!(call.type) : call.type;
    const submission = await this.#submissionOf(Type, call, place);
    onRecord(submittedRecord(submission, (options.clock ?? SYSTEM_CLOCK).time(), 0));
    const childrenOf = inlineChildren(this.parts, this.depth + 1);
    const link = (_: OperationCtor, its: Submission) =>
      new InlineLink(its, watcher, { ...options, onRecord, childrenOf });
    const leave = keepVariables([
      ...Object.keys(OPERATION_VARIABLES),
      ...Object.keys(call.env ?? {}),
    ]);
    Object.assign(process.env, call.env);
    const listeners = process.getMaxListeners();
    // Each attempt listens for uncaught errors.
    process.setMaxListeners(listeners + 1);
    try {
      return await runChain(Type, submission, { link, signal, flush, isCancelled });
    } finally {
      process.setMaxListeners(listeners);
      leave();
    }
  }

  async #submissionOf(
    Type: OperationCtor,
    call: ChildCall,
    place: ChildPlace,
  ): Promise<Submission> {
    const { id: parentId, cwd, force } = this.parent;
    const id = newId();
    const { params, words: set, queue } = call;
    const context = {
      id,
      label: null,
      cwd: call.cwd ?? cwd,
      chain: { id, index: 0, previous: null, next: null },
      parent: { id: parentId, attempt: this.attempt, ...place },
      force,
    };
    const submission = await prepareSubmission(Type, { params, set }, context);
    if (queue !== undefined) submission.queue = queue;
    return submission;
  }
}
