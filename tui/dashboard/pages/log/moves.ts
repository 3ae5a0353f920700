/** The log is moved: by rows, and to matches of a search. */
import type { LogLine } from "../../../../protocol/operation.js";
import { jumpTo, type LogRows, type LogWindow, visibleLines } from "../../core/log/log-window.js";
import { patched, type State } from "../../core/model.js";
import { logRoom } from "./log-room.js";

/** Seeks the match at or above the foot of the screen, else the first one below it. */
export function search(state: State, text: string): State {
  if (text === "") return patched(state, "log", { search: null, seek: null });
  const foot = footOf(state);
  const none = `No line has ${text}`;
  const below = { query: { after: foot, match: text }, orElse: null, none };
  const seek = { query: { before: foot + 1, match: text }, orElse: below, none };
  return patched(state, "log", { search: { text, at: null }, seek });
}

/** Moves to the next match below or above. */
export function searchOn(state: State, direction: "later" | "earlier"): State {
  if (state.log.search === null) return state;
  const { text, at } = state.log.search;
  const from = at ?? footOf(state);
  const later = direction === "later";
  const query = later ? { after: from, match: text } : { before: Math.max(1, from), match: text };
  return patched(state, "log", {
    seek: { query, orElse: null, none: `No ${later ? "next" : "previous"} match` },
  });
}

/** A person moves the log. */
export function movedByHand(state: State, move: Parameters<typeof moved>[1]): State {
  return moved(leftError(state), move);
}

/** The log stands where a person put it, not where it was opened. */
export const leftError = (state: State): State => {
  const seek = state.log.seek?.errorSince === undefined ? state.log.seek : null;
  return state.log.openedAt === null && seek === state.log.seek
    ? state
    : patched(state, "log", { openedAt: null, seek });
};

/** The lines on the screen. */
export function shownLines(state: State): readonly LogLine[] {
  return visibleLines(state.log.window, logRoom(state));
}

/** The state with the log moved. */
export function moved(state: State, move: (log: LogWindow, room: LogRows) => LogWindow): State {
  return withLog(state, move(state.log.window, logRoom(state)));
}

export function withLog(state: State, log: LogWindow): State {
  return log === state.log.window ? state : patched(state, "log", { window: log });
}

/** The state with the line on the screen. */
export const jumped = (state: State, n: number): State =>
  moved(state, (log, room) => jumpTo(log, n, room));

/** The number of the lowest line on the screen; 0: there is none. */
const footOf = (state: State): number => shownLines(state).at(-1)?.n ?? 0;

/** Keeps the current match on the screen after the rows of the log changed (wrap, numbers). */
export function keepMatch(state: State): State {
  const at = state.log.search?.at ?? null;
  return at === null || state.log.window.follow ? state : jumped(state, at);
}
