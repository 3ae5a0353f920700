/**
 * Runs an operation and its chain in this process, one after another, as `liveops run` does: the watcher is told the
 * very events it would get from a daemon.
 */
import type { OperationEvent, Outcome, Submission } from "../../protocol/event.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { limitsText } from "../../protocol/resource-limits.js";
import { type Capture, captureOutput } from "./capture-output.js";
import { InlineLink } from "./inline-link.js";
import { typeOfSubmission } from "./prepare.js";
import { type OperationCtor, readType } from "./read-type.js";

/** Who an inline run tells. Both are called synchronously, in order; `id` is the operation's. */
export interface InlineWatcher {
  event(event: OperationEvent, id: string): void;
  line(line: LogLine, id: string): void;
  /** Before anything else: how to write to the terminal while the operation's own output is captured. */
  started?(real: Capture["real"]): void;
  /** Before each link of the chain. */
  begins?(Type: OperationCtor): void;
}

/**
 * @param submission - made by `prepareSubmission` in this process
 * @param signal - aborted to cancel; should the operation not end within its grace period, it is given up: this
 *   resolves, and the caller ends the process
 * @param isCancelled - asked by `track` and `checkCancelled` too, since a busy loop hears of no signal
 * @returns the record of the chain's last link, finished
 */
export async function runInline(
  Type: OperationCtor,
  submission: Submission,
  watcher: InlineWatcher,
  signal: AbortSignal,
  isCancelled?: () => boolean,
): Promise<Operation> {
  let link: InlineLink | null = null;
  const capture = captureOutput((stream, text) => link?.line(stream, link.stage, text));
  watcher.started?.(capture.real);
  try {
    let current = { Type, submission };
    for (;;) {
      watcher.begins?.(current.Type);
      link = new InlineLink(current.submission, watcher);
      const { limits } = readType(current.Type);
      if (limits)
        link.line("liveops", null, `limits are not enforced by liveops run (${limitsText(limits)})`);
      const outcome = await runLink(link, current.Type, signal, capture, isCancelled);
      if (outcome.next === null) return link.record;
      current = { Type: typeOf(outcome.next), submission: outcome.next };
    }
  } finally {
    capture.restore();
  }
}

async function runLink(
  link: InlineLink,
  Type: OperationCtor,
  signal: AbortSignal,
  capture: Capture,
  isCancelled?: () => boolean,
): Promise<Outcome> {
  // The cancel came while the link before it was on its way out: this one never starts.
  if (signal.aborted) {
    const outcome: Outcome = { state: "cancelled", result: null, error: null, next: null };
    link.finish(outcome);
    return outcome;
  }
  return link.run(Type, signal, () => capture.flush(), isCancelled);
}

function typeOf(next: Submission): OperationCtor {
  const Type = typeOfSubmission(next);
  if (Type === undefined) throw new Error(`${next.op} was not prepared in this process`);
  return Type;
}
