/** Whether something on the screen counts seconds, or is to go by itself: while nothing does, no timer runs. */
import { panesOf } from "../screen/layout.js";
import { operationOf, type State, selectedOperation } from "./model.js";
import { fades } from "./notices.js";

export function ticks(state: State): boolean {
  if (state.connection.state !== "live") return state.connection.state === "away";
  const running = (id: string) => operationOf(state, id)?.state === "running";
  if (fades(state)) return true;
  if (selectedOperation(state)?.state === "running") return true;
  return state.order.slice(state.top, state.top + panesOf(state).listHeight).some(running);
}
