/**
 * Looking for a line of the log that is not on the screen: a match of a search, or the first line of a stage. The
 * daemon looks, by range; the screen then jumps to what it found.
 */
import type { LogLine } from "../../../protocol/operation.js";
import { logRoom } from "../screen/log-room.js";
import { jumpTo, rowsBelowJump, visibleLines } from "./log-place.js";
import { wantedLines } from "./log-window.js";
import { type State, selectedOperation } from "./model.js";

export interface Seek {
  /** The daemon's own query words. */
  readonly query: { after?: number; before?: number; match?: string; stage?: string };
  /** Where to look when there is none. */
  readonly orElse: Seek | null;
  /** What to say when there is none anywhere. */
  readonly none: string;
}

export interface Search {
  readonly text: string;
  /** Number of the match that one is at. */
  readonly at: number | null;
}

/** Seeks the match at or above the foot of the screen, else the first one below it. */
export function search(state: State, text: string): State {
  if (text === "") return { ...state, search: null, seek: null };
  const foot = footOf(state)?.n ?? 0;
  const none = `no line has ${text}`;
  const below = { query: { after: foot, match: text }, orElse: null, none };
  const seek = { query: { before: foot + 1, match: text }, orElse: below, none };
  return { ...state, search: { text, at: null }, seek };
}

/** On to the match below, or above. */
export function searchOn(state: State, direction: "later" | "earlier"): State {
  if (state.search === null) return state;
  const { text, at } = state.search;
  const from = at ?? footOf(state)?.n ?? 0;
  const later = direction === "later";
  const query = later ? { after: from, match: text } : { before: Math.max(1, from), match: text };
  return { ...state, seek: { query, orElse: null, none: `no match ${later ? "below" : "above"}` } };
}

/** To the first line of the next stage that has any, or of the one before. */
export function seekStage(before: State, direction: 1 | -1): State {
  const operation = selectedOperation(before);
  const line = landedOn(before);
  if (operation === null) return before;
  if (line === null && wantsLines(before)) return { ...before, stepWaits: direction };
  const state = { ...before, stepWaits: null };
  if (line === null) return { ...state, notice: { text: "no line to go on from", level: "info" } };
  const { stages } = operation;
  const here = line.stage === null ? -1 : stages.indexOf(line.stage);
  const others = direction === 1 ? stages.slice(here + 1) : stages.slice(0, Math.max(0, here)).reverse();
  const after = direction === 1 ? line.n : 0;
  const none = `no ${direction === 1 ? "later" : "earlier"} stage in the log`;
  const seek = others.reduceRight<Seek | null>(
    (orElse, stage) => ({ query: { after, stage }, orElse, none }),
    null,
  );
  return seek === null ? { ...state, notice: { text: none, level: "info" } } : { ...state, seek };
}

/** The step that waited, now that lines came. */
export function stepOn(state: State): State {
  return state.stepWaits === null ? state : seekStage(state, state.stepWaits);
}

/** Whether the lines for the screen are still being fetched. */
function wantsLines(state: State): boolean {
  return wantedLines(state.log, logRoom(state).height) !== null;
}

/** The lowest line on the screen. */
function footOf(state: State): LogLine | null {
  const { height, rowsOf } = logRoom(state);
  return visibleLines(state.log, height, rowsOf).at(-1) ?? null;
}

/** The line where a jump puts what it jumped to. */
function landedOn(state: State): LogLine | null {
  const { height, rowsOf } = logRoom(state);
  const lines = visibleLines(state.log, height, rowsOf);
  let place = lines.length - 1;
  for (let below = rowsBelowJump(height); below > 0 && place > 0; place--) below -= rowsOf(lines[place]!);
  return lines[place] ?? null;
}

/** The seek that is under way, as one string. */
export function wantedSeek(state: State): string | null {
  if (state.connection.state !== "live" || state.seek === null || state.log.id === null) return null;
  const { stage, stream } = state.log.filter;
  const filter = { ...(stage !== null && { stage }), ...(stream !== null && { stream }) };
  return JSON.stringify([state.log.id, { ...filter, ...state.seek.query }]);
}

export function sought(state: State, key: string, line: LogLine | null): State {
  const { seek } = state;
  if (seek === null || wantedSeek(state) !== key) return state;
  if (line === null) {
    if (seek.orElse !== null) return { ...state, seek: seek.orElse };
    return { ...state, seek: null, notice: { text: seek.none, level: "info" } };
  }
  const { height, rowsOf } = logRoom(state);
  const found =
    seek.query.match === undefined || state.search === null ? state.search : { ...state.search, at: line.n };
  return { ...state, seek: null, search: found, log: jumpTo(state.log, line.n, height, rowsOf) };
}
