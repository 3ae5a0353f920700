/**
 * Sets the environment variables that tell an operation, and the processes that it starts, to which operation they
 * belong. Called by the worker and by `liveops run`.
 */
import type { OPERATION_VARIABLES } from "../../protocol/environment.js";
import type { Order } from "./order.js";

type Name = keyof typeof OPERATION_VARIABLES;

const STAGE: Name = "LIVEOPS_STAGE";

/** The variables of an attempt; no stage runs yet. */
export function operationVariables(order: Pick<Order, "id" | "op" | "attempt" | "chain">) {
  return {
    LIVEOPS_OPERATION_ID: order.id,
    LIVEOPS_OP: order.op,
    LIVEOPS_ATTEMPT: String(order.attempt),
    LIVEOPS_CHAIN: order.chain.id,
  } satisfies Record<Exclude<Name, typeof STAGE>, string>;
}

/** Call whenever another stage runs. @param stage null: none */
export function setStageVariable(stage: string | null): void {
  if (stage === null) delete process.env[STAGE];
  else process.env[STAGE] = stage;
}
