/** `wait_for_operation`: follows an operation and its chain, over restarts of the daemon. */
import { lastOfChain } from "../../protocol/client/until-finished.js";
import { watchOperation } from "../../protocol/client/watching.js";
import { LiveopsError } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { WAIT } from "./arguments.js";
import { shortRecord } from "./plain.js";
import { ProgressReporter } from "./progress.js";
import type { CallContext } from "./tool.js";

interface WaitInput {
  id: string;
  /** Seconds. */
  timeout: number;
  chain: boolean;
}

export async function waitForOperation(input: WaitInput, context: CallContext): Promise<unknown> {
  const { client, sendProgress } = context;
  const signal = AbortSignal.any([context.signal, context.ended]);
  const first = await client.show(input.id, signal);
  if (input.timeout === 0) return reply(input.chain ? await lastOfChain(client, first, signal) : first);
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
    }
  } catch (error) {
    if (late.signal.aborted && !signal.aborted) return reply(last);
    if (signal.aborted) throw stopped(last);
    throw error;
  } finally {
    clearTimeout(timer);
    await reporter?.close();
  }
  // The stream leaves out large values.
  return reply(await client.show(last.id, signal));
}

/** The wait ended with its call or the server. No client reads it unless the server ends. */
function stopped({ id }: Operation): LiveopsError {
  return new LiveopsError("LIVEOPS_CLIENT_CLOSED", `the wait was stopped; ${id} continues`);
}

function reply(operation: Operation) {
  const finished = isFinal(operation.state);
  const next = finished ? {} : { next: `${operation.id} continues. Call ${WAIT} again to wait longer.` };
  return { finished, ...next, operation: shortRecord(operation) };
}
