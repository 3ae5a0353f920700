/** The shell command that an action stands for in this state; null where the shell has none. */
import { type State, selectedOperation } from "../state/model.js";
import type { Action } from "../state/press.js";
import { commandOf, liveops, submitAny } from "./liveops.js";

export function commandFor(state: State, action: Action): string | null {
  const { selected: id, flags } = state;
  if (action === "submit") return submitAny(flags);
  if (id === null || selectedOperation(state) === null) return null;
  switch (action) {
    case "cancel":
    case "retry":
    case "again":
    case "remove":
      return commandOf({ kind: action, id }, flags);
    case "retry-from":
      return liveops(["retry", id, "--from", "STAGE"], flags);
    case "enter":
      return liveops(["show", id], flags);
    case "follow":
      return liveops(["watch", id], flags);
    case "log-end":
      return liveops(["logs", id, "-f"], flags);
    default:
      return null;
  }
}
