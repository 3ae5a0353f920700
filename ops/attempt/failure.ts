/**
 * Defines the errors that liveops throws inside an operation, and turns any thrown value into the
 * record's `error`.
 *
 * The kept stack shows the author's code: frames of liveops and of Node are removed.
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { FailureCode } from "../../protocol/errors.js";
import { MAX_ERROR } from "../../protocol/limits.js";
import type { ErrorCause, OperationError } from "../../protocol/operation.js";
import { ExecError } from "../sdk/exec.js";
import type { Masker } from "../secrets/masker.js";

/** An error with a stable code of `FAILURES`. */
export class Failure extends Error {
  override name = "Failure";

  constructor(
    readonly code: FailureCode,
    message: string,
  ) {
    super(message);
  }
}

const results = new WeakMap<object, unknown>();

/** Returns the error; the operation that fails with it has this result. */
export function failWithResult(error: unknown, result: unknown): unknown {
  if (typeof error === "object" && error !== null) results.set(error, result);
  return error;
}

/** The result that `failWithResult` gave the error; undefined without one. */
export function resultOfFailure(error: unknown): unknown {
  return typeof error === "object" && error !== null ? results.get(error) : undefined;
}

/**
 * What a pipeline knows of its failure, and the record of an operation inside of the attempt. The
 * message may repeat a text of anybody.
 */
type FailureDetails = Pick<OperationError, "place" | "command" | "again" | "causes">;

const details = new WeakMap<object, FailureDetails>();

/** Returns the error; the record's error has the details too. */
export function withDetails<E extends object>(error: E, known: FailureDetails): E {
  details.set(error, known);
  return error;
}

/** The record's error for any thrown value, without secrets. Never throws. */
export function toOperationError(thrown: unknown, masker: Masker): OperationError {
  try {
    const code = thrown instanceof Failure ? thrown.code : "LIVEOPS_EXCEPTION";
    if (!isErrorLike(thrown))
      return { code, message: `threw ${masker.quoted(thrown, MAX_ERROR)}`, stack: null };
    const causes = causesOf(thrown, masker);
    const message = masker.mask(messageOf(thrown)).slice(0, MAX_ERROR);
    const stack = authorStack(thrown, masker)?.slice(0, MAX_ERROR) ?? null;
    const error = { code, message, stack, ...details.get(thrown) };
    return causes.length === 0 ? error : { ...error, causes };
  } catch {
    return {
      code: "LIVEOPS_EXCEPTION",
      message: "threw something that cannot be shown",
      stack: null,
    };
  }
}

/** Errors of other realms (`node:vm`) are not `instanceof Error`. */
function isErrorLike(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error ||
    (typeof thrown === "object" && thrown !== null && typeof (thrown as Error).message === "string")
  );
}

/** Lists show the first line, which some libraries leave empty. */
const withoutBlankLines = (message: string): string => message.replace(/^\s*\n\s*/, "");

function messageOf(error: Error): string {
  const own =
    withoutBlankLines(String(error.message)) || error.name || "an error without a message";
  if (!(error instanceof AggregateError) || error.errors.length === 0) return own;
  const inner = error.errors.map((each) => (isErrorLike(each) ? each.message : inspect(each)));
  return error.message ? `${own} (${inner.join("; ")})` : inner.join("; ");
}

/**
 * Most causes of an error, most levels of them, and most characters of a cause's message and stack.
 */
const MOST_CAUSES = 32;
const MOST_LEVELS = 16;
const MOST_OF_CAUSE = 4096;

/** The causes of an error, depth first: each `cause`, and the errors of an AggregateError. */
function causesOf(error: Error, masker: Masker): ErrorCause[] {
  const found: ErrorCause[] = [];
  const seen = new Set<unknown>([error]);
  const add = (parent: Error, depth: number) => {
    const own = parent.cause === undefined || parent.cause === null ? [] : [parent.cause];
    const { errors } = parent as { errors?: unknown };
    for (const each of [...own, ...(Array.isArray(errors) ? errors : [])]) {
      if (found.length >= MOST_CAUSES || depth >= MOST_LEVELS) return;
      // An error may be its own cause.
      if (seen.has(each)) continue;
      if (typeof each === "object") seen.add(each);
      found.push({ depth, ...described(each, masker) });
      if (isErrorLike(each)) add(each, depth + 1);
    }
  };
  add(error, 0);
  return found;
}

