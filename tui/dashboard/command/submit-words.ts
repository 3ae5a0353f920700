/** The words after `liveops submit` that say what a form holds. */
import type { Submit } from "../state/request.js";
import { flagged } from "./flagged.js";

export function submitWords({ op, set, args, params, label }: Submit): string[] {
  return [
    op,
    ...set,
    ...(params === undefined ? [] : ["--params", JSON.stringify(params)]),
    ...(label === "" ? [] : flagged("--label", label)),
    ...(args === undefined ? [] : ["--", ...args]),
  ];
}
