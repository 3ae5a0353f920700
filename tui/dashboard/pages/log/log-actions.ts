/** The actions in the log: move, search, filter, wrap. */

import { getOwn } from "../../../../protocol/objects.js";
import { selectedOperation } from "../../core/chain.js";
import { actionsIn, inDetail, seesLog } from "../../core/keys/action-parts.js";
import type { Mover } from "../../core/keys/movers.js";
import {
  filterLog,
  followLog,
  isFiltered,
  type LogFilter,
  pageLog,
  scrollLog,
  scrollToStart,
  WHOLE_LOG,
} from "../../core/log/log-window.js";
import { patched, type State } from "../../core/model.js";
import { keepMatch, leftError, movedByHand, searchOn, shownLines, withLog } from "./moves.js";

const toStart = (state: State) => movedByHand(state, scrollToStart);
const toEnd = (state: State) => withLog(leftError(state), followLog(state.log.window));

function filtered(state: State, filter: LogFilter): State {
  return patched(state, "log", { seek: null, window: filterLog(state.log.window, filter) });
}

/** The stages that the record lists, each with its steps, in order. */
function partsOfLog(state: State): LogFilter[] {
  const { stages = [], steps = {} } = selectedOperation(state) ?? {};
  return stages.flatMap((stage) => [
    { stage, step: null },
    ...(getOwn(steps, stage) ?? []).map(({ name }) => ({ stage, step: name })),
  ]);
}

/** The part that the lowest line on the screen is of, then those after it, then all. */
function nextPart(state: State): LogFilter {
  const all = partsOfLog(state);
  const { filter } = state.log.window;
  const place = ({ stage = null, step = null }: Partial<LogFilter>) =>
    all.findIndex((part) => part.stage === stage && part.step === step);
  if (isFiltered(filter)) return all[place(filter) + 1] ?? WHOLE_LOG;
  return all[Math.max(0, place(shownLines(state).at(-1) ?? {}))] ?? WHOLE_LOG;
}

export const LOG_MOVER: Mover = {
  when: inDetail,
  by: (state, rows) => movedByHand(state, (log, room) => scrollLog(log, rows, room)),
  page: (state, direction) => movedByHand(state, (log, room) => pageLog(log, direction, room)),
  first: toStart,
  last: toEnd,
};

/** Without search and filter. */
export function wholeLog(state: State): State {
  const cleared = patched(state, "log", { search: null, seek: null });
  return isFiltered(state.log.window.filter) ? filtered(cleared, WHOLE_LOG) : cleared;
}

const searching = (state: State) => inDetail(state) && state.log.search !== null;

export const LOG_ACTIONS = [
  ...actionsIn(searching, [
    {
      name: "match-next",
      keys: ["n"],
      description: "next, previous match",
      hint: "next",
      rank: 1,
      run: (state) => searchOn(state, "later"),
    },
    {
      name: "match-previous",
      keys: ["N"],
      hint: "previous",
      rank: 1,
      run: (state) => searchOn(state, "earlier"),
    },
  ]),
  ...actionsIn(seesLog, [
    {
      name: "wrap",
      keys: ["w"],
      description: "wrap the lines of the log",
      hint: ({ pane, log }) => {
        if (pane === "list") return null;
        return log.wrap ? "cut" : "wrap";
      },
      rank: 4,
      run: (state) => keepMatch(patched(state, "log", { wrap: !state.log.wrap })),
    },
    {
      name: "only-stage",
      keys: [],
      description: "the log of one stage or step only, again: the next one",
      run: (state) => filtered(state, nextPart(state)),
    },
  ]),
];
