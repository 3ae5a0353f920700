/** A form for a type's parameters: its fields, the one that is typed into, and the request that it makes. Pure. */

import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import type { RetryBody } from "../../../protocol/requests.js";
import type { JsonSchema } from "../../../protocol/schema/json-schema.js";
import { withDefaultsAs } from "../../../protocol/schema/parameters.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import { repeatedText } from "../../describe/repeated.js";
import { EMPTY_LINE, type LineEdit, lineOf } from "../text/line-edit.js";
import { asTyped, type Field, fieldsOf, type Held, heldBy, shellSplit, wordsFor } from "./field.js";

export interface Form {
  readonly type: OperationType;
  /** The type's parameters, then the label. */
  readonly fields: readonly Field[];
  /** Place of the field that is typed into; `fields.length` is the button. */
  readonly at: number;
  /** The refusal of the daemon. */
  readonly refusal: string | null;
  /** A submit was tried: missing fields are highlighted. */
  readonly tried: boolean;
  /** The operation whose parameters fill the form, and what the form does with it; null: a new submit. */
  readonly of: Filled | null;
}

interface Filled {
  readonly does: "again" | "edit" | "retry";
  readonly operation: FilledBy;
  /** The pipeline file whose parameters these are; absent: they are those of the type. */
  readonly file?: PipelineText | undefined;
}

/** A pipeline file as it was submitted: parameters of the type `pipeline`. */
export interface PipelineText {
  readonly text: string;
  /** Null: stdin. */
  readonly path: string | null;
}

type FilledBy = Pick<Operation, "id" | "op" | "params" | "label" | "state" | "stages" | "stageStates">;

export interface Submit {
  readonly kind: "submit";
  readonly op: string;
  /** Words `name=value`, as they are typed in a shell. */
  readonly set: readonly string[];
  /** What follows `--` in a shell; undefined where nothing does. */
  readonly args: readonly string[] | undefined;
  /** Instead of words, where a parameter's name cannot be typed as one. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** "" for none. */
  readonly label: string;
  /** The finished operation that runs again, with `params`. */
  readonly again?: string | undefined;
  /** The queued operation that is changed; `label` "" removes its label. */
  readonly edit?: string | undefined;
  /** The failed operation that is retried, with `params`. */
  readonly retry?: Retry | undefined;
  /** The pipeline file whose parameters `params` are. */
  readonly file?: PipelineText | undefined;
}

interface Retry {
  readonly id: string;
  /** The changed parameters, as words; null: words cannot tell the change. */
  readonly set: readonly string[] | null;
  /** What a person has done by hand. */
  readonly done: NonNullable<RetryBody["done"]>;
  /** Which stages that are done run again, and why; null: none. */
  readonly repeats: string | null;
}

/** Its own field beside the parameters: a name that no parameter has, since it cannot be typed. */
const LABEL = "\u0000label";
/** The same field of a type that has a parameter `label`. */
const LABEL_FLAG = "\u0000--label";

/** The fields of a retry. */
const DONE = "\u0000done by hand";

const LABEL_FIELD: Field = {
  name: LABEL,
  kind: "text",
  schema: { type: "string", maxLength: 200 },
  required: false,
  type: "text",
  description: "name in lists",
  default: null,
  choices: [],
  line: EMPTY_LINE,
};

/** @param draft an earlier form of the type: what was typed into it stands here again */
export function openForm(type: OperationType, draft?: Form): Form {
  // Without a schema any parameters go: as one object of JSON.
  const fields = type.params === null ? [ANY_FIELD] : fieldsOf(type.params);
  const typed = new Map(draft?.fields.map(({ name, line }) => [name, line]));
  const label = fields.some(({ name }) => name === "label")
    ? { ...LABEL_FIELD, name: LABEL_FLAG, description: "a text to tell the operation by" }
    : LABEL_FIELD;
  const filled = [...fields, label].map((field) => ({
    ...field,
    line: typed.get(field.name) ?? EMPTY_LINE,
  }));
  return { type, fields: filled, at: 0, refusal: null, tried: false, of: null };
}

/**
 * A form with the parameters of an operation: a queued one is changed by it, a finished one runs again, and with
 * `retries` a failed one runs as its next attempt.
 */
export function filledForm({
  operation,
  operationType: type,
  file,
  retries = false,
}: {
  operation: FilledBy;
  operationType: OperationType;
  file?: PipelineText;
  retries?: boolean;
}): Form {
  const { params, label, state, stages } = operation;
  const form = openForm(type);
  const own = retries
    ? [...form.fields.filter((field) => !isLabel(field)), ...(type.resumable ? [doneField(stages)] : [])]
    : form.fields;
  const fields = own.map((field) => {
    if (isLabel(field)) return { ...field, line: lineOf(label ?? "") };
    if (field.name === ANY) return { ...field, line: lineOf(JSON.stringify(params)) };
    const value = Object.hasOwn(params, field.name) ? params[field.name] : undefined;
    return value === undefined ? field : { ...field, line: lineOf(textOf(field, value)) };
  });
  const does = retries ? "retry" : state === "queued" ? "edit" : "again";
  return { ...form, fields, at: does === "again" ? fields.length : 0, of: { does, operation, file } };
}

function doneField(stages: readonly string[]): Field {
  return {
    ...LABEL_FIELD,
    name: DONE,
    kind: "list",
    schema: { type: "array", items: { type: "string" } },
    type: "stages",
    description: `stages, or Stage/step, that you have done by hand, each with its outputs: ${shellQuote(stages[0] ?? "Build")} version=4.2`,
  };
}

