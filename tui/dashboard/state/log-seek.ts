/**
 * Looks for a line of the log that is not on the screen: a match of a search, or the first line of a stage. The daemon
 * looks; the screen then jumps to what it found.
 */
import type { LogLine } from "../../../protocol/operation.js";
import { linkAt } from "./chain-log.js";
import { logRoom } from "./detail-plan.js";
import type { SlotEffect } from "./effect.js";
import { jumpTo, rowsBelowJump, visibleLines } from "./log-place.js";
import { wantedLines } from "./log-window.js";
import { notify, operationOf, type Seek, type State } from "./model.js";

/** Seeks the match at or above the foot of the screen, else the first one below it. */
export function search(state: State, text: string): State {
  if (text === "") return { ...state, search: null, seek: null };
  const foot = footOf(state)?.n ?? 0;
  const none = `No line has ${text}`;
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
  return { ...state, seek: { query, orElse: null, none: `No ${later ? "next" : "previous"} match` } };
}

/** To the first line of the next stage that has any, or of the one before. */
export function seekStage(before: State, direction: 1 | -1): State {
  const line = landedOn(before);
  if (line === null && wantsLines(before)) return { ...before, stepWaits: direction };
  const state = { ...before, stepWaits: null };
  if (line === null) return notify(state, "The log has no line");
  const stages = operationOf(state, linkAt(state.logLinks, line.n)?.id ?? null)?.stages ?? [];
  const here = line.stage === null ? -1 : stages.indexOf(line.stage);
  const others = direction === 1 ? stages.slice(here + 1) : stages.slice(0, Math.max(0, here)).reverse();
  const after = direction === 1 ? line.n : (linkAt(state.logLinks, line.n)?.offset ?? 0);
  const none = `No ${direction === 1 ? "next" : "previous"} stage in the log`;
  const seek = others.reduceRight<Seek | null>(
    (orElse, stage) => ({ query: { after, stage }, orElse, none }),
    null,
  );
  return seek === null ? notify(state, none) : { ...state, seek };
}

/** The step that waited, now that lines came. */
export function stepOn(state: State): State {
  return state.stepWaits === null ? state : seekStage(state, state.stepWaits);
}

function wantsLines(state: State): boolean {
  return wantedLines(state.log, logRoom(state).height) !== null;
}

/** The lowest line on the screen. */
export function footOf(state: State): LogLine | null {
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

/** The seek that is under way. */
export function wantedSeek(state: State): SlotEffect | null {
  if (state.connection.state !== "live" || state.seek === null || state.log.id === null) return null;
  const { stage, stream } = state.log.filter;
  const filter = { ...(stage !== null && { stage }), ...(stream !== null && { stream }) };
  return {
    type: "seek",
    chain: state.log.id,
    links: state.logLinks.map((link) => ({ ...link, lines: 0 })),
    query: { ...filter, ...state.seek.query },
  };
}

export function sought(state: State, key: string, line: LogLine | null): State {
  const { seek } = state;
  if (seek === null || JSON.stringify(wantedSeek(state)) !== key) return state;
  if (line === null) {
    if (seek.orElse !== null) return { ...state, seek: seek.orElse };
    return notify({ ...state, seek: null }, seek.none);
  }
  const { height, rowsOf } = logRoom(state);
  const found =
    seek.query.match === undefined || state.search === null ? state.search : { ...state.search, at: line.n };
  return { ...state, seek: null, search: found, log: jumpTo(state.log, line.n, height, rowsOf) };
}

/** After the rows of the log changed (wrapped, numbered): the match that one is at stays on the screen. */
export function keepMatch(state: State): State {
  const at = state.search?.at ?? null;
  if (at === null || state.log.follow) return state;
  const { height, rowsOf } = logRoom(state);
  return { ...state, log: jumpTo(state.log, at, height, rowsOf) };
}
