/**
 * Reads the key `on` of a pipeline file: the actions that the daemon runs when something happens to
 * the pipeline.
 */
import {
  type Actions,
  actionsSchema,
  EVENTS,
  OPERATION_EVENTS,
} from "../../../protocol/actions.js";
import { misfitOf } from "../../../protocol/schema/misfit.js";
import type { Field } from "./values.js";
import type { TreeNode } from "./yaml-tree.js";

export function readOn(field: Field | undefined): Actions | null {
  if (field === undefined) return null;
  const value = plain(field.node);
  const misfit = misfitOf(value, actionsSchema(OPERATION_EVENTS));
  if (misfit === null) return value as Actions;
  const [event] = misfit.at;
  const isOfConfig = misfit.ofKey && EVENTS.some((each) => each === event);
  const hint = isOfConfig ? `; ${event} belongs into the config file` : "";
  field.problem(`${["on", ...misfit.at].join(".")} ${misfit.text}${hint}`);
  return null;
}

/** The value of the text, without its positions. */
function plain(node: TreeNode): unknown {
  if (node.kind === "list") return node.items.map(plain);
  if (node.kind === "map")
    return Object.fromEntries(node.entries.map(({ name, value }) => [name, plain(value)]));
  return node.value;
}
