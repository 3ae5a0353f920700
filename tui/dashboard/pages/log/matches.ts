/** All matches of a search in the log of the chain: how many there are, and which one is shown. */
import { isDeepStrictEqual } from "node:util";
import type { LogLine } from "../../../../protocol/operation.js";
import type { LogQuery } from "../../../../protocol/requests.js";
import { filterQuery } from "../../core/log/chain-log.js";
import { passes } from "../../core/log/log-window.js";
import type { LogLink } from "../../core/log/slice.js";
import { patched, type State } from "../../core/model.js";
import { plainText } from "./log-room.js";

/** Matches that are counted. */
export const MATCHES_MOST = 1000;

/** The count that a search wants: the operations of the chain, and what to look for. */
export interface MatchesWanted {
  readonly links: ReadonlyArray<Pick<LogLink, "id" | "offset">>;
  readonly query: LogQuery;
}

/** Null: there is no search. */
export function wantedMatches(state: State): MatchesWanted | null {
  const { search, window: log, links } = state.log;
  if (search === null || log.id === null) return null;
  return {
    links: links.map(({ id, offset }) => ({ id, offset })),
    query: { ...filterQuery(log.filter), match: search.text },
  };
}

/** The matches of the present search; null: not counted yet. */
function matchesOf(state: State): State["log"]["matches"] {
  const { matches } = state.log;
  return matches !== null && isDeepStrictEqual(matches.of, wantedMatches(state)) ? matches : null;
}

/** Lines that were logged since the count. */
export function withLogged(state: State, lines: readonly LogLine[]): State {
  const matches = matchesOf(state);
  if (matches === null || matches.isMore || state.log.search === null) return state;
  const sought = state.log.search.text.toLowerCase();
  const last = matches.numbers.at(-1) ?? 0;
  const found = lines
    .filter((line) => line.n > last && passes(state.log.window.filter, line))
    .filter((line) => plainText(line).toLowerCase().includes(sought))
    .map(({ n }) => n);
  if (found.length === 0) return state;
  const numbers = [...matches.numbers, ...found];
  return patched(state, "log", {
    matches: { ...matches, numbers, isMore: numbers.length > MATCHES_MOST },
  });
}

/** `3 of 17`, `17 matches`; "": not counted yet. */
export function matchText(state: State): string {
  const matches = matchesOf(state);
  if (matches === null) return "";
  const { numbers, isMore } = matches;
  const all = `${numbers.length.toLocaleString("en")}${isMore ? "+" : ""}`;
  const at = numbers.indexOf(state.log.search?.at ?? -1);
  if (at !== -1) return `${(at + 1).toLocaleString("en")} of ${all}`;
  return `${all} ${numbers.length === 1 && !isMore ? "match" : "matches"}`;
}
