/** Tools that read operation types and operations. */

import * as z from "zod";
import type { Client } from "../../../protocol/client/client.js";
import { lastOfChain } from "../../../protocol/client/until-finished.js";
import { watchOperation } from "../../../protocol/client/watching.js";
import { LiveopsError } from "../../../protocol/errors.js";
import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import { isFinal, STATES } from "../../../protocol/state.js";
import { unknownType } from "../../../protocol/text/unknown-name.js";
import { newestToExplain } from "../../kit/newest-to-explain.js";
import { id, WAIT } from "./arguments.js";
import { cutText, MAX_REPLY, shortRecord } from "./plain.js";
import { ProgressReporter } from "./progress.js";
import { type CallContext, defineTool } from "./tool.js";

interface WaitInput {
  id: string;
  /** Seconds. */
  timeout: number;
  chain: boolean;
}

async function waitForOperation(input: WaitInput, context: CallContext): Promise<unknown> {
  const { client, sendProgress } = context;
  const signal = AbortSignal.any([context.signal, context.ended]);
  const first = await client.show(input.id, signal);
  if (input.timeout === 0)
    return reply(client, input.chain ? await lastOfChain(client, first, signal) : first);
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
    if (late.signal.aborted && !signal.aborted) return reply(client, last);
    if (signal.aborted) throw stopped(last);
    throw error;
  } finally {
    clearTimeout(timer);
    await reporter?.close();
  }
  // The stream leaves out large values.
  return reply(client, await client.show(last.id, signal));
}

/** The wait ended with its call or the server. No client reads it unless the server ends. */
function stopped({ id }: Operation): LiveopsError {
  return new LiveopsError("LIVEOPS_CLIENT_CLOSED", `the wait was stopped; ${id} continues`);
}

async function reply(client: Client, operation: Operation) {
  const finished = isFinal(operation.state);
  const next = finished ? {} : { next: `${operation.id} continues. Call ${WAIT} again to wait longer.` };
  return { finished, ...next, operation: await recordOf(client, operation) };
}

/** The record, and when the operation is expected to start and to end, if that is known. */
async function recordOf(client: Client, operation: Operation) {
  const forecast = isFinal(operation.state) ? null : await client.forecast().catch(() => null);
  const expected = forecast?.operations[operation.id];
  return { ...shortRecord(operation), ...(expected && { expected }) };
}

/** Most operations of one list. */
const MAX_LIST = 100;

const MAX_MESSAGE = 300;

const listTypes = defineTool({
  name: "list_types",
  title: "List operation types",
  description: "List the operation types with their stages and the JSON Schemas of their parameters.",
  input: { op: z.string().optional().describe("Only the type with this name") },
  changes: "nothing",
  async run({ op }, { client, signal }) {
    const { ops, errors } = await client.types(signal);
    if (op === undefined) return fittingTypes(ops.map(typeOf), errors);
    const match = ops.find((type) => type.op === op);
    if (match === undefined)
      throw unknownType(
        op,
        ops.map((type) => type.op),
        errors.length,
      );
    return { types: [typeOf(match)], errors: [] };
  },
});

type TypeReply = ReturnType<typeof typeOf>;

function typeOf({ op, title, stages, resumable, timeout, queue, requires, params }: OperationType) {
  return { op, title, stages, resumable, timeout, queue, requires, params };
}

/** All types; without their schemas if they do not fit into a reply, and only the first ones if that is not enough. */
function fittingTypes(types: TypeReply[], errors: Array<{ file: string; message: string }>) {
  const all = { types, errors: errors.slice(0, 20) };
  if (JSON.stringify(all).length <= MAX_REPLY) return all;
  const short = types.map(({ op, title }) => ({ op, title }));
  const next = "The schemas do not fit into one reply. Call list_types with op to read one type.";
  return { ...all, types: short.slice(0, MAX_REPLY / 300), total: types.length, next };
}

const showOperation = defineTool({
  name: "show_operation",
  title: "Show an operation",
  description:
    "Show the record of an operation: state, stages, progress, expected end, parameters, result and error.",
  input: { id },
  changes: "nothing",
  async run(input, { client, signal }) {
    return recordOf(client, await client.show(input.id, signal));
  },
});

const explainOperation = defineTool({
  name: "explain_operation",
  title: "Tell why an operation failed or waits",
  description:
    "Tell why an operation failed, with what has changed since it last worked and the state of the machine at the failure; what a queued one waits for; what is unusual in a run.",
  input: {
    id: id
      .optional()
      .describe("Id of the operation; default: the newest that failed, else the newest that waits"),
  },
  changes: "nothing",
  async run(input, { client, signal }) {
    return client.why(input.id ?? (await newestToExplain(client, signal)), {}, signal);
  },
});

const listOperations = defineTool({
  name: "list_operations",
  title: "List operations",
  description: "List operations, newest first, as short records. show_operation returns a full record.",
  input: {
    state: z
      .union([z.enum(STATES), z.array(z.enum(STATES))])
      .optional()
      .describe("Only operations in this state, or in one of these states"),
    op: z.string().optional().describe("Only operations of this type"),
    chain: z.string().optional().describe("Only operations of the chain with this id"),
    parent: z
      .string()
      .default("none")
      .describe("Only children of the operation with this id; default: no children"),
    host: z.string().optional().describe("Only operations that this host of the fleet runs, or ran last"),
    text: z.string().optional().describe("Text to find in the id, type, title or label"),
    limit: z.int().min(1).max(MAX_LIST).default(20).describe("Number of operations in the reply"),
    before: z.string().optional().describe("next of the previous reply, to read the next page"),
  },
  changes: "nothing",
  async run({ text, state = [], ...query }, { client, signal }) {
    const states = [state].flat();
    const { operations, next, total } = await client.list({ ...query, state: states, q: text }, signal);
    return { operations: operations.map(summaryOf), next, total };
  },
});

/** The fields of a record that a list shows. */
function summaryOf(operation: Operation) {
  const { id, op, title, label, state, stages, currentStage, attempt, queue, error, host, odd } = operation;
  const { createdAt, startedAt, finishedAt, logLines, chain, parent } = operation;
  return {
    id,
    op,
    title,
    label,
    state,
    queue,
    attempt,
    host,
    stage: operation.untrackedStage ?? stages[currentStage] ?? null,
    percent: Math.floor(overallProgress(operation, null).percent),
    error: error && { code: error.code, message: cutText(error.message, MAX_MESSAGE) },
    ...(odd?.length && { odd }),
    createdAt,
    startedAt,
    finishedAt,
    logLines,
    chain,
    ...(parent && { parent }),
  };
}

const wait = defineTool({
  name: WAIT,
  title: "Wait for an operation",
  description:
    "Wait until an operation and its chain are finished. Sends progress notifications if the client asks for them. The reply has finished: false if the timeout runs out; the operation then continues.",
  input: {
    id,
    timeout: z
      .number()
      .min(0)
      .max(86_400)
      .default(45)
      .describe("Longest wait in seconds; 0: look, and do not wait"),
    chain: z.boolean().default(true).describe("Wait for the last operation of the chain"),
  },
  changes: "nothing",
  run: waitForOperation,
});

export const OPERATION_TOOLS = [listTypes, listOperations, showOperation, explainOperation, wait];
