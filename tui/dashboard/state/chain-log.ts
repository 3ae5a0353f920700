/**
 * The log of a whole chain as one log: the lines of each operation follow those of the operations before. Numbers
 * count through the chain; the daemon counts by operation.
 */
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { LogQuery } from "../../../protocol/requests.js";
import type { LogLink, SlotEffect } from "./effect.js";
import { afterOfJump, openLog, wantedLines } from "./log-window.js";
import { chainOf, type State, selectedOperation } from "./model.js";

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
  if (operation === null) return { ...state, log: openLog(null, 0), logLinks: [] };
  const links = linksOf(state, operation);
  const last = links.at(-1)!;
  const log = openLog(operation.chain.id, last.offset + last.lines, last.offset);
  return { ...state, log, logLinks: links };
}

/** After data came in: the links as they are now. Where an earlier one has grown, its numbers are new: the log is opened again. */
export function settleLinks(before: State, after: State): State {
  const operation = selectedOperation(after);
  if (operation === null || (before.view === after.view && before.fetched === after.fetched)) return after;
  const links = linksOf(after, operation);
  const moved = after.logLinks.some(({ id, offset }) => {
    const now = links.find((link) => link.id === id);
    return now === undefined || now.offset !== offset;
  });
  if (moved || after.log.id !== operation.chain.id)
    return { ...openChainLog(after), logRun: after.logRun + 1 };
  const same =
    links.length === after.logLinks.length &&
    links.every(({ lines }, i) => lines === after.logLinks[i]!.lines);
  return same ? after : { ...after, logLinks: links };
}

/** A line with its number in the chain. */
export function shifted(lines: readonly LogLine[], offset: number): readonly LogLine[] {
  return offset === 0 ? lines : lines.map((line) => ({ ...line, n: line.n + offset }));
}

/** The operation that a line of the chain belongs to. */
export function linkAt(links: readonly LogLink[], n: number): LogLink | null {
  return links.findLast(({ offset }) => offset < n) ?? links[0] ?? null;
}

/** The range of the log to fetch for what is on the screen; null: nothing is missing. */
export function wantedRange(state: State, height: number): SlotEffect | null {
  const { log, logLinks: links } = state;
  const last = links.at(-1);
  const want = wantedLines(log, height);
  if (want === null || log.id === null || last === undefined) return null;
  const link =
    "tail" in want
      ? last
      : "before" in want
        ? linkAt(links, want.before - 1)
        : linkAt(links, "after" in want ? want.after + 1 : Math.min(want.around, log.total));
  if (link === null) return null;
  const { stage, stream } = log.filter;
  return {
    type: "fetch-log",
    chain: log.id,
    id: link.id,
    offset: link.offset,
    lines: link === last ? null : link.lines,
    filter: log.filter,
    want,
    query: {
      ...boundsOf(want, link),
      ...(stage !== null && { stage }),
      ...(stream !== null && { stream }),
    },
    reached: "tail" in want ? log.to : null,
  };
}

function boundsOf(want: NonNullable<ReturnType<typeof wantedLines>>, { offset }: LogLink): LogQuery {
  if ("tail" in want) return { tail: want.tail };
  if ("before" in want) return { before: want.before - offset };
  if ("after" in want) return { after: want.after - offset };
  return { after: Math.max(0, afterOfJump(want.around) - offset) };
}

/** What a page of one operation's log tells of the log of the chain. */
export function chainPage(
  effect: Extract<SlotEffect, { type: "fetch-log" }>,
  page: { lines: readonly LogLine[]; total: number; next: number | null },
): { lines: readonly LogLine[]; total: number; next: number | null; floor: number } {
  const { offset, lines, want } = effect;
  const backwards = "before" in want || "tail" in want;
  const end = backwards ? (offset > 0 ? offset + 1 : null) : lines === null ? null : offset + lines;
  const next = page.next === null ? end : page.next + offset;
  return {
    lines: shifted(page.lines, offset),
    total: lines === null ? offset + page.total : 0,
    next,
    floor: offset,
  };
}

/** The operation whose log is streamed: the last of the chain. */
export function streamedLink(state: State): LogLink | null {
  return state.connection.state === "live" ? (state.logLinks.at(-1) ?? null) : null;
}
