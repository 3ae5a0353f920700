/** Runs an operation and its chain in this process, for `liveops run`. */
import type { Submission } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { limitsText } from "../../protocol/resource-limits.js";
import { captureOutput } from "../programs/capture-output.js";
import { typeOfSubmission } from "../types/prepare.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import { currentStep, type StepPlace } from "./current-step.js";
import { InlineLink, type InlineWatcher } from "./inline-link.js";
import { type AttemptOptions, CANCELLED } from "./run-attempt.js";

/**
 * Runs an operation and the rest of its chain.
 *
 * @param submission - made by `prepareSubmission` in this process
 * @param signal - cancels the operation. If the operation does not end within its grace period, the promise resolves,
 *   and the caller ends the process
 * @param isCancelled - also called by `track` and `checkCancelled`, because a busy loop receives no signal
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
    (stream, text, at: StepPlace | undefined) => link?.line(stream, at?.stage ?? link.stage, text, at?.step),
    (...line) => link?.masker.cut(...line) ?? null,
    currentStep,
  );
  watcher.started?.(capture.real);
  try {
    let current = { Type, submission };
    for (;;) {
      watcher.begins?.(current.Type);
      link = new InlineLink(current.submission, watcher, {
        retries: true,
        ...options,
      });
      const { limits } = readType(current.Type);
      if (limits) link.line("liveops", null, `liveops run does not enforce limits (${limitsText(limits)})`);
      // The cancel came while the previous operation ended, so this operation never starts.
      if (signal.aborted) {
        link.finish(CANCELLED);
        return link.record;
      }
      const { next } = await link.run(current.Type, signal, () => capture.flush(), isCancelled);
      if (next === null) return link.record;
      const Type = typeOfSubmission(next);
      if (Type === undefined) throw new Error(`${next.op} was not prepared in this process`);
      current = { Type, submission: next };
    }
  } finally {
    capture.restore();
  }
}
