/**
 * The calls of `result`, `error` and `chainTo` in one attempt. They take effect when `run` returns.
 *
 * A result and a next operation go together, in either order. Any other second call is refused, and the first stays.
 */
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

  get<N extends Name>(name: N): Calls[N] | null {
    return (this.#made.get(name) as Calls[N] | undefined) ?? null;
  }

  set<N extends Name>(name: N, call: Calls[N]): void {
    this.#made.set(name, call);
  }

  /**
   * Call before other checks of the arguments: a second call is an error whatever its arguments are.
   *
   * @param at - created by the method that the author called
   * @throws Failure LIVEOPS_OUTCOME_SET with the lines of both calls
   */
  refuseSecond(name: Name, at: Error): void {
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

function outcomeSet(message: string): Failure {
  return new Failure("LIVEOPS_OUTCOME_SET", message);
}

function line(at: Error): string {
  const found = authorLine(at);
  return found === null ? "" : ` at ${found}`;
}
