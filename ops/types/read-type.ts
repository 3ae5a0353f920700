/**
 * Reads and checks the statics of an operation type, and fills in defaults.
 *
 * A type with invalid statics does not load. The message names the class, the static and the valid
 * values.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Outcome, Submission } from "../../protocol/event.js";
import { MAX_HISTORY_KEY, MAX_RESULT_TEXT, MAX_TITLE } from "../../protocol/limits.js";
import { OP_PATTERN, opOf, titleCase } from "../../protocol/type-names.js";
import { FEATURE_STATICS, type FeatureStatics } from "../features.js";
import { LiveOperation, type Progress } from "../sdk/live-operation.js";
import type { FeatureStatic } from "./feature-static.js";

/** The class of a loaded operation type. */
export type OperationCtor = (new () => Runnable) & { readonly name: string };
export interface Runnable {
  // biome-ignore lint/suspicious/noExplicitAny: each type's run takes its own Progress
  run(p: Progress<any>): void | Promise<void>;
}

export interface TypeDefinition extends FeatureStatics {
  op: string;
  /** The title of the type: the class name in words if the title depends on the parameters. */
  title: string;
  /** The title of an operation; null if it is that of the type. */
  titleOf: ((params: unknown) => unknown) | null;
  resultText: ((result: unknown) => unknown) | null;
  stages: readonly string[] | ((params: unknown) => unknown);
  /** Null: all runs of the type are alike. */
  historyKey: ((params: unknown) => unknown) | null;
  params: z.ZodType | null;
  resumable: boolean;
  failIfOdd: boolean;
  /** Seconds. */
  gracePeriod: number;
  /** Seconds; null: no limit. */
  timeout: number | null;
  retry: { attempts: number; backoff: number } | null;
  /** Null: the type names none. */
  queue: string | null;
}

/** Default seconds between a stop request and the kill. */
const DEFAULT_GRACE_PERIOD = 10;

/** Longest timer of Node, in seconds: about 24 days. */
const MAX_SECONDS = 2_147_483;

/** The statics of a type are not valid. */
export class TypeFault extends Error {
  override name = "TypeFault";
}

/**
 * Whether an export is an operation type: a subclass with a `run`. A class without `run` counts as
 * abstract, because compiled code has no `abstract`.
 */
export function isOperationType(value: unknown): value is OperationCtor {
  return (
    typeof value === "function" &&
    value.prototype instanceof LiveOperation &&
    typeof value.prototype.run === "function"
  );
}

/** The name of a type that may be invalid; null: it has none. */
export function declaredName(Type: OperationCtor): string | null {
  const op = Object.hasOwn(Type, "op")
    ? (Type as unknown as Record<string, unknown>).op
    : undefined;
  return isOp(op) ? op : opOf(Type.name);
}

const definitions = new WeakMap<OperationCtor, TypeDefinition>();

/**
 * Reads a type once: a submit asks four times, and an attempt six times.
 *
 * @throws TypeFault
 */
export function readType(Type: OperationCtor): TypeDefinition {
  const type = definitions.get(Type) ?? definitionOf(Type);
  definitions.set(Type, type);
  return type;
}

