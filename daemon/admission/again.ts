/** Turns a finished operation into the draft of a submit that runs it again. */
import { Refusal } from "../../protocol/errors.js";
import { pick, withoutNull } from "../../protocol/objects.js";
import type { Operation } from "../../protocol/operation.js";
import type { AgainBody } from "../../protocol/requests.js";
import { isFinal } from "../../protocol/state.js";
import { REPEATED } from "../../protocol/submit-fields.js";
import type { Parts } from "../compose.js";
import type { Entry } from "../store/decision.js";
import type { Draft } from "./steps.js";

/**
 * The same parameters, environment and fields of `REPEATED`, except for what the request changes.
 *
 * @throws Refusal if there is no such operation, or it is not finished
 */
export async function draftOfAgain(
  context: Pick<Parts, "view" | "store">,
  id: string,
  asked: AgainBody,
): Promise<Draft> {
  const { record, env } = await context.view.find(id);
  if (!isFinal(record.state)) throw notFinished(record);
  const { params, env: variables = {}, secrets, ...changes } = asked;
  const draft = { ...pick(record, REPEATED), ...changes };
  return {
    // Null: none.
    ...withoutNull(draft),
    op: record.op,
    params: params ?? record.params,
    env: changedVariables(env, variables),
    againOf: record.id,
    secrets: { ...context.store.secrets.get(record.id), ...secrets },
  };
}

function changedVariables(
  env: Entry["env"],
  changes: NonNullable<AgainBody["env"]>,
): Record<string, string> {
  const changed = { ...env };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}

function notFinished({ id, op, state }: Operation): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${op} ${id} cannot be run again: it is ${state}; wait for its end with liveops wait ${id}, ` +
      `or end it with liveops cancel ${id}`,
  );
}
