/** How the actions ask the daemon for something: at once, or after a question. */
import { emit, type State } from "./model.js";
import type { Request } from "./request.js";
import { noHost, targets } from "./when.js";

/** @param only another answer to the question */
export function ask(state: State, request: Request, only?: Request): State {
  return { ...state, question: { request, ...(only !== undefined && { only }) } };
}

export function send(state: State, request: Request): State {
  return emit({ ...state, question: null, request }, { type: "send", request });
}

/**
 * Why the daemon cannot get a request now; null: it can.
 *
 * @param keys what is asked for: operations, a queue, a host; default: the targets of the actions
 */
export const busy = (state: State, keys = targets(state).map(({ id }) => id)): string | null =>
  state.request === null ? noHost(state, keys) : "the daemon has not answered the last request yet";
