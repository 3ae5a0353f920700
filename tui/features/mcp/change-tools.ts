/** Tools that change something: a server that is read-only leaves them out. */
import { resolve } from "node:path";
import * as z from "zod";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { submitPlace } from "../../../protocol/client/submit-place.js";
import { UsageError } from "../../../protocol/failures.js";
import { retryBody, submitBody } from "../../../protocol/requests.js";
import { inPipelineBundle } from "../../cli/pipeline-argument.js";
import { secretValues } from "../../cli/secrets.js";
import { repeatedText } from "../../describe/repeated.js";
import { addShellValues, type ShellValues, withShellValues } from "../../kit/from-shell.js";
import { id, WAIT } from "./arguments.js";
import { shortRecord } from "./plain.js";
import { defineTool } from "./tool.js";

/** Without what a shell types, and what the person who configures the daemon decides. */
const {
  op: _,
  set,
  secrets,
  shell,
  ifAbsent,
  hooks,
  memoryMax,
  cpuMax,
  pidsMax,
  session,
  endsWithSession,
  submittedFrom,
  ...fields
} = submitBody.shape;

const submitOperation = defineTool({
  name: "submit_operation",
  title: "Submit an operation",
  description: `Submit an operation. Returns its record at once; ${WAIT} waits for the end. list_types lists the types and their parameters.`,
  input: {
    op: z.string().min(1).optional().describe("Name of the operation type; without it, give file"),
    file: z
      .string()
      .optional()
      .describe("Path of a pipeline file, relative to cwd, in place of op; params are its parameters"),
    ...fields,
    cwd: z
      .string()
      .optional()
      .describe(
        "Directory of the operation; default: that of the server, or the home directory on another machine",
      ),
    env: z.record(z.string(), z.string()).optional().describe("More environment variables"),
    idempotencyKey: z
      .string()
      .min(1)
      .optional()
      .describe("Submits with the same key are one operation: the same call again returns the first"),
  },
  changes: "adds",
  async run({ idempotencyKey, cwd, env, op, file, ...fields }, { client, config, signal }) {
    const what = await whatToSubmit(op, file, cwd, fields.params);
    const rest = { ...fields, ...what };
    const secrets = await secretValues([], rest.params);
    const place = submitPlace(client.socket, { cwd, allow: config.env?.allow });
    const body = {
      ...rest,
      ...place,
      env: { ...place.env, ...env },
      ...(Object.keys(secrets).length > 0 && { secrets }),
    };
    const key = idempotencyKey ?? newKey();
    const send = (values: ShellValues) => client.submit(addShellValues(body, values), key, signal);
    return shortRecord(await withShellValues(client.socket, send));
  },
});

/** The type and its parameters, also of a pipeline file. */
async function whatToSubmit(
  op: string | undefined,
  file: string | undefined,
  cwd: string | undefined,
  params: Record<string, unknown> | undefined,
): Promise<{ op: string; params?: Record<string, unknown> }> {
  if (op !== undefined && file === undefined) return { op, ...(params && { params }) };
  if (op !== undefined || file === undefined) throw new UsageError("give either op or file");
  const path = resolve(cwd ?? ".", file);
  return inPipelineBundle(({ submitOf }) => submitOf(file, path, { params, words: [], shell: process.env }));
}

const cancelOperation = defineTool({
  name: "cancel_operation",
  title: "Cancel an operation",
  description: `Cancel a queued or running operation. Returns when the request is recorded; ${WAIT} waits for the end.`,
  input: { id },
  changes: "stops",
  async run(input, { client, signal }) {
    return shortRecord(await client.cancel(input.id, signal));
  },
});

const retryOperation = defineTool({
  name: "retry_operation",
  title: "Retry an operation",
  description:
    "Run a failed or cancelled operation again, as its next attempt. A resumable operation resumes at the stage that failed. " +
    "Other parameters run all its stages again. Take a stage as done by hand only where a person has said so.",
  input: {
    id,
    from: z.string().optional().describe("Rerun from this stage, or Stage/step (resumable types only)"),
    current: z
      .boolean()
      .optional()
      .describe("Run the pipeline file as it is now, not the text of the submit"),
    done: retryBody.shape.done,
    params: retryBody.shape.params,
  },
  changes: "adds",
  async run({ id, ...body }, { client, signal }) {
    const before = await client.show(id, signal);
    const secrets = await secretValues([], [before.params, body.params]);
    const all = { ...body, ...(Object.keys(secrets).length > 0 && { secrets }) };
    const after = await client.retry(id, all, signal);
    const repeats = repeatedText(before, after.params, body.done);
    return { ...shortRecord(after), ...(repeats !== null && { repeats }) };
  },
});

const answerApproval = defineTool({
  name: "answer_approval",
  title: "Answer an operation that waits for approval",
  description:
    "Answer the question of an operation that waits for approval: the last one of approvals in its record has no answer. Ask your user before: a person decides.",
  input: {
    id,
    choice: z
      .string()
      .optional()
      .describe("One of the choices; no rejects. Default: the only one besides no"),
    since: z
      .string()
      .describe("since of the question that your user saw, so that no later question is answered"),
  },
  changes: "adds",
  async run({ id, choice, since }, { client, signal }) {
    const body = { ...(choice !== undefined && { choice }), since };
    return shortRecord(await client.approve(id, body, signal));
  },
});

export const CHANGE_TOOLS = [submitOperation, cancelOperation, retryOperation, answerApproval];