function definitionOf(Type: OperationCtor): TypeDefinition {
  const statics = Type as unknown as Record<string, unknown>;
  const fault = (problem: string) =>
    new TypeFault(`class ${Type.name || "(without a name)"}: ${problem}`);
  const own = (name: string) => (Object.hasOwn(Type, name) ? statics[name] : undefined);

  const {
    params = null,
    stages = [],
    resumable = false,
    failIfOdd = false,
    resultText = null,
  } = statics;
  if (typeof resumable !== "boolean") throw fault("static resumable must be true or false");
  if (typeof failIfOdd !== "boolean") throw fault("static failIfOdd must be true or false");
  if (params !== null && !isSchema(params))
    throw fault(
      'static params must be a zod 4 schema: static params = z.object({ … }), with z from "liveops"',
    );
  if (resultText !== null && typeof resultText !== "function")
    throw fault(`static resultText must be a function of the result, not ${show(resultText)}`);
  const title = own("title");
  const isFunction = typeof title === "function";
  return {
    op: readOp(own("op"), Type.name, fault),
    title: isFunction || title === undefined ? titleCase(Type.name) : readTitle(title, fault),
    titleOf: isFunction ? (title as TypeDefinition["titleOf"]) : null,
    resultText: resultText as TypeDefinition["resultText"],
    stages:
      typeof stages === "function"
        ? (stages as TypeDefinition["stages"])
        : readStages(stages, fault),
    historyKey: readHistoryKey(statics.historyKey, params, fault),
    params: params as z.ZodType | null,
    resumable,
    failIfOdd,
    gracePeriod: readSeconds("gracePeriod", statics.gracePeriod, fault) ?? DEFAULT_GRACE_PERIOD,
    timeout: readSeconds("timeout", statics.timeout, fault),
    retry: readRetry(statics.retry, fault),
    queue: read("queue", statics.queue, isOp, 'the name of a queue, like "gpu"', fault),
    ...readFeatureStatics(statics, fault),
  };
}

/**
 * The stages for parsed parameters.
 *
 * @throws TypeFault if the stages are not a list of unique names; any error of a stages function
 */
export async function stagesFor(Type: OperationCtor, parsed: unknown): Promise<string[]> {
  const { stages } = readType(Type);
  if (typeof stages !== "function") return [...stages];
  const fault = (problem: string) => new TypeFault(`class ${Type.name}: ${problem}`);
  return [...readStages(await stages.call(Type, parsed), fault)];
}

/**
 * The history key for parsed parameters; nothing if the type has none. A long key is hashed.
 *
 * @throws TypeFault if the key is not a text; any error of the function
 */
export function historyKeyFor(
  Type: OperationCtor,
  parsed: unknown,
): Pick<Submission, "historyKey"> {
  const { historyKey } = readType(Type);
  if (historyKey === null) return {};
  const key = historyKey.call(Type, parsed);
  if (typeof key !== "string")
    throw new TypeFault(
      `class ${Type.name}: static historyKey must return a text, not ${show(key)}`,
    );
  if (key === "") return {};
  const isShort = key.length <= MAX_HISTORY_KEY;
  return { historyKey: isShort ? key : `sha256:${createHash("sha256").update(key).digest("hex")}` };
}

/**
 * The text for the result; nothing without one. An error of the author's function is logged and
 * fails nothing: the work is done.
 */
