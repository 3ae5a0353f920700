/** Runs an operation and the rest of its chain in this process. */
import type { Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { typeOfSubmission } from "../types/prepare.js";
import type { OperationCtor } from "../types/read-type.js";
import type { InlineLink } from "./inline-link.js";
import { CANCELLED } from "./run-attempt.js";

interface ChainParts {
  /** Called before each operation of the chain. */
  link(Type: OperationCtor, submission: Submission): InlineLink;
  signal: AbortSignal;
  /** Passes on output of the process without a line end. */
  flush(): void;
  isCancelled?: (() => boolean) | undefined;
}

/**
 * @param submission - made by `prepareSubmission` in this process
 * @returns the finished record of the last operation
 */
export async function runChain(
  Type: OperationCtor,
  submission: Submission,
  parts: ChainParts,
): Promise<Operation> {
  const link = parts.link(Type, submission);
  // The cancel came while the previous operation ended, so this operation never starts.
  if (parts.signal.aborted) {
    link.finish(CANCELLED);
    return link.record;
  }
  const { next } = await link.run(Type, parts.signal, parts.flush, parts.isCancelled);
  if (next === null) return link.record;
  const Next = typeOfSubmission(next);
  if (Next === undefined) throw new Error(`${next.op} was not prepared in this process`);
  if (submission.parent) next.parent = submission.parent;
  return runChain(Next, next, parts);
}
