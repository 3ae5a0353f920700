/**
 * The log of a whole chain as one log: the lines of each operation follow those of the operations before. Numbers
 * count through the chain; the daemon counts by operation.
 */

import { getOwn } from "../../../protocol/objects.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { LogQuery } from "../../../protocol/requests.js";
import { failedSteps } from "../../../protocol/step-names.js";
import { chainOf, operationOf, selectedOperation } from "./chain.js";
import { logRoom } from "./detail-plan.js";
import {
  jumpTo,
  type LogFilter,
  type LogWindow,
  openLog,
  type RowsOf,
  rowsBelowJump,
  visibleLines,
  wantedLines,
} from "./log-window.js";
import { notify, patched, type State } from "./model.js";
import type { LogLink, Seek } from "./slices/log.js";

export function linksOf(state: State, operation: Operation): LogLink[] {
  let offset = 0;
  return chainOf(state, operation).map(({ id, title, logLines }) => {
    const link = { id, name: title, offset, lines: logLines };
    offset += logLines;
    return link;
  });
}

/** The log of the selected chain, from its end. */
export function openChainLog(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null)
    return patched(state, "log", { window: openLog(null, 0), links: [], stepLines: new Map() });
  const links = linksOf(state, operation);
  const last = links.at(-1)!;
  const log = openLog(operation.chain.id, last.offset + last.lines, last.offset);
  return patched(state, "log", { window: log, links, stepLines: new Map() });
}

/** The log of a failed operation, from the first line that tells of its error. */
export function seekError(state: State, operation: Operation): State {
  const { stages, stageStates, stageTimes, startedAt } = operation;
  const failed = stages.find((stage) => getOwn(stageStates, stage) === "failed");
  const errorSince = (failed === undefined ? null : getOwn(stageTimes, failed)?.startedAt) ?? startedAt;
  if (operation.state !== "failed" || errorSince === null) return state;
  const after = state.log.links.find(({ id }) => id === operation.id)?.offset ?? 0;
  const whole: Seek = { query: { after }, orElse: null, none: "", errorSince };
  if (failed === undefined) return patched(state, "log", { seek: whole });
  const [step] = failedSteps(operation, failed);
  const query = { after, stage: failed, ...(step !== undefined && { step }) };
  const seek = { ...whole, query, orElse: whole };
  return patched(state, "log", { seek });
}

/** After data came in: the links as they are now. Where an earlier one has grown, its numbers are new: the log is opened again. */
export function settleLinks(before: State, after: State): State {
  const operation = selectedOperation(after);
  if (operation === null || (before.view === after.view && before.fetched === after.fetched)) return after;
  const links = linksOf(after, operation);
  const moved = after.log.links.some(({ id, offset }) => {
    const now = links.find((link) => link.id === id);
    return now === undefined || now.offset !== offset;
  });
  if (moved || after.log.window.id !== operation.chain.id)
    return patched(openChainLog(after), "log", { run: after.log.run + 1 });
  const same =
    links.length === after.log.links.length &&
    links.every(({ lines }, i) => lines === after.log.links[i]!.lines);
  return same ? after : patched(after, "log", { links });
}

/** A line with its number in the chain. */
export function shifted(lines: readonly LogLine[], offset: number): readonly LogLine[] {
  return offset === 0 ? lines : lines.map((line) => ({ ...line, n: line.n + offset }));
}

/** The operation that a line of the chain belongs to. */
export function linkAt(links: readonly LogLink[], n: number): LogLink | null {
  return links.findLast(({ offset }) => offset < n) ?? links[0] ?? null;
}

export const filterQuery = ({ stage, step, stream }: LogFilter): LogQuery => ({
  ...(stage !== null && { stage }),
  ...(step !== null && { step }),
  ...(stream !== null && { stream }),
});

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
