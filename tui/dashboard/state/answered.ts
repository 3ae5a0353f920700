/** What the daemon's answer to a request does: the record is taken in, and the deed is told with its shell command. */
import type { Operation } from "../../../protocol/operation.js";
import { commandOf } from "../command/liveops.js";
import type { Notice, State } from "./model.js";
import { formRefused, withoutDraft } from "./pages/form.js";
import type { Request } from "./request.js";
import { select, settleSelection } from "./select.js";
import { addFetched, applyLines } from "./watched.js";

export function answered(before: State, request: Request, operation: Operation): State {
  const notice = told(before, request);
  if (request.kind === "remove") {
    const cursor = before.view.cursor ?? "";
    const state = applyLines(before, [{ type: "removed", cursor, id: operation.id }]);
    return { ...settleSelection(before, state), request: null, notice };
  }
  const state = { ...addFetched(before, [operation]), request: null, notice };
  if (request.kind !== "submit" && request.kind !== "again") return state;
  // Whoever submits wants to see it.
  const shown = { ...select(state, operation.id), page: null, entry: null, pane: "detail" } as const;
  return request.kind === "submit" ? withoutDraft(shown, request.op) : shown;
}

const DEEDS: Record<Request["kind"], string> = {
  cancel: "asked to stop",
  retry: "queued again",
  again: "submitted again",
  remove: "removed",
  submit: "submitted",
};

function told(state: State, request: Request): Notice {
  return { text: DEEDS[request.kind], level: "success", command: commandOf(request, state.flags) };
}

export function refused(state: State, request: Request, message: string): State {
  const closed = { ...state, request: null };
  if (request.kind === "submit" && state.page?.kind === "form") return formRefused(closed, message);
  return { ...closed, notice: { text: `${request.kind}: ${message}`, level: "error" } };
}
