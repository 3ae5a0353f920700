/** The log is moved: by rows, to matches of a search, to stages. */
import type { LogLine } from "../../../../protocol/operation.js";
import { operationOf } from "../../core/chain.js";
import { linkAt } from "../../core/chain-log.js";
import {
  jumpTo,
  type LogWindow,
  type RowsOf,
  rowsBelowJump,
  visibleLines,
  wantedLines,
} from "../../core/log-window.js";
import { notify, patched, type State } from "../../core/model.js";
import type { Seek } from "../../core/slices/log.js";
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

/** Moves to the first line of the next or the previous stage that has lines. */
export function seekStage(before: State, direction: 1 | -1): State {
  const line = landedOn(before);
  const waits = line === null && wantedLines(before.log.window, logRoom(before).height) !== null;
  if (waits) return patched(before, "log", { stepWaits: direction });
  const state = patched(before, "log", { stepWaits: null });
  if (line === null) return notify(state, "The log has no line");
  const stages = operationOf(state, linkAt(state.log.links, line.n)?.id ?? null)?.stages ?? [];
  const here = line.stage === null ? -1 : stages.indexOf(line.stage);
  const others = direction === 1 ? stages.slice(here + 1) : stages.slice(0, Math.max(0, here)).reverse();
  const after = direction === 1 ? line.n : (linkAt(state.log.links, line.n)?.offset ?? 0);
  const none = `No ${direction === 1 ? "next" : "previous"} stage in the log`;
  const seek = others.reduceRight<Seek | null>(
    (orElse, stage) => ({ query: { after, stage }, orElse, none }),
    null,
  );
  return seek === null ? notify(state, none) : patched(state, "log", { seek });
}

/** Takes the step that waited for lines. */
export function stepOn(state: State): State {
  return state.log.stepWaits === null ? state : seekStage(state, state.log.stepWaits);
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
  const { height, rowsOf } = logRoom(state);
  return visibleLines(state.log.window, height, rowsOf);
}

/** The state with the log moved. */
export function moved(
  state: State,
  move: (log: LogWindow, height: number, rowsOf: RowsOf) => LogWindow,
): State {
  const { height, rowsOf } = logRoom(state);
  return withLog(state, move(state.log.window, height, rowsOf));
}

export function withLog(state: State, log: LogWindow): State {
  return log === state.log.window ? state : patched(state, "log", { window: log });
}

/** The state with the line on the screen. */
export const jumped = (state: State, n: number): State =>
  moved(state, (log, height, rowsOf) => jumpTo(log, n, height, rowsOf));

/** The number of the lowest line on the screen; 0: there is none. */
const footOf = (state: State): number => shownLines(state).at(-1)?.n ?? 0;

/** The line where a jump puts what it jumped to. */
function landedOn(state: State): LogLine | null {
  const { height, rowsOf } = logRoom(state);
  const lines = visibleLines(state.log.window, height, rowsOf);
  let place = lines.length - 1;
  for (let below = rowsBelowJump(height); below > 0 && place > 0; place--) below -= rowsOf(lines[place]!);
  return lines[place] ?? null;
}

/** Keeps the current match on the screen after the rows of the log changed (wrap, numbers). */
export function keepMatch(state: State): State {
  const at = state.log.search?.at ?? null;
  return at === null || state.log.window.follow ? state : jumped(state, at);
}
