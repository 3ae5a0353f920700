/** What just happened stands at the foot until the next key, or for a while; what went wrong stays. */
import type { State } from "./model.js";

/** Milliseconds that a notice stands, and one with a command, which somebody may want to copy. */
const STANDS = 10_000;
const COMMAND_STANDS = 60_000;

export function fades({ notice }: Pick<State, "notice">): boolean {
  return notice !== null && (notice.level === "info" || notice.level === "success");
}

/** After a tick. */
export function faded(state: State): State {
  if (!fades(state)) return state;
  if (state.noticedAt === null) return { ...state, noticedAt: state.now };
  const stands = state.notice?.command === undefined ? STANDS : COMMAND_STANDS;
  return state.now - state.noticedAt >= stands ? { ...state, notice: null, noticedAt: null } : state;
}
