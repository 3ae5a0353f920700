/** The requests to the daemon that full screen and screen reader share. */
import { resolve } from "node:path";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { submitPlace } from "../../protocol/client/submit-place.js";
import { type Problem, Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import type { RetryBody, SubmitBody } from "../../protocol/requests.js";
import type { SelectionLine } from "../../protocol/stream-lines.js";
import { inPipelines, isPipelineFile } from "../kit/pipelines.js";
import { addSecretValues, withSecretValues } from "../kit/secret-values.js";
import type { DashboardClient } from "./core/client.js";
import type { Request, SwitchKind } from "./core/request.js";
import type { Submit } from "./form/form.js";

/**
 * @param allow `env.allow` of the config file
 * @returns the operations as they are now
 */
export async function send(
  client: DashboardClient,
  request: Request,
  allow?: readonly string[],
): Promise<Operation[]> {
  if (request.kind === "submit") {
    return [await sendForm(client, request, allow)];
  }
  if ("name" in request) {
    await flip(client, request.kind, request.name);
    return [];
  }
  return changeAll(client, request);
}

async function sendForm(
  client: DashboardClient,
  { op, params: given, label, of, done, file }: Submit,
  allow?: readonly string[],
): Promise<Operation> {
  const params = file === undefined ? { ...given } : { ...file, params: { ...given } };
  switch (of?.does) {
    case "retry": {
      const texts = Object.values(given).filter((value) => typeof value === "string");
      const byHand = done.length > 0 && { done: [...done] };
      return client.retry(of.id, { params, secrets: secretsOf(texts), ...byHand });
    }
    case "again":
      return client.again(of.id, { params, ...(label !== "" && { label }) }, newKey());
  }
  const { socket } = client;
  const own = { params, words: [], shell: process.env };
  const what = isPipelineFile(op)
    ? await inPipelines(({ submitOf }) => submitOf(op, resolve(op), own))
    : { op, params };
  const body: SubmitBody = {
    ...what,
    ...(label !== "" && { label }),
    ...submitPlace(socket, { allow }),
  };
  const key = newKey();
  return withSecretValues(socket, (values) => client.submit(addSecretValues(body, values), key));
}

/** The values of secrets that are variables of this process, by their sources. */
function secretsOf(sources: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    sources.flatMap((source) => {
      const [, name] = /^env:(\w+)$/.exec(source) ?? [];
      const value = name === undefined ? undefined : process.env[name];
      return value === undefined || value === "" ? [] : [[source, value]];
    }),
  );
}

/** @throws the first error */
async function changeAll(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
): Promise<Operation[]> {
  const { ids } = request;
  const together = ids.length > 1 ? allOf(client, request) : null;
  const done: Operation[] = [];
  if (together !== null) for await (const operation of together) done.push(operation);
  else for (const id of ids) done.push(await change(client, request, id));
  return done;
}

/** One request for several operations; null where there is none of the kind. */
function allOf(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
): AsyncGenerator<Operation> | null {
  const ids = [...request.ids];
  switch (request.kind) {
    case "cancel":
      return changed(client.cancelAll({ ids }));
    case "remove":
      return changed(client.removeAll({ ids }));
    case "retry":
      return changed(client.retryAll({ ids, ...retryBody(request) }));
    default:
      return null;
  }
}

/** @throws the first refusal, after the others were told */
async function* changed(lines: AsyncGenerator<SelectionLine>): AsyncGenerator<Operation> {
  let refused: Problem | null = null;
  for await (const line of lines) {
    if (line.type === "changed") yield line.operation;
    else if (line.type === "refused") refused ??= line.problem;
  }
  if (refused !== null) throw Refusal.fromProblem(refused);
}

function change(
  client: DashboardClient,
  request: Extract<Request, { ids: unknown }>,
  id: string,
): Promise<Operation> {
  switch (request.kind) {
    case "cancel":
    case "remove":
    case "pause":
    case "resume":
      return client[request.kind](id);
    case "retry":
      return client.retry(id, retryBody(request));
    case "answer":
      return client.approve(id, { choice: request.choice, since: request.since });
  }
}

function flip(client: DashboardClient, kind: SwitchKind, name: string): Promise<unknown> {
  switch (kind) {
    case "pause-queue":
      return client.pauseQueue({ queue: name });
    case "resume-queue":
      return client.resumeQueue({ queue: name });
    case "drain-host":
    case "undrain-host":
      return client.drain({ draining: kind === "drain-host" });
  }
}

function retryBody({ from, current }: Extract<Request, { kind: "retry" }>): RetryBody {
  return { from, current };
}
