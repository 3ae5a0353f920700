/** The values that fit a question: from the table, then from the daemon. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import {
  branches,
  fixedValues,
  type JsonSchema,
  objectShape,
  resolveRef,
} from "../../../protocol/schema/json-schema.js";
import { listParameters } from "../../../protocol/schema/parameters.js";
import type { CommandEntry, Value } from "../../kit/command-table.js";
import { isPipelineFile } from "../../kit/pipelines.js";
import type { Given, Question } from "./line.js";
import type { Candidate } from "./shells.js";

/** Operations that are offered at most: the newest. */
const MOST_IDS = 100;

type Kind = Value["of"];

/** Values that need no daemon. */
export function staticCandidates(question: Question): Candidate[] {
  const { command, options, takesCommand, value } = question;
  return [
    ...(takesCommand ? names(command.commands) : []),
    ...staticValues(question, value),
    ...options.map(({ names: [word = ""], description }) => ({ word, description })),
  ];
}

function staticValues({ program }: Question, value: Value | null): Candidate[] {
  if (value?.of === "choices") return value.choices.map((word) => ({ word, description: "" }));
  if (value?.of === "command") return names(program.commands);
  if (value?.of === "zone")
    return Intl.supportedValuesOf("timeZone").map((word) => ({ word, description: "" }));
  return [];
}

function names(commands: readonly CommandEntry[]): Candidate[] {
  return commands.map(({ name, description }) => ({ word: name, description }));
}

const FROM_DAEMON: readonly Kind[] = [
  "id",
  "type",
  "queue",
  "host",
  "tag",
  "schedule",
  "stage",
  "label",
  "parameter",
];

/** Whether the daemon is asked. */
export function needsDaemon({ value }: Question): boolean {
  return value !== null && FROM_DAEMON.includes(value.of);
}

/** Whether paths fit where no other value does. */
export function takesFiles({ value, command }: Question): boolean {
  if (value === null) return false;
  if (value.of === "id") return command.name === "why" || command.name === "export";
  return value.of === "file" || value.of === "type" || value.of === "parameter";
}

/** @throws Error of the client */
export async function daemonCandidates(client: Client, question: Question): Promise<Candidate[]> {
  const { value } = question;
  switch (value?.of) {
    case "id":
      return [
        ...(await ids(client, question, value)),
        ...(await parametersOfRetry(client, question)),
      ];
    case "type":
      return (await client.types()).ops.map(({ op, title }) => ({ word: op, description: title }));
    case "queue":
      return (await client.queues()).queues.map(({ name, queued, running }) => ({
        word: name,
        description: `${running} running, ${queued} queued`,
      }));
    case "host":
      return (await client.hosts()).hosts.map(({ name, state, running }) => ({
        word: name,
        description: `${state}, ${running} running`,
      }));
    case "tag":
      return tags(client);
    case "schedule":
      return (await client.schedules()).schedules.map(({ name, cron, operation }) => ({
        word: name,
        description: `${operation.op} at ${cron}`,
      }));
    case "stage":
      return stages(client, question);
    case "label":
      return labels(client);
    case "parameter":
      return parameters(client, question);
    default:
      return [];
  }
}

async function ids(
  client: Client,
  { args }: Question,
  { states }: { states: Operation["state"][] | null },
) {
  const { operations } = await client.list({ limit: MOST_IDS, state: states ?? undefined });
  const words = new Set(args.map(({ text }) => text));
  return operations
    .filter(({ id }) => !words.has(id))
    .map(({ id, state, title, label }) => ({
      word: id,
      description: `${state}: ${title}${label === null ? "" : ` (${label})`}`,
    }));
}

/** `liveops retry` takes ids, then parameters of the operation. */
async function parametersOfRetry(client: Client, question: Question): Promise<Candidate[]> {
  const { command, args } = question;
  return command.name === "retry" && args.length > 0 ? parameters(client, question) : [];
}

async function tags(client: Client): Promise<Candidate[]> {
  const hosts = new Map<string, string[]>();
  for (const host of (await client.hosts()).hosts)
    for (const tag of host.tags) hosts.set(tag, [...(hosts.get(tag) ?? []), host.name]);
  return [...hosts].map(([word, of]) => ({ word, description: of.join(", ") }));
}

async function labels(client: Client): Promise<Candidate[]> {
  const { operations } = await client.list({ limit: MOST_IDS });
  const labels = new Set(operations.flatMap(({ label }) => (label === null ? [] : [label])));
  return [...labels].map((word) => ({ word, description: "" }));
}

/** The operation of the line, or the newest. */
async function operation(client: Client, args: readonly Given[]): Promise<Operation | undefined> {
  const word = args.find(({ value }) => value.of === "id");
  return word
    ? client.show(word.text)
    : (await client.list({ parent: "none", limit: 1 })).operations[0];
}

async function stages(client: Client, { args }: Question): Promise<Candidate[]> {
  const of = await operation(client, args);
  return (of?.stages ?? []).map((word) => ({
    word,
    description: of?.stageStates[word] ?? "pending",
  }));
}

async function parameters(client: Client, question: Question): Promise<Candidate[]> {
  const typeName = typeOf(question) ?? (await operation(client, question.args))?.op;
  const type: OperationType | undefined = (await client.types()).ops.find(
    ({ op }) => op === typeName,
  );
  return parameterCandidates(type?.params ?? null, question);
}

function typeOf({ args }: Question): string | undefined {
  return args.find(({ value }) => value.of === "type")?.text;
}

/** The pipeline file before the cursor, whose parameters fit; null: none. */
export function pipelineOf(question: Question): string | null {
  const type = question.value?.of === "parameter" ? typeOf(question) : undefined;
  return type !== undefined && isPipelineFile(type) ? type : null;
}

/** Names and values of the parameters of a type. */
export function parameterCandidates(
  params: JsonSchema | null,
  { args, text }: Question,
): Candidate[] {
  const cut = text.indexOf("=");
  if (cut !== -1) return parameterValues(params, text.slice(0, cut));
  const before = args
    .filter(({ value }) => value.of === "parameter")
    .map(({ text: word }) => word.split("=")[0]!);
  return parameterNames(params, new Set(before));
}

/** `name=` for each parameter that is not given. */
function parameterNames(params: JsonSchema | null, taken: ReadonlySet<string>): Candidate[] {
  return listParameters(params)
    .filter(({ name }) => !taken.has(name))
    .map(({ name, description, type }) => ({ word: `${name}=`, description: description ?? type }));
}

/** `name=value` for a parameter with a fixed number of values. */
function parameterValues(params: JsonSchema | null, name: string): Candidate[] {
  const root = params ?? {};
  const schema = objectShape(root, root)?.properties.get(name);
  if (schema === undefined) return [];
  const values = branches(schema, root).flatMap(
    (branch) => fixedValues(branch) ?? (branch.type === "boolean" ? [true, false] : []),
  );
  const standard = String(resolveRef(schema, root).default ?? "");
  return [...new Set(values.map(String))].map((value) => ({
    word: `${name}=${value}`,
    description: value === standard ? "default" : "",
  }));
}
