/**
 * What is asked for of the log of a chain: new lines, those on the screen, the one that is sought,
 * matches of a search.
 */
import { isDeepStrictEqual } from "node:util";
import type { LogLine } from "../../../../protocol/operation.js";
import type { LogPage } from "../../../../protocol/replies.js";
import type { LogQuery } from "../../../../protocol/requests.js";
import { isErrorLine } from "../../../../protocol/text/line-level.js";
import { ask, TYPING } from "../../core/ask.js";
import type { DashboardClient } from "../../core/client.js";
import { filterQuery, linkAt, shifted } from "../../core/log/chain-log.js";
import {
  addPage,
  afterOfJump,
  appendLines,
  LOG_PAGE,
  type LogFilter,
  type LogWant,
  wantedLines,
} from "../../core/log/log-window.js";
import type { LogLink, Seek } from "../../core/log/slice.js";
import { notify, patched, type State } from "../../core/model.js";
import { coloured } from "../../text/coloured.js";
import { jsonLine } from "../../text/json-line.js";
import { logRoom } from "./log-room.js";
import { MATCHES_MOST, wantedMatches, withLogged } from "./matches.js";
import { jumped, withLog } from "./moves.js";

/** Milliseconds for which a log is looked through for its first error, or for all matches. */
const LOOK_MOST = 3000;

/** New lines of the last operation of the chain. */
export const logStream = ask({
  want(state) {
    const link = state.log.links.at(-1);
    return link === undefined ? null : { id: link.id, run: state.log.run };
  },
  take(state, added: readonly LogLine[], { id }) {
    const link = state.log.links.at(-1);
    if (link?.id !== id) return state;
    const lines = shifted(added, link.offset);
    return withLogged(withLog(state, appendLines(state.log.window, lines)), lines);
  },
  async bring({ id }, { client, state, tell, left }) {
    const offset = state().log.links.find((link) => link.id === id)?.offset ?? 0;
    const logAfter = Math.max(0, state().log.window.to - offset);
    for await (const line of client.watch({ operation: id, log: true, logAfter }, left))
      if (line.type === "log" && line.id === id) tell(line.lines);
  },
});

/** Lines of one operation of the chain. */
interface LogRange {
  readonly chain: string;
  readonly id: string;
  readonly offset: number;
  /** Lines of the operation, as far as is known; null: it is the last of the chain. */
  readonly lines: number | null;
  readonly filter: LogFilter;
  readonly want: LogWant;
  readonly query: LogQuery;
  /** The end of the log at the request. A longer log repeats the request. */
  readonly reached: number | null;
}

/** For what is on the screen; null: nothing is missing. */
export function wantedRange(state: State, height: number): LogRange | null {
  const { window: log, links } = state.log;
  const last = links.at(-1);
  const want = wantedLines(log, height);
  if (want === null || log.id === null || last === undefined) return null;
  const link = linkOf(want, links, log.total);
  if (link === null) return null;
  return {
    chain: log.id,
    id: link.id,
    offset: link.offset,
    lines: link === last ? null : link.lines,
    filter: log.filter,
    want,
    query: { ...boundsOf(want, link), ...filterQuery(log.filter) },
    reached: "tail" in want ? log.to : null,
  };
}

function linkOf(want: LogWant, links: readonly LogLink[], total: number): LogLink | null {
  if ("tail" in want) return links.at(-1) ?? null;
  if ("before" in want) return linkAt(links, want.before - 1);
  return linkAt(links, "after" in want ? want.after + 1 : Math.min(want.around, total));
}

function boundsOf(want: LogWant, { offset }: LogLink): LogQuery {
  if ("tail" in want) return want;
  if ("before" in want) return { before: want.before - offset };
  return { after: Math.max(0, ("after" in want ? want.after : afterOfJump(want.around)) - offset) };
}

export const logRange = ask({
  // A log that grows changes the want faster than answers come.
  late: true,
  want: (state) => wantedRange(state, logRoom(state).height),
  take(state, page: LogPage, range) {
    const { chain, filter, want, offset, lines } = range;
    if (chain !== state.log.window.id || !isDeepStrictEqual(filter, state.log.window.filter))
      return state;
    const total = lines === null ? offset + page.total : 0;
    const next = page.next === null ? endOf(range) : page.next + offset;
    const added = shifted(page.lines, offset);
    const log = addPage(
      state.log.window,
      want,
      added,
      Math.max(total, state.log.window.total),
      next,
      offset,
    );
    if (!("around" in want) || log === state.log.window) return withLog(state, log);
    return jumped(patched(state, "log", { window: log }), log.bottom);
  },
  bring: async ({ id, query }, { client, tell }) =>
    tell(await client.log(id, { ...query, limit: LOG_PAGE })),
});

