/** Tools that change something: a server that is read-only leaves them out. */
import { resolve } from "node:path";
import * as z from "zod";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { submitPlace } from "../../../protocol/client/submit-place.js";
import { UsageError } from "../../../protocol/failures.js";
import { submitBody } from "../../../protocol/requests.js";
import { inPipelineBundle } from "../../cli/pipeline-argument.js";
import { secretValues } from "../../cli/secrets.js";
import { repeatedText } from "../../describe/repeated.js";
import { addSecretValues, type SecretValues, withSecretValues } from "../../kit/secret-values.js";
import { id, label, WAIT } from "./arguments.js";
import { shortRecord } from "./plain.js";
import { defineTool } from "./tool.js";

/** A person who needs the other fields of a submit uses the command. */
const { params } = submitBody.shape;

const submitOperation = defineTool({
  name: "submit_operation",
  description: `Submit an operation of a type (list_types) or a pipeline file. Returns its record; ${WAIT} waits for the end.`,
  input: {
    op: z.string().min(1).optional().describe("Operation type; or give file"),
    file: z.string().optional().describe("Pipeline file, relative to cwd, in place of op"),
    params,
    label,
    queue: z.string().optional(),
    after: z.array(z.string()).optional().describe("Ids that must succeed first"),
    cwd: z.string().optional().describe("Default: directory of the server"),
    env: z.record(z.string(), z.string()).optional(),
    idempotencyKey: z
      .string()
      .min(1)
      .optional()
      .describe("Submits with the same key are one operation"),
  },
  changes: "adds",
  async run({ idempotencyKey, cwd, env, op, file, ...fields }, { client, config, daemon, signal }) {
    const what = await whatToSubmit(op, file, cwd, fields.params);
    const rest = { ...fields, ...what };
    const secrets = await secretValues([], rest.params);
    const place = submitPlace(client.socket, { cwd, allow: config.env?.allow });
    const body = {
      ...rest,
      ...place,
      ...daemon.origin,
      env: { ...place.env, ...env },
      ...(Object.keys(secrets).length > 0 && { secrets }),
    };
    const key = idempotencyKey ?? newKey();
    const send = (values: SecretValues) =>
      client.submit(addSecretValues(body, values), key, signal);
    return shortRecord(await withSecretValues(client.socket, send));
  },
});

/** The type and its parameters, also of a pipeline file. */
async function whatToSubmit(
  op: string | undefined,
  file: string | undefined,
  cwd: string | undefined,
  params: Record<string, unknown> | undefined,
): Promise<{ op: string; params?: Record<string, unknown> }> {
  if (op !== undefined && file === undefined) return { op, params };
  if (op !== undefined || file === undefined) throw new UsageError("give either op or file");
  const path = resolve(cwd ?? ".", file);
  return inPipelineBundle(({ submitOf }) =>
    submitOf(file, path, { params, words: [], shell: process.env }),
  );
}

const cancelOperation = defineTool({
  name: "cancel_operation",
  description: `Cancel a queued or running operation and all its processes. ${WAIT} waits for the end.`,
  input: { id },
  changes: "stops",
  async run(input, { client, signal }) {
    return shortRecord(await client.cancel(input.id, signal));
  },
});

const retryOperation = defineTool({
  name: "retry_operation",
  description:
    "Run a failed or cancelled operation again; a resumable one resumes at the stage that failed. " +
    "Take a stage as done only where a person has said so.",
  input: {
    id,
    from: z.string().optional().describe("Stage, or Stage/step"),
    current: z.boolean().optional().describe("Run the present text of the pipeline file"),
    done: z
      .array(z.object({ stage: z.string(), outputs: z.record(z.string(), z.string()).optional() }))
      .optional()
      .describe("Done by hand: Stage or Stage/step"),
    params: z.record(z.string(), z.unknown()).optional().describe("All parameters anew"),
  },
  changes: "adds",
  async run({ id, ...body }, { client, daemon, signal }) {
    const before = await client.show(id, signal);
    const secrets = await secretValues([], [before.params, body.params]);
    const keepsQuestions = !daemon.rules.allowApprove;
    const all = { ...body, keepsQuestions, ...(Object.keys(secrets).length > 0 && { secrets }) };
    const after = await client.retry(id, all, signal);
    const repeats = repeatedText(before, after.params, body.done);
    return { ...shortRecord(after), repeats: repeats ?? undefined };
  },
});

const answerApproval = defineTool({
  name: "answer_approval",
  description: "Answer an approval. Ask your user before: a person decides.",
  input: {
    id,
    choice: z.string().optional().describe("no rejects. Default: the only one besides no"),
    since: z.string().describe("since of the question that your user saw"),
  },
  changes: "adds",
  isApproval: true,
  async run({ id, choice, since }, { client, signal }) {
    const body = { choice, since };
    return shortRecord(await client.approve(id, body, signal));
  },
});

export const CHANGE_TOOLS = [submitOperation, cancelOperation, retryOperation, answerApproval];