function described(cause: unknown, masker: Masker): Omit<ErrorCause, "depth"> {
  if (!isErrorLike(cause)) {
    const text = typeof cause === "string" ? cause : inspect(cause);
    return { message: masker.mask(text).slice(0, MOST_OF_CAUSE), stack: null };
  }
  const { name } = cause;
  const message = withoutBlankLines(cause.message);
  // The message of a failed program names the program. An error without a stack is one of liveops,
  // in whole sentences.
  const isNamed = message !== "" && (cause instanceof ExecError || cause.stack === undefined);
  const full = message ? `${name}: ${message}` : name || "an error without a message";
  const text = isNamed ? message : full;
  return {
    message: masker.mask(text).slice(0, MOST_OF_CAUSE),
    stack: authorStack(cause, masker)?.slice(0, MOST_OF_CAUSE) ?? null,
  };
}

function authorStack(error: Error, masker: Masker): string | null {
  return typeof error.stack === "string" ? withoutOurFrames(masker.mask(error.stack)) : null;
}

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The directories of liveops' code. In the bundle, this file is a chunk, and the worker is in its
 * parent.
 */
const ours =
  basename(here) === "chunks"
    ? [here, dirname(here), join(here, "../ops")]
    : [here, dirname(here), join(here, "../programs"), join(here, "../types")];

/**
 * The stack without the frames of Node and of liveops. A frame without a file says nothing where no
 * other is left.
 */
function withoutOurFrames(stack: string): string {
  const lines = stack.split("\n");
  const isFrame = (line: string) => /^\s+at /.test(line);
  const hasPlace = lines.some(
    (line) => isFrame(line) && isAuthorFrame(line) && /:\d+\)?$/.test(line),
  );
  return lines.filter((line) => !isFrame(line) || (hasPlace && isAuthorFrame(line))).join("\n");
}

/** Path and line of a stack frame that has a file. */
const PLACE = /(?:file:\/\/)?(\/[^():]*):(\d+)(?::\d+)?\)?$/;

function isAuthorFrame(frame: string): boolean {
  if (/\(?node:/.test(frame)) return false;
  const path = PLACE.exec(frame)?.[1];
  return path === undefined || !ours.includes(dirname(decode(path)));
}

/**
 * The author's line that created the error, as `/path/to/file.ts:12`; null if no frame shows one.
 */
export function authorLine(error: Error): string | null {
  for (const frame of (error.stack ?? "").split("\n")) {
    const [, path, line] =
      (/^\s+at /.test(frame) && isAuthorFrame(frame) && PLACE.exec(frame)) || [];
    if (path !== undefined) return `${decode(path)}:${line}`;
  }
  return null;
}

function decode(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/**
 * The message of the error, its frames and its causes, as lines of text.
 *
 * @param thrown - the value that the block threw
 */
export function failureText(
  name: string,
  error: OperationError,
  thrown: unknown,
  what: "stage" | "step" = "stage",
): string {
  const { message, stack, causes = [] } = error;
  // The log just showed the last lines of a failed program, and its frames are of no use.
  const isProgram = thrown instanceof ExecError;
  const said = isProgram ? message.split("\n", 1)[0]! : message;
  const frames = isProgram ? [] : framesOf(stack);
  const caused = causes.flatMap((cause) => {
    const indent = "  ".repeat(cause.depth);
    const text = `caused by: ${cause.message}`.split("\n");
    return [...text, ...framesOf(cause.stack)].map((line) => indent + line);
  });
  return [
    `${what} "${name}" failed, and its failure is allowed: ${said}`,
    ...frames,
    ...caused,
  ].join("\n");
}

function framesOf(stack: string | null): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}