/** Where the log of the chain goes on after the lines of the operation; null: nowhere. */
function endOf({ offset, lines, want }: LogRange): number | null {
  if ("before" in want || "tail" in want) return offset > 0 ? offset + 1 : null;
  return lines === null ? null : offset + lines;
}

/** What is sought, in the operations of the chain, whatever they log meanwhile. */
interface SeekWanted {
  readonly chain: string;
  readonly links: ReadonlyArray<Pick<LogLink, "id" | "offset">>;
  readonly query: Seek["query"];
  readonly errorSince: string | undefined;
}

function wantedSeek(state: State): SeekWanted | null {
  const { window: log, links, seek } = state.log;
  if (seek === null || log.id === null) return null;
  return {
    chain: log.id,
    links: links.map(({ id, offset }) => ({ id, offset })),
    query: { ...filterQuery(log.filter), ...seek.query },
    errorSince: seek.errorSince,
  };
}

export const seek = ask({
  want: wantedSeek,
  take(state, line: LogLine | null, want) {
    const { seek } = state.log;
    if (seek === null || !isDeepStrictEqual(wantedSeek(state), want)) return state;
    if (line === null) {
      const after = patched(state, "log", { seek: seek.orElse });
      return seek.orElse !== null || seek.none === "" ? after : notify(after, seek.none);
    }
    const found = jumped(patched(state, "log", { seek: null }), line.n);
    if (seek.errorSince !== undefined) return patched(found, "log", { openedAt: line.n });
    const { search } = state.log;
    return patched(found, "log", { search: search && { ...search, at: line.n } });
  },
  bring: async (wanted, { client, tell, left }) => tell(await firstLine(client, wanted, left)),
});

export const matches = ask({
  want: wantedMatches,
  wait: () => TYPING,
  take: (state, found: { numbers: readonly number[]; isMore: boolean }, of) =>
    isDeepStrictEqual(wantedMatches(state), of)
      ? patched(state, "log", { matches: { of, ...found } })
      : state,
  async bring({ links, query }, { client, tell, left }) {
    const numbers: number[] = [];
    const end = performance.now() + LOOK_MOST;
    let isMore = false;
    for (const { id, offset } of links) {
      for await (const { lines, next } of client.logPages(
        id,
        { ...query, limit: MATCHES_MOST },
        left,
      )) {
        numbers.push(...shifted(lines, offset).map(({ n }) => n));
        isMore = numbers.length > MATCHES_MOST || (next !== null && performance.now() > end);
        if (left.aborted) return;
        if (isMore) break;
      }
      if (isMore) break;
    }
    tell({ numbers: numbers.slice(0, MATCHES_MOST), isMore });
  },
});

/**
 * The first line of the chain that matches, in the direction of the query, or that tells of an
 * error of the last attempt. The daemon looks through so much of a log at a time: it is asked on
 * until it found one, or another line is sought.
 */
async function firstLine(
  client: DashboardClient,
  { links, query: { after = 0, before, ...words }, errorSince }: SeekWanted,
  left: AbortSignal,
): Promise<LogLine | null> {
  const all = [...links.entries()];
  const last = errorSince === undefined ? Number.POSITIVE_INFINITY : performance.now() + LOOK_MOST;
  const limit = errorSince === undefined ? 1 : LOG_PAGE;
  for (const [i, { id, offset }] of before === undefined ? all : all.reverse()) {
    const end = links[i + 1]?.offset ?? Number.POSITIVE_INFINITY;
    if (before === undefined ? after >= end : before <= offset + 1) continue;
    const bounds: LogQuery =
      before === undefined
        ? { after: Math.max(0, after - offset) }
        : { before: Math.min(before, end + 1) - offset };
    for await (const { lines } of client.logPages(id, { ...words, ...bounds, limit }, left)) {
      const line =
        errorSince === undefined ? lines[0] : lines.find((each) => isError(each, errorSince));
      if (line !== undefined) return shifted([line], offset)[0]!;
      if (left.aborted || performance.now() > last) return null;
    }
  }
  return null;
}

const isError = ({ stream, at, text }: LogLine, since: string): boolean =>
  stream !== "liveops" &&
  Date.parse(at) >= Date.parse(since) &&
  isErrorLine(jsonLine(text) ?? coloured(text).text);
