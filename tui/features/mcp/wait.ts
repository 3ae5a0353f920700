/** Waits for the end of an operation, or until it needs a person. */
import { waitsForApproval } from "../../../protocol/approval.js";
import { lastOfChain } from "../../../protocol/client/until-finished.js";
import { watchOperation } from "../../../protocol/client/watching.js";
import { LiveopsError } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { ProgressReporter } from "./progress.js";
import type { CallContext } from "./tool.js";

interface WaitInput {
  id: string;
  /** Seconds; 0: look, and do not wait. */
  timeout: number;
  chain: boolean;
}

/** The whole record of the operation, or of the last one of its chain. */
export async function waitFor(input: WaitInput, context: CallContext): Promise<Operation> {
  const { client, sendProgress } = context;
  const signal = AbortSignal.any([context.signal, context.ended]);
  const first = await client.show(input.id, signal);
  if (input.timeout === 0) return input.chain ? lastOfChain(client, first, signal) : first;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), input.timeout * 1000);
  const reporter = sendProgress && new ProgressReporter(sendProgress);
  let last = first;
  try {
    const records = watchOperation(client, first.id, input.chain, {
      signal: AbortSignal.any([signal, late.signal]),
      onLost: () => reporter?.lost(),
    });
    for await (const record of records) {
      last = record;
      reporter?.report(record);
      if (needsOf(record) !== null) break;
    }
  } catch (error) {
    if (signal.aborted) throw stopped(last);
    if (!late.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    await reporter?.close();
  }
  // The stream leaves out large values.
  return client.show(last.id, signal);
}

/** The wait ended with its call or the server. No client reads it unless the server ends. */
function stopped({ id }: Operation): LiveopsError {
  return new LiveopsError("LIVEOPS_CLIENT_CLOSED", `the wait was stopped; ${id} continues`);
}

/** What the operation needs from a person; null: nothing. */
export function needsOf(operation: Operation) {
  const open = waitsForApproval(operation);
  if (open !== null) {
    const { question, choices, since } = open;
    return { for: "approval", question, choices, since };
  }
  const { waitingForInput } = operation;
  if (waitingForInput === null) return null;
  const { prompt, ...rest } = waitingForInput;
  return { for: "input", question: prompt, ...rest };
}
