/** The values that fit a question: from the table, then from the daemon. */
import type { Client } from "../../../protocol/client/client.js";
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import type { Given, Question } from "./line.js";
import type { Candidate } from "./shells.js";
import type { CommandEntry, Value } from "./table.js";

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
export function needsDaemon({ value, values }: Question): boolean {
  // The daemon of this machine does not answer for another fleet.
  return value !== null && FROM_DAEMON.includes(value.of) && !values.has("--fleet");
}

/** Whether paths fit where no other value does. */
export function takesFiles({ value, command }: Question): boolean {
  if (value === null) return false;
  if (value.of === "id") return command.name === "diff" || command.name === "export";
  return value.of === "file" || value.of === "type" || value.of === "parameter";
}

/** @throws Error of the client */
export async function daemonCandidates(client: Client, question: Question): Promise<Candidate[]> {
  const { value } = question;
  switch (value?.of) {
    case "id":
      return ids(client, question, value);
    case "type":
      return (await client.types()).ops.map(({ op, title }) => ({ word: op, description: title }));
    case "queue":
      return (await client.queues()).queues.map(({ name, queued, running }) => ({
        ...{ word: name, description: `${running} running, ${queued} queued` },
      }));
    case "host":
      return (await client.hosts()).hosts.map(({ name, state, running }) => ({
        ...{ word: name, description: `${state}, ${running} running` },
      }));
    case "tag":
      return tags(client);
    case "schedule":
      return (await client.schedules()).schedules.map(({ name, cron, operation }) => ({
        ...{ word: name, description: `${operation.op} at ${cron}` },
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

async function ids(client: Client, { args }: Question, { states }: { states: Operation["state"][] | null }) {
  const { operations } = await client.list({ limit: MOST_IDS, ...(states && { state: states }) });
  const words = new Set(args.map(({ text }) => text));
  return operations
    .filter(({ id }) => !words.has(id))
    .map(({ id, state, title, label }) => ({
      ...{ word: id, description: `${state}: ${title}${label === null ? "" : ` (${label})`}` },
    }));
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
  return word ? client.show(word.text) : (await client.list({ limit: 1 })).operations[0];
}

async function stages(client: Client, { args }: Question): Promise<Candidate[]> {
  const of = await operation(client, args);
  return (of?.stages ?? []).map((word) => ({ word, description: of?.stageStates[word] ?? "pending" }));
}

async function parameters(client: Client, question: Question): Promise<Candidate[]> {
  const { args, text } = question;
  const typeName = args.find(({ value }) => value.of === "type")?.text ?? (await operation(client, args))?.op;
  const type: OperationType | undefined = (await client.types()).ops.find(({ op }) => op === typeName);
  const cut = text.indexOf("=");
  if (cut !== -1) return parameterValues(type?.params ?? null, text.slice(0, cut));
  const before = args
    .filter(({ value }) => value.of === "parameter")
    .map(({ text: word }) => word.split("=")[0]!);
  return parameterNames(type?.params ?? null, new Set(before));
}

type Schema = Record<string, unknown>;

/** References and alternatives that are followed at most. */
const DEEPEST = 8;

/** `name=` for each parameter that is not given. */
function parameterNames(params: Schema | null, taken: ReadonlySet<string>): Candidate[] {
  return Object.entries(propertiesOf(params))
    .filter(([name]) => !taken.has(name))
    .map(([name, schema]) => ({ word: `${name}=`, description: description(schema) }));
}

/** `name=value` for a parameter with a fixed number of values. */
function parameterValues(params: Schema | null, name: string): Candidate[] {
  const schema = getOwn(propertiesOf(params), name);
  if (!isSchema(schema)) return [];
  const values = new Set(valuesOf(schema, params ?? {}, 0));
  return [...values].map((value) => ({
    word: `${name}=${value}`,
    description: String(schema.default ?? "") === value ? "default" : "",
  }));
}

function propertiesOf(params: Schema | null): Schema {
  return isSchema(params?.properties) ? params.properties : {};
}

function description(schema: unknown): string {
  if (!isSchema(schema)) return "";
  if (typeof schema.description === "string") return schema.description;
  return typeof schema.type === "string" ? schema.type : "";
}

function valuesOf(schema: Schema, root: Schema, depth: number): string[] {
  if (depth > DEEPEST) return [];
  const target = typeof schema.$ref === "string" ? resolve(schema.$ref, root) : undefined;
  if (target) return valuesOf(target, root, depth + 1);
  if (Array.isArray(schema.enum)) return schema.enum.map(String);
  if ("const" in schema) return [String(schema.const)];
  if (schema.type === "boolean") return ["true", "false"];
  const alternatives = [schema.anyOf, schema.oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  return alternatives.filter(isSchema).flatMap((each) => valuesOf(each, root, depth + 1));
}

/** A reference within the schema: `#/$defs/Name`. */
function resolve(reference: string, root: Schema): Schema | undefined {
  let at: unknown = root;
  for (const key of reference.split("/").slice(1)) at = isSchema(at) ? getOwn(at, key) : undefined;
  return isSchema(at) ? at : undefined;
}

function isSchema(value: unknown): value is Schema {
  return isPlainObject(value);
}
