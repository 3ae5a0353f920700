/**
 * A form for a type's parameters: its fields, the one that is typed into, and the request that it
 * makes. Pure.
 */

import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import type { RetryBody } from "../../../protocol/requests.js";
import type { JsonSchema } from "../../../protocol/schema/json-schema.js";
import { asTyped } from "../../../protocol/schema/misfit.js";
import { withDefaultsAs } from "../../../protocol/schema/parameters.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";
import { repeatedText } from "../../describe/repeated.js";
import { EMPTY_LINE, type LineEdit, lineOf } from "../text/line-edit.js";
import { type Field, fieldsOf, type Held, heldBy, shellSplit, wordsFor } from "./field.js";

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
  /**
   * The operation whose parameters fill the form, and what the form does with it; null: a new
   * submit.
   */
  readonly of: Filled | null;
}

type Does = "again" | "retry";

interface Filled {
  readonly does: Does;
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

type FilledBy = Pick<Operation, "id" | "op" | "params" | "label" | "stages" | "stageStates">;

type ByHand = NonNullable<RetryBody["done"]>[number];

export interface Submit {
  readonly kind: "submit";
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * The parameters as words `name=value` of a shell, of a retry those that changed; null: words
   * cannot tell them.
   */
  readonly words: readonly string[] | null;
  /** What follows `--` in a shell. */
  readonly args: readonly string[];
  /** "" for none. */
  readonly label: string;
  /** What is done with an operation; absent: a new one is submitted. */
  readonly of?: { readonly does: Does; readonly id: string };
  /** What a person has done by hand, of a retry. */
  readonly done: readonly ByHand[];
  /** Which stages that are done run again with the retry, and why; null: none. */
  readonly repeats: string | null;
  /** The pipeline file whose parameters `params` are. */
  readonly file?: PipelineText;
}

const LABEL_FIELD: Field = {
  name: "label",
  role: "label",
  kind: "text",
  schema: { type: "string", maxLength: 200 },
  required: false,
  type: "text",
  description: "name in lists",
  default: null,
  choices: [],
  line: EMPTY_LINE,
};

/** Without a schema any parameters go. */
const ALL_FIELD: Field = {
  ...LABEL_FIELD,
  name: "parameters",
  role: "all",
  kind: "json",
  schema: { type: "object" },
  type: "object",
  description: "parameters, as a JSON object: the type declares no schema",
};

const doneField = (stage = "Build"): Field => ({
  ...LABEL_FIELD,
  name: "done by hand",
  role: "done",
  kind: "list",
  schema: { type: "array", items: { type: "string" } },
  type: "stages",
  description: `stages, or Stage/step, that you have done by hand, each with its outputs: ${shellQuote(stage)} version=4.2`,
});

/** @param draft an earlier form of the type: what was typed into it stands here again */
export function openForm(type: OperationType, draft?: Form): Form {
  const parameters = type.params === null ? [ALL_FIELD] : fieldsOf(type.params);
  const isTaken = parameters.some(({ name }) => name === "label");
  const label = isTaken
    ? { ...LABEL_FIELD, name: "--label", description: "a text to tell the operation by" }
    : LABEL_FIELD;
  const typed = new Map(draft?.fields.map(({ name, line }) => [name, line]));
  const fields = [...parameters, label].map((field) => ({
    ...field,
    line: typed.get(field.name) ?? EMPTY_LINE,
  }));
  return { type, fields, at: 0, refusal: null, tried: false, of: null };
}

/**
 * A form with the parameters of an operation: it runs again, and with `retries` a failed one as its
 * next attempt.
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
  const { params, label, stages } = operation;
  const form = openForm(type);
  const values = { label: label ?? "", all: JSON.stringify(params), done: "" };
  const textOf = (field: Field): string => {
    if (field.role !== undefined) return values[field.role];
    const value = getOwn(params, field.name);
    if (value === undefined) return "";
    return field.kind === "list" && isTexts(value)
      ? value.map((word) => shellQuote(word)).join(" ")
      : asTyped(value);
  };
  const done = type.resumable ? [doneField(stages[0])] : [];
  const own = retries
    ? [...form.fields.filter(({ role }) => role !== "label"), ...done]
    : form.fields;
  const fields = own.map((field) => ({ ...field, line: lineOf(textOf(field)) }));
  const does = retries ? "retry" : "again";
  return {
    ...form,
    fields,
    at: does === "again" ? fields.length : 0,
    of: { does, operation, file },
  };
}

/** A word with a `=` is an output of the stage before it. */
function doneOf(words: readonly string[]): ByHand[] {
  const done: ByHand[] = [];
  for (const word of words) {
    const last = done.at(-1);
    const at = word.indexOf("=");
    if (at < 1 || last === undefined) done.push({ stage: word });
    else last.outputs = { ...last.outputs, [word.slice(0, at)]: word.slice(at + 1) };
  }
  return done;
}

const rootOf = ({ type }: Form): JsonSchema => type.params ?? {};

export const heldIn = (form: Form, field: Field): Held => heldBy(field, rootOf(form));

export const onButton = (form: Form): boolean => form.at === form.fields.length;

export function withLine(form: Form, line: LineEdit): Form {
  const fields = form.fields.map((field, i) => (i === form.at ? { ...field, line } : field));
  return { ...form, fields, refusal: null };
}

/** A pasted script: several lines, or an operator of a shell between plain words. */
const isScript = (text: string): boolean =>
  /[\r\n]/.test(text.trim()) || (shellSplit(text)?.operator ?? null) !== null;

/**
 * The form at its field `script`, where a script is pasted into an empty list of words; null:
 * nothing of that kind.
 */
export function atScript(form: Form, text: string): Form | null {
  const field = form.fields[form.at];
  const script = form.fields.findIndex(({ name, kind }) => name === "script" && kind === "text");
  if (form.at === script) return form;
  const isEmpty =
    field?.kind === "list" && field.line.text === "" && form.fields[script]?.line.text === "";
  return isEmpty && isScript(text) ? moveTo(form, script) : null;
}

export const moveTo = (form: Form, at: number): Form => ({
  ...form,
  at: Math.max(0, Math.min(form.fields.length, at)),
});

/**
 * The form at the field that the daemon refused, with its reason and without the list of all
 * parameters.
 */
export function refusedForm(form: Form, message: string): Form {
  const [refusal = ""] = message.split("\nParameters:");
  const at = form.fields.findIndex(
    ({ name }) => /^:? /.test(refusal.slice(name.length)) && refusal.startsWith(name),
  );
  return { ...form, refusal, tried: true, at: at === -1 ? form.at : at };
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
    const held = heldIn(form, field);
    return "value" in held ? [{ field, value: held.value }] : [];
  });
  // The schema of a field with a role says what its value is.
  const ofRole = (role: Field["role"]) => values.find(({ field }) => field.role === role)?.value;
  const all = ofRole("all") as Operation["params"] | undefined;
  const parameters = values.filter(({ field }) => field.role === undefined);
  const given =
    all ?? Object.fromEntries(parameters.map(({ field, value }) => [field.name, value]));
  const base: Submit = {
    kind: "submit",
    op: form.type.op,
    params: given,
    words: null,
    args: [],
    label: (ofRole("label") ?? "") as string,
    done: [],
    repeats: null,
  };
  if (form.of !== null) {
    const { does, operation, file } = form.of;
    const again: Submit = { ...base, of: { does, id: operation.id }, file };
    if (does !== "retry") return again;
    const params = withDefaultsAs(operation.params, given, root);
    const done = doneOf((ofRole("done") ?? []) as string[]);
    const words = changedWords(operation, form.fields, params, root);
    return { ...again, params, words, done, repeats: repeatedText(operation, params, done) };
  }
  // `args` are the words after `--` in a shell. An empty list has no such words.
  const trailing = parameters.find(({ field, value }) => field.name === "args" && isTexts(value));
  const words = parameters
    .filter((each) => each !== trailing)
    .map(({ field, value }) => wordsFor(field.name, value, field.schema, root));
  if (all !== undefined || words.includes(null)) return base;
  return {
    ...base,
    words: words.flatMap((each) => each!),
    args: (trailing?.value ?? []) as string[],
  };
}

/** The changed parameters, as words; null: words cannot tell the change. */
function changedWords(
  { params: before }: FilledBy,
  fields: readonly Field[],
  params: Operation["params"],
  root: JsonSchema,
): readonly string[] | null {
  const names = new Set([...Object.keys(before), ...Object.keys(params)]);
  const words = [...names].map((name) => {
    const [old, now] = [getOwn(before, name), getOwn(params, name)];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    const field = fields.find((each) => each.name === name);
    // A field that is cleared has its default.
    const value = now ?? field?.schema.default;
    return field === undefined || value === undefined
      ? null
      : wordsFor(name, value, field.schema, root);
  });
  return words.includes(null) ? null : words.flatMap((each) => each!);
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
