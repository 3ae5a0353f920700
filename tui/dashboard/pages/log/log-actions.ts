/** The actions in the log: move, search, filter, wrap. */

import { getOwn } from "../../../../protocol/objects.js";
import type { Link } from "../../../terminal/links.js";
import { actionsIn, inDetail, onPage, seesLog } from "../../core/action-parts.js";
import { selectedOperation } from "../../core/chain.js";
import {
  filterLog,
  followLog,
  isFiltered,
  type LogFilter,
  pageLog,
  pauseLog,
  scrollLog,
  scrollToStart,
  WHOLE_LOG,
} from "../../core/log-window.js";
import { emit, patched, type State } from "../../core/model.js";
import type { Mover } from "../../core/movers.js";
import { linksOf } from "./LogView.js";
import { keepMatch, leftError, moved, movedByHand, searchOn, shownLines, withLog } from "./moves.js";

/** The file and line that is named at the match, or last on the screen. */
function sourceOnScreen(state: State): Link["source"] {
  const lines = shownLines(state);
  const match = lines.find(({ n }) => n === state.log.search?.at);
  for (const line of [...(match === undefined ? [] : [match]), ...lines.toReversed()]) {
    const source = linksOf(line, state).find((link) => link.source !== null)?.source;
    if (source) return source;
  }
  return null;
}

const toStart = (state: State) => movedByHand(state, scrollToStart);
const toEnd = (state: State) => withLog(leftError(state), followLog(state.log.window));

function filtered(state: State, filter: LogFilter): State {
  return patched(state, "log", { seek: null, window: filterLog(state.log.window, filter) });
}

type StepName = Pick<LogFilter, "stage" | "step">;

/** The steps of the stages that the record lists, in order. */
function stepsOfLog(state: State): StepName[] {
  const { stages = [], steps = {} } = selectedOperation(state) ?? {};
  return stages.flatMap((stage) => (getOwn(steps, stage) ?? []).map(({ name }) => ({ stage, step: name })));
}

/** The step of the lowest line on the screen that has one, then those after it, then all. */
function nextStep(state: State): StepName {
  const all = stepsOfLog(state);
  const { filter } = state.log.window;
  const whole = { stage: null, step: null };
  const at = all.findIndex(({ stage, step }) => stage === filter.stage && step === filter.step);
  if (filter.step !== null) return all[at + 1] ?? whole;
  const line = shownLines(state).findLast(({ step }) => step !== undefined);
  return line?.step === undefined ? (all[0] ?? whole) : { stage: line.stage, step: line.step };
}

/** The stage that is on the screen, then those after it, then all. */
function nextStage(state: State): string | null {
  const stages = selectedOperation(state)?.stages ?? [];
  const { stage } = state.log.window.filter;
  if (stage !== null) return stages[stages.indexOf(stage) + 1] ?? null;
  return shownLines(state).at(-1)?.stage ?? stages[0] ?? null;
}

const CYCLE = [null, "stdout", "stderr", "log", "liveops"] as const;
const copying = onPage("copy");

export const LOG_MOVER: Mover = {
  when: (state) => inDetail(state) || copying(state),
  by: (state, rows) => movedByHand(state, (log, height, rowsOf) => scrollLog(log, rows, height, rowsOf)),
  page: (state, direction) =>
    movedByHand(state, (log, height, rowsOf) => pageLog(log, direction, height, rowsOf)),
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
      hint: (state) => (state.pane === "list" ? null : state.log.wrap ? "cut" : "wrap"),
      rank: 4,
      run: (state) => keepMatch(patched(state, "log", { wrap: !state.log.wrap })),
    },
    {
      name: "follow-log",
      keys: [],
      description: "follow the end of the log, or hold it still",
      command: "logs",
      run: (state) => (state.log.window.follow ? movedByHand(state, pauseLog) : toEnd(state)),
    },
    {
      name: "full-screen",
      keys: [],
      description: "the log on the full screen",
      run: (state) => patched({ ...state, pane: "detail" }, "log", { full: !state.log.full }),
    },
    {
      name: "only-stage",
      keys: [],
      description: "the log of one stage only, again: the next one",
      run: (state) => filtered(state, { ...state.log.window.filter, stage: nextStage(state), step: null }),
    },
    {
      name: "only-step",
      keys: [],
      description: "the log of one step only, again: the next one",
      disabledReason: (state) =>
        state.log.window.filter.step === null && stepsOfLog(state).length === 0
          ? "no stage of it has steps"
          : null,
      run: (state) => filtered(state, { ...state.log.window.filter, ...nextStep(state) }),
    },
    {
      name: "only-stream",
      keys: [],
      description: "one stream of the log only, again: the next one",
      run: (state) => {
        const next = CYCLE[(CYCLE.indexOf(state.log.window.filter.stream) + 1) % CYCLE.length]!;
        return filtered(state, { ...state.log.window.filter, stream: next });
      },
    },
    {
      name: "numbers",
      keys: [],
      description: "number the lines of the log",
      run: (state) => keepMatch(patched(state, "log", { numbers: !state.log.numbers })),
    },
    {
      name: "open-file",
      keys: [],
      description: "open the file and line that the log names in $EDITOR",
      disabledReason: (state) =>
        sourceOnScreen(state) === null ? "no line on the screen names a file and line" : null,
      run: (state) => {
        const { id, title } = selectedOperation(state)!;
        return emit(state, { type: "edit", id, title, source: sourceOnScreen(state) });
      },
    },
    {
      name: "select-text",
      keys: [],
      description: "only the text of the log, to select it with the mouse",
      run: (state) => ({
        ...moved({ ...state, pane: "detail" }, pauseLog),
        page: { kind: "copy", followed: state.log.window.follow },
      }),
    },
  ]),
];