export function resultTextFor(
  Type: OperationCtor,
  result: unknown,
  { mask, log }: { mask(text: string): string; log(text: string): void },
): Pick<Outcome, "resultText"> {
  const { op, resultText } = readType(Type);
  if (resultText === null || result === null) return {};
  const note = (problem: string) => {
    log(`static resultText of ${op} ${problem}; the result is shown as key=value lines`);
    return {};
  };
  let text: unknown;
  try {
    // A copy: the function must not change the result.
    text = resultText.call(Type, structuredClone(result));
  } catch (thrown) {
    return note(`threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (typeof text !== "string" || text.trim() === "") return note("returned no text");
  const masked = mask(text.replace(/\r\n?/g, "\n").replace(/\n+$/, ""));
  return { resultText: shortened(masked, MAX_RESULT_TEXT) };
}

/**
 * The title for parsed parameters.
 *
 * @throws TypeFault if the title is not text, or empty; any error of a title function
 */
export async function titleFor(Type: OperationCtor, parsed: unknown): Promise<string> {
  const { title, titleOf } = readType(Type);
  if (titleOf === null) return title;
  return readTitle(
    await titleOf.call(Type, parsed),
    (problem) => new TypeFault(`class ${Type.name}: ${problem}`),
  );
}

type Fault = (problem: string) => TypeFault;

const isOp = (value: unknown): value is string =>
  typeof value === "string" && OP_PATTERN.test(value);

function readOp(op: unknown, className: string, fault: Fault): string {
  if (op === undefined) {
    const name = opOf(className);
    if (name !== null) return name;
    throw fault('no name can be made from the class name; write: static op = "my-operation"');
  }
  if (isOp(op)) return op;
  throw fault(`static op must be in kebab-case, like "my-operation", not ${show(op)}`);
}

function readHistoryKey(
  value: unknown,
  params: unknown,
  fault: Fault,
): TypeDefinition["historyKey"] {
  if (value === undefined || value === null) return null;
  if (typeof value !== "function")
    throw fault(`static historyKey must be a function, not ${show(value)}`);
  if (params === null)
    throw fault("static historyKey needs static params: the key is made of the parsed parameters");
  return value as TypeDefinition["historyKey"];
}

/** One line of at most `MAX_TITLE` characters. */
function readTitle(title: unknown, fault: Fault): string {
  const line = typeof title === "string" ? title.replace(/\s+/g, " ").trim() : "";
  if (line === "")
    throw fault(`static title must be text, or a function that returns text, not ${show(title)}`);
  return shortened(line, MAX_TITLE);
}

/** The text, cut to at most `most` characters. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a surrogate pair is no character.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

function readStages(stages: unknown, fault: Fault): readonly string[] {
  if (!Array.isArray(stages))
    throw fault(
      `static stages must be a list of names, or a function that returns one, not ${show(stages)}`,
    );
  const seen = new Set<string>();
  for (const stage of stages) {
    if (typeof stage !== "string" || stage === "")
      throw fault(`static stages must be a flat list of names; ${show(stage)} is not a name`);
    if (seen.has(stage))
      throw fault(`static stages has "${stage}" twice; each name must be unique`);
    seen.add(stage);
  }
  return stages;
}

/** The static; null if it is absent. */
function read<T>(
  name: string,
  value: unknown,
  fits: (value: unknown) => boolean,
  must: string,
  fault: Fault,
): T | null {
  if (value === undefined || value === null) return null;
  if (fits(value)) return value as T;
  throw fault(`static ${name} must be ${must}, not ${show(value)}`);
}

function readSeconds(name: string, value: unknown, fault: Fault): number | null {
  const isSeconds = (each: unknown) => typeof each === "number" && each > 0 && each <= MAX_SECONDS;
  return read(name, value, isSeconds, "a number of seconds above 0", fault);
}

/** The statics that features add. */
function readFeatureStatics(
  statics: Readonly<Record<string, unknown>>,
  fault: Fault,
): FeatureStatics {
  const values = Object.entries<FeatureStatic<unknown>>(FEATURE_STATICS).map(
    ([name, { usual, must, fits }]) => [
      name,
      read(name, statics[name], fits, must, fault) ?? usual,
    ],
  );
  // Each value fits its static.
  return Object.fromEntries(values) as FeatureStatics;
}

/** Accepts any zod 4 schema, also of the author's own copy of zod. */
function isSchema(value: unknown): boolean {
  return (
    value instanceof z.ZodType || (typeof value === "object" && value !== null && "_zod" in value)
  );
}

function show(value: unknown): string {
  const text = typeof value === "function" ? "a function" : JSON.stringify(value);
  return text === undefined ? String(value) : text.slice(0, 80);
}

function readRetry(value: unknown, fault: Fault): TypeDefinition["retry"] {
  if (value === undefined || value === null) return null;
  const { attempts, backoff = 1 } = value as { attempts?: unknown; backoff?: unknown };
  if (
    typeof attempts !== "number" ||
    !Number.isInteger(attempts) ||
    attempts < 1 ||
    attempts > 1000
  )
    throw fault(
      "static retry.attempts must be a whole number from 1 to 1000: the most attempts in total",
    );
  return { attempts, backoff: readSeconds("retry.backoff", backoff, fault) ?? 1 };
}