/** A word with a `=` is an output of the stage before it. */
function doneOf(words: readonly string[]): Retry["done"] {
  const done: Retry["done"] = [];
  for (const word of words) {
    const last = done.at(-1);
    const at = word.indexOf("=");
    if (at < 1 || last === undefined) done.push({ stage: word });
    else last.outputs = { ...last.outputs, [word.slice(0, at)]: word.slice(at + 1) };
  }
  return done;
}

function textOf(field: Field, value: unknown): string {
  return field.kind === "list" && isTexts(value)
    ? value.map((word) => shellQuote(word)).join(" ")
    : asTyped(value);
}

const ANY = "\u0000params";
const ANY_FIELD: Field = {
  ...LABEL_FIELD,
  name: ANY,
  kind: "json",
  schema: { type: "object" },
  type: "object",
  description: "parameters, as a JSON object: the type declares no schema",
};

/** As the form calls a field. */
export function nameOf({ name }: Field): string {
  if (isLabel({ name }) || name === DONE) return name.slice(1);
  return name === ANY ? "parameters" : name;
}

const isLabel = ({ name }: Pick<Field, "name">): boolean => name === LABEL || name === LABEL_FLAG;

function rootOf({ type }: Form): JsonSchema {
  return type.params ?? {};
}

export function heldIn(form: Form, field: Field): Held {
  return heldBy(field, rootOf(form));
}

export function onButton(form: Form): boolean {
  return form.at === form.fields.length;
}

export function withLine(form: Form, line: LineEdit): Form {
  const fields = form.fields.map((field, i) => (i === form.at ? { ...field, line } : field));
  return { ...form, fields, refusal: null };
}

/** A pasted script: several lines, or an operator of a shell between plain words. */
function isScript(text: string): boolean {
  return /[\r\n]/.test(text.trim()) || (shellSplit(text)?.operator ?? null) !== null;
}

/** The form at its field `script`, where a script is pasted into an empty list of words; null: nothing of that kind. */
export function atScript(form: Form, text: string): Form | null {
  const field = form.fields[form.at];
  const script = form.fields.findIndex(({ name, kind }) => name === "script" && kind === "text");
  if (field?.name === "script" && field.kind === "text") return form;
  const isEmpty = field?.kind === "list" && field.line.text === "" && form.fields[script]?.line.text === "";
  return isEmpty && isScript(text) ? moveTo(form, script) : null;
}

export function moveTo(form: Form, at: number): Form {
  return { ...form, at: Math.max(0, Math.min(form.fields.length, at)) };
}

/** The first field that has to be looked at again; null where the form can go. */
export function firstProblem(form: Form): number | null {
  const at = form.fields.findIndex((field) => "problem" in heldIn(form, field));
  return at === -1 ? null : at;
}

/** The present request. Fields without a value are left out. */
export function submitOf(form: Form): Submit {
  const root = rootOf(form);
  const values = form.fields.flatMap((field) => {
    const value = heldIn(form, field);
    return "value" in value ? [{ field, value: value.value }] : [];
  });
  const label = (values.find(({ field }) => isLabel(field))?.value ?? "") as string;
  const base = { kind: "submit", op: form.type.op, label } as const;
  const any = values.find(({ field }) => field.name === ANY);
  const parameters = values.filter(({ field }) => ![ANY, DONE].includes(field.name) && !isLabel(field));
  // `args` are the words after `--` in a shell. An empty list has no such words.
  const args = parameters.find(({ field, value }) => field.name === "args" && isTexts(value));
  const words = parameters
    .filter((each) => each !== args)
    .map(({ field, value }) => wordsFor(field.name, value, field.schema, root));
  if (any !== undefined || words.includes(null) || form.of !== null) {
    const given = (any?.value ??
      Object.fromEntries(parameters.map(({ field, value }) => [field.name, value]))) as Operation["params"];
    const { does, operation, file } = form.of ?? {};
    const params = does === "retry" ? withDefaultsAs(operation!.params, given, root) : given;
    const done = (values.find(({ field }) => field.name === DONE)?.value ?? []) as string[];
    return {
      ...base,
      set: [],
      args: undefined,
      params,
      ...(does === "again" && { again: operation!.id }),
      ...(does === "edit" && { edit: operation!.id }),
      ...(does === "retry" && { retry: retryOf(operation!, form.fields, params, doneOf(done), root) }),
      ...(file && { file }),
    };
  }
  return {
    ...base,
    set: words.flatMap((each) => each!),
    args: args?.value as string[] | undefined,
    params: undefined,
  };
}

function retryOf(
  operation: FilledBy,
  fields: readonly Field[],
  params: Operation["params"],
  done: Retry["done"],
  root: JsonSchema,
): Retry {
  const names = new Set([...Object.keys(operation.params), ...Object.keys(params)]);
  const changed = [...names].filter(
    (name) => JSON.stringify(getOwn(operation.params, name)) !== JSON.stringify(getOwn(params, name)),
  );
  const words = changed.map((name) => {
    const field = fields.find((each) => each.name === name);
    // A field that is cleared has its default.
    const value = getOwn(params, name) ?? field?.schema.default;
    return field === undefined || value === undefined ? null : wordsFor(name, value, field.schema, root);
  });
  const set = words.includes(null) ? null : words.flatMap((each) => each!);
  return { id: operation.id, set, done, repeats: repeatedText(operation, params, done) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}
