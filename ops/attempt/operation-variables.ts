/**
 * Sets the environment variables that tell an operation, and the processes that it starts, to which
 * operation they belong. Called by the worker and by `liveops run`.
 */
import { OPERATION_VARIABLES } from "../../protocol/environment.js";
import type { Order } from "./sink.js";

type Name = keyof typeof OPERATION_VARIABLES;

const STAGE: Name = "LIVEOPS_STAGE";
const STEP: Name = "LIVEOPS_STEP";

/** The variables of an attempt; no stage runs yet. */
export function operationVariables(order: Pick<Order, "id" | "op" | "attempt" | "chain" | "slot">) {
  return {
    LIVEOPS_OPERATION_ID: order.id,
    LIVEOPS_OP: order.op,
    LIVEOPS_ATTEMPT: String(order.attempt),
    LIVEOPS_CHAIN: order.chain.id,
    LIVEOPS_SLOT: String(order.slot),
  } satisfies Record<Exclude<Name, typeof STAGE | typeof STEP>, string>;
}

/**
 * Puts the variables back that this process has outside of all attempts, while an attempt runs in
 * it.
 */
let leave = () => {};
let active = 0;

/**
 * Sets the variables of an attempt in a process that has an environment of its own.
 *
 * @returns call at the end of the attempt; after the last one, the variables are as before the
 *   first one
 */
export function enterOperationVariables(
  order: Parameters<typeof operationVariables>[0],
): () => void {
  if (active++ === 0) leave = keepVariables(Object.keys(OPERATION_VARIABLES));
  setStageVariable(null);
  delete process.env[STEP];
  Object.assign(process.env, operationVariables(order));
  return () => {
    if (--active === 0) leave();
  };
}

/** @returns call to put the variables of this process back */
export function keepVariables(names: readonly string[]): () => void {
  const before = names.map((name) => [name, process.env[name]] as const);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** The variables of a program of a step: steps share the environment of their process. */
export function stepVariables(step: string): Record<string, string> {
  return { [STEP]: step };
}

/** Call whenever another stage runs. @param stage null: none */
export function setStageVariable(stage: string | null): void {
  if (stage === null) delete process.env[STAGE];
  else process.env[STAGE] = stage;
}
