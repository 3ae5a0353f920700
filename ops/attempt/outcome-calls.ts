/**
 * The calls of `result`, `error` and `chainTo` in one attempt. They take effect when `run` returns.
 *
 * A result and a next operation go together, in either order. Any other second call is refused, and
 * the first stays.
 */
import { MAX_ERROR, MAX_PARAMS, MAX_RESULT } from "../../protocol/limits.js";
import type { OperationClass } from "../sdk/live-operation.js";
import { whyNotJson } from "../types/json-value.js";
import { fromStored, hasStoredValues, lostKind, toStored } from "../types/stored-values.js";
import type { Schema } from "../types/zod-schema.js";
import { authorLine, Failure } from "./failure.js";

/** `at` is made where the author called, because its stack names the line. */
interface Calls {
  result: { value: unknown; at: Error };
  error: { message: string; at: Error };
  /** `type`: a class, or a name. `words`: `name=value`, read by the schema of the type. */
  chainTo: { type: unknown; params: Record<string, unknown>; words: string[]; at: Error };
}

type Name = keyof Calls;

export type ChainCall = Calls["chainTo"];

/** Why the same method is not called twice. */
const ONCE: Record<Name, string> = {
  result: "an operation has one result",
  error: "an operation has one error",
  chainTo: "an operation has one next operation",
};

export class OutcomeCalls {
  /** In the order of the calls. */
  readonly #made = new Map<Name, Calls[Name]>();
  /** A success with odd numbers fails the operation. */
  failIfOdd = false;

  get<N extends Name>(name: N): Calls[N] | null {
    return (this.#made.get(name) as Calls[N] | undefined) ?? null;
  }

  /** @param at - created by the method that the author called: here and below */
  setResult(value: unknown, at: Error): void {
    this.#refuseSecond("result", at);
    const problem = whyNotJson(value);
    if (problem !== null)
      throw new Failure(
        "LIVEOPS_RESULT_NOT_JSON",
        `the value passed to p.result is not JSON: ${problem}`,
      );
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? "");
    if (bytes > MAX_RESULT)
      throw new Failure(
        "LIVEOPS_RESULT_TOO_LARGE",
        `the value passed to p.result has ${bytes} bytes as JSON, more than ${MAX_RESULT}; write it to a file and return the path of the file`,
      );
    // A copy, because the operation may change the value later.
    this.#made.set("result", { value: snapshot(value), at });
  }

  /** @param message - without secrets */
  setError(message: string, at: Error): void {
    this.#refuseSecond("error", at);
    this.#made.set("error", { message: message.slice(0, MAX_ERROR), at });
  }

  /**
   * @param type - a class, or the name of a type, which is found when `run` returns
   * @param words - `name=value`, read by the schema of the type
   */
  setNext(type: OperationClass | string, params: object, words: string[], at: Error): void {
    this.#refuseSecond("chainTo", at);
    const taken = takenParams("p.chainTo", { type, params, words });
    this.#made.set("chainTo", { type, params: taken, words, at });
  }

  /**
   * Call before other checks of the arguments: a second call is an error whatever its arguments
   * are.
   *
   * @throws Failure LIVEOPS_OUTCOME_SET with the lines of both calls
   */
  #refuseSecond(name: Name, at: Error): void {
    const first = this.#made.get(name);
    if (first !== undefined)
      throw outcomeSet(`p.${name} was called${line(first.at)} and again${line(at)}: ${ONCE[name]}`);
    for (const [other, call] of this.#made) {
      if (name !== "error" && other !== "error") continue;
      throw outcomeSet(
        `p.${other} was called${line(call.at)} and p.${name}${line(at)}: ` +
          "an operation that fails with p.error has no result and no next operation",
      );
    }
  }
}

/**
 * The parameters of an operation that the code of another one starts, as JSON; a copy.
 *
 * @param method - which got them
 * @throws Failure LIVEOPS_PARAMS_INVALID
 */
export function takenParams(
  method: string,
  {
    type,
    params,
    words = [],
  }: { type: OperationClass | string; params: object; words?: readonly string[] },
): Record<string, unknown> {
  const own = typeof type === "string" ? undefined : type.params;
  const schema = own?._zod !== undefined && hasStoredValues(own) ? own : null;
  // Without a schema the operation would get the stored form.
  const stored = schema === null ? params : toStored(params);
  const refused = (why: string) =>
    new Failure("LIVEOPS_PARAMS_INVALID", `the parameters passed to ${method} are ${why}`);
  const problem = whyNotJson(stored) ?? (schema === null ? null : whyLost(schema, params, stored));
  if (problem !== null) throw refused(`not JSON: ${problem}`);
  if (Buffer.byteLength(JSON.stringify([stored, words])) > MAX_PARAMS)
    throw refused(`larger than ${MAX_PARAMS} bytes; pass the path of a file`);
  return snapshot(stored) as Record<string, unknown>;
}

function outcomeSet(message: string): Failure {
  return new Failure("LIVEOPS_OUTCOME_SET", message);
}

function line(at: Error): string {
  const found = authorLine(at);
  return found === null ? "" : ` at ${found}`;
}

function whyLost(schema: Schema, params: object, stored: unknown): string | null {
  const lost = lostKind(params, fromStored(schema, stored));
  return lost === null ? null : `${lost}, and the type takes none there`;
}

function snapshot(value: unknown): unknown {
  const json = JSON.stringify(value);
  return json === undefined ? null : JSON.parse(json);
}
