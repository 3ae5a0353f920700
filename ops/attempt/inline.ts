/** Runs an operation and its chain in this process, for `liveops run`. */
import type { Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { captureOutput, type OutputStream } from "../programs/capture-output.js";
import type { OperationCtor } from "../types/read-type.js";
import { type CurrentWriter, currentWriter, writeLine } from "./current-step.js";
import { runChain } from "./inline-chain.js";
import { InlineLink, type InlineWatcher } from "./inline-link.js";
import { childrenWith } from "./inline-nested.js";
import type { AttemptOptions } from "./run-attempt.js";

/**
 * Runs an operation and the rest of its chain.
 *
 * @param submission - made by `prepareSubmission` in this process
 * @param signal - cancels the operation. If the operation does not end within its grace period,
 *   the promise resolves, and the caller ends the process
 * @param isCancelled - also called by `track` and `checkCancelled`, because a busy loop receives
 *   no signal
 * @returns the finished record of the last operation of the chain
 */
export async function runInline(
  Type: OperationCtor,
  submission: Submission,
  watcher: InlineWatcher,
  signal: AbortSignal,
  isCancelled?: () => boolean,
  options: Pick<AttemptOptions, "findType" | "stampsDir"> = {},
): Promise<Operation> {
  let link: InlineLink | null = null;
  const capture = captureOutput(
    (...line: [OutputStream, string, CurrentWriter | undefined]) => writeLine(link, ...line),
    (...line) => (currentWriter()?.attempt ?? link)?.masker.cut(...line) ?? null,
    currentWriter,
  );
  watcher.started?.(capture.real);
  const flush = () => capture.flush();
  const linkOptions = { retries: true, ...options };
  const children = childrenWith({ watcher, options: linkOptions, flush, isCancelled });
  const newLink = (Type: OperationCtor, its: Submission) => {
    watcher.begins?.(Type);
    link = new InlineLink(its, watcher, { ...linkOptions, ...children });
    return link;
  };
  try {
    return await runChain(Type, submission, { link: newLink, signal, flush, isCancelled });
  } finally {
    capture.restore();
  }
}
