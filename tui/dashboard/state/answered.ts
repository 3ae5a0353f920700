/** What the daemon's answer to a request does: the record is taken in, and the deed is told with its shell command. */
import type { Operation } from "../../../protocol/operation.js";
import { commandOf } from "../command/liveops.js";
import type { Notice, State } from "./model.js";
import type { Request } from "./request.js";
import { select, settleSelection } from "./select.js";
import { addFetched, applyLine } from "./watched.js";

export function answered(before: State, request: Request, operation: Operation): State {
  const notice = told(before, request);
  if (request.kind === "remove") {
    const cursor = before.view.cursor ?? "";
    const state = applyLine(before, { type: "removed", cursor, id: operation.id });
    return { ...settleSelection(before, state), request: null, notice };
  }
  const state = { ...addFetched(before, [operation]), request: null, notice };
  if (request.kind !== "submit") return state;
  // Whoever submits wants to see it.
  return { ...select(state, operation.id), page: null, entry: null, pane: "detail" };
}

const DEEDS: Record<Request["kind"], string> = {
  cancel: "asked to stop",
  retry: "queued again",
  remove: "removed",
  submit: "submitted",
};

function told(state: State, request: Request): Notice {
  return { text: DEEDS[request.kind], level: "success", command: commandOf(request, state.flags) };
}

export function refused(state: State, request: Request, message: string): State {
  const closed = { ...state, request: null };
  return { ...closed, notice: { text: `${request.kind}: ${message}`, level: "error" } };
}
