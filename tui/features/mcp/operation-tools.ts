/** Tools that read operation types and operations. */

import * as z from "zod";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import { STATES } from "../../../protocol/state.js";
import { unknownType } from "../../../protocol/text/unknown-name.js";
import { newestToExplain } from "../../kit/newest-to-explain.js";
import { id, WAIT } from "./arguments.js";
import { cutText, MAX_REPLY, shortRecord } from "./plain.js";
import { endOf, expectedOf, summaryOf } from "./summary.js";
import { defineTool } from "./tool.js";
import { waitFor } from "./wait.js";

/** Most operations of one list. */
const MAX_LIST = 100;

/** The record, and when the operation is expected to start and to end, if that is known. */
async function recordOf(client: Client, operation: Operation) {
  const expected = (await expectedOf(client, [operation]))[operation.id];
  return { ...shortRecord(operation), expected };
}

const listTypes = defineTool({
  name: "list_types",
  description: "List operation types with stages and the JSON Schemas of their parameters.",
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

function typeOf(type: OperationType & { requires?: string[] }) {
  const { op, title, stages, resumable, timeout, queue, requires, params } = type;
  return { op, title, stages, resumable, timeout, queue, requires, params };
}

/**
 * All types; without their schemas if they do not fit into a reply, and only the first ones if that
 * is not enough.
 */
function fittingTypes(types: TypeReply[], errors: Array<{ file: string; message: string }>) {
  const all = { types, errors: errors.slice(0, 20) };
  if (JSON.stringify(all).length <= MAX_REPLY) return all;
  const short = types.map(({ op, title }) => ({ op, title }));
  const next = "The schemas do not fit into one reply. Call list_types with op to read one type.";
  return { ...all, types: short.slice(0, MAX_REPLY / 300), total: types.length, next };
}

const showOperation = defineTool({
  name: "show_operation",
  description:
    "The whole record of an operation: stages, progress, expected end, parameters, result, error.",
  input: { id },
  changes: "nothing",
  async run(input, { client, signal }) {
    return recordOf(client, await client.show(input.id, signal));
  },
});

const explainOperation = defineTool({
  name: "explain_operation",
  description:
    "Tell why an operation failed and what changed since it last worked, what a queued one waits for, or what is unusual.",
  input: { id: id.optional().describe("Default: the newest that failed, else that waits") },
  changes: "nothing",
  async run(input, { client, signal }) {
    return client.why(input.id ?? (await newestToExplain(client, signal)), {}, signal);
  },
});

const listOperations = defineTool({
  name: "list_operations",
  description:
    "List operations, newest first: command, state, time, time left, exit code, last line. mine: those that were started in this directory or session.",
  input: {
    mine: z.boolean().default(false),
    state: z.union([z.enum(STATES), z.array(z.enum(STATES))]).optional(),
    op: z.string().optional().describe("Type"),
    chain: z.string().optional(),
    parent: z.string().default("none").describe("Only children of this id"),
    text: z.string().optional().describe("Text in id, type, title or label"),
    limit: z.int().min(1).max(MAX_LIST).default(20),
    before: z.string().optional().describe("next of the previous reply"),
  },
  changes: "nothing",
  async run({ text, state = [], mine, ...query }, { client, daemon, signal }) {
    const whose = mine ? daemon.mine(client.socket) : {};
    const { operations, next, total } = await client.list(
      { ...query, ...whose, state: [state].flat(), q: text },
      signal,
    );
    const expected = await expectedOf(client, operations);
    const rows = operations.map(async (operation) => {
      const lines =
        operation.logLines === 0 ? [] : (await client.log(operation.id, { tail: 1 }, signal)).lines;
      return summaryOf(
        operation,
        expected,
        client.now(),
        cutText(lines[0]?.text ?? "", MAX_LAST_LINE),
      );
    });
    return { operations: await Promise.all(rows), next, total };
  },
});

/** Most characters of the last line in a list. */
const MAX_LAST_LINE = 200;

const wait = defineTool({
  name: WAIT,
  description:
    "Wait until an operation and its chain are finished, or it needs a person: waits has the question. Sends progress. finished: false when the timeout runs out; the operation goes on.",
  input: {
    id,
    timeout: z
      .number()
      .min(0)
      .max(86_400)
      .default(45)
      .describe("Longest wait in seconds; 0: look only"),
    chain: z.boolean().default(true).describe("Wait for the last operation of the chain"),
  },
  changes: "nothing",
  async run(input, context) {
    const operation = await waitFor(input, context);
    return { ...endOf(operation), operation: await recordOf(context.client, operation) };
  },
});

export const OPERATION_TOOLS = [listTypes, listOperations, showOperation, explainOperation, wait];
