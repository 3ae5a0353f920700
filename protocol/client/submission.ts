/**
 * What the client submits: an operation type by its class or its name, its parameters, and how to
 * run it.
 *
 * A class is read by its statics alone, so that the client needs neither the module `liveops` nor
 * zod.
 */
import { pick } from "../objects.js";
import type { SubmitBody } from "../requests.js";
import { type FieldWith, OF_HOSTS } from "../submit-fields.js";
import { opOf } from "../type-names.js";
import { submitPlace } from "./submit-place.js";

/** An operation type: a class that extends `LiveOperation`. */
export interface SubmittableType {
  readonly name: string;
  readonly op?: string;
  readonly params?: { readonly _zod: { readonly input: unknown } };
  readonly prototype: { run(p: never): unknown };
}

/** The parameters of a type, before defaults. */
export type ParamsOf<T> = T extends {
  readonly params: { readonly _zod: { readonly input: infer Input } };
}
  ? Input
  : Record<string, unknown>;

/** How to submit an operation. All are optional. */
export interface SubmissionOptions extends Pick<SubmitBody, FieldWith<"submit", "hosts">> {
  /** Label shown in lists, at most 200 characters. Default: none. */
  label?: string;
  /**
   * Directory of the operation. Default: that of this process; on another machine, the home
   * directory there.
   */
  cwd?: string;
  /** Variables to add to those that a submit sends: PATH, HOME and so on. Default: none. */
  env?: Record<string, string>;
  /**
   * `name=value` arguments, as `liveops submit` takes them; they override the parameters. Default:
   * none.
   */
  set?: string[];
}

export interface RequestSettings {
  /** Aborts the request; the call then rejects with the reason of the signal. */
  signal?: AbortSignal;
}

export interface SubmitSettings extends RequestSettings {
  /**
   * Submits with the same key are one operation: the daemon returns the first. Default: a new key
   * for each call, so that a repeated request after a broken connection starts nothing twice.
   */
  idempotencyKey?: string;
}

/** Parameters and options; the parameters may be left out if the type needs none. */
export type SubmitArguments<T> =
  Record<never, never> extends ParamsOf<T>
    ? [params?: ParamsOf<T>, options?: SubmissionOptions & SubmitSettings]
    : [params: ParamsOf<T>, options?: SubmissionOptions & SubmitSettings];

/**
 * The name that a type has in the daemon: `static op`, else the class name in kebab-case.
 *
 * @throws TypeError if the class has no name to make one from
 */
function nameOfType(type: SubmittableType | string): string {
  if (typeof type === "string") return type;
  const name = Object.hasOwn(type, "op") ? type.op : opOf(type.name);
  if (typeof name === "string") return name;
  throw new TypeError(
    'the class has no name that gives the name of a type; write: static op = "my-operation"',
  );
}

/**
 * @param allow - `env.allow` of the config file
 * @param socket - of the client
 */
export function submitBodyOf(
  type: SubmittableType | string,
  params: unknown,
  options: SubmissionOptions,
  allow: readonly string[] | undefined,
  socket: string,
): SubmitBody {
  const { label, cwd, env, set } = options;
  const place = submitPlace(socket, { cwd, allow });
  return {
    op: nameOfType(type),
    ...(params !== undefined && { params: params as Record<string, unknown> }),
    set,
    label,
    ...pick(options, OF_HOSTS),
    ...place,
    env: { ...place.env, ...env },
  };
}
