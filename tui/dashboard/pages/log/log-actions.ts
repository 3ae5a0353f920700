/** The keys in the log: move, search, filter, wrap, copy. */

import { getOwn } from "../../../../protocol/objects.js";
import { count } from "../../../../protocol/text/count.js";
import type { Link } from "../../../terminal/links.js";
import { inDetail, inGroup, onPage, seesLog } from "../../core/action-parts.js";
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
import { emit, notify, patched, type State } from "../../core/model.js";
import type { Mover } from "../../core/movers.js";
import { closePage } from "../../core/pages.js";
import { copiesWhy } from "../../core/why.js";
import { EMPTY_LINE } from "../../text/line-edit.js";
import { linksOf } from "./LogView.js";
import { plainText } from "./log-room.js";
import {
  keepMatch,
  leftError,
  moved,
  movedByHand,
  searchOn,
  seekStage,
  shownLines,
  withLog,
} from "./moves.js";

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
  return patched(state, "log", { seek: null, stepWaits: null, window: filterLog(state.log.window, filter) });
}

/** To another stage's first line; where only one stage or step is shown, to only the one beside it. */
function toStage(state: State, direction: 1 | -1): State {
  const { stage, step } = state.log.window.filter;
  if (stage === null) return seekStage(state, direction);
  if (step !== null) {
    const beside = besideStep(state, direction);
    if (beside !== null) return filtered(state, { ...state.log.window.filter, ...beside });
    return notify(state, `No ${direction === 1 ? "next" : "previous"} step`);
  }
  const stages = selectedOperation(state)?.stages ?? [];
  const beside = stages[stages.indexOf(stage) + direction];
  if (beside !== undefined) return filtered(state, { ...state.log.window.filter, stage: beside });
  return notify(state, `No ${direction === 1 ? "next" : "previous"} stage`);
}

type StepName = Pick<LogFilter, "stage" | "step">;

/** The steps of the stages that the record lists, in order. */
function stepsOfLog(state: State): StepName[] {
  const { stages = [], steps = {} } = selectedOperation(state) ?? {};
  return stages.flatMap((stage) => (getOwn(steps, stage) ?? []).map(({ name }) => ({ stage, step: name })));
}

function besideStep(state: State, direction: 1 | -1): StepName | null {
  const { stage, step } = state.log.window.filter;
  const all = stepsOfLog(state);
  const at = all.findIndex((each) => each.stage === stage && each.step === step);
  return at === -1 ? null : (all[at + direction] ?? null);
}

/** The step of the lowest line on the screen that has one, then those after it, then all. */
function nextStep(state: State): StepName {
  const whole = { stage: null, step: null };
  if (state.log.window.filter.step !== null) return besideStep(state, 1) ?? whole;
  const line = shownLines(state).findLast(({ step }) => step !== undefined);
  return line?.step === undefined ? (stepsOfLog(state)[0] ?? whole) : { stage: line.stage, step: line.step };
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

const searching = (state: State) => inDetail(state) && state.log.search !== null;
/** There is a search, a filter or the full screen for escape to end, before it leads back to the list. */
const narrowed = (state: State) =>
  inDetail(state) && (state.log.search !== null || isFiltered(state.log.window.filter) || state.log.full);

export const LOG_ACTIONS = inGroup("log", inDetail, [
  {
    name: "log-start",
    keys: ["home"],
    helpKeys: "home end",
    description: "the first line of the log; its end",
    when: seesLog,
    run: toStart,
  },
  {
    name: "log-end",
    keys: ["end"],
    command: "logs",
    hint: ({ log: { window: log, openedAt } }) => (log.follow || openedAt !== null ? null : "follow log"),
    rank: 3,
    when: seesLog,
    run: toEnd,
  },
  {
    name: "log-pause",
    keys: ["p"],
    description: "hold the log still, or follow it again",
    when: inDetail,
    run: (state) => (state.log.window.follow ? movedByHand(state, pauseLog) : toEnd(state)),
  },
  {
    name: "log-full",
    keys: ["F"],
    description: "the log on the full screen",
    when: seesLog,
    run: (state) => patched({ ...state, pane: "detail" }, "log", { full: !state.log.full }),
  },
  {
    name: "search",
    keys: ["/"],
    description: "search the log",
    hint: () => "search",
    rank: 5,
    run: (state) => ({ ...state, entry: { kind: "search", line: EMPTY_LINE } }),
  },
  {
    name: "match-next",
    keys: ["n"],
    helpKeys: "n N",
    description: "the next match, the previous match",
    hint: () => "next",
    rank: 2,
    when: searching,
    run: (state) => searchOn(state, "later"),
  },
  {
    name: "match-previous",
    keys: ["N"],
    hint: () => "previous",
    rank: 2,
    when: searching,
    run: (state) => searchOn(state, "earlier"),
  },
  {
    name: "log-clear",
    keys: ["escape"],
    hint: (state) => (state.log.full ? "back" : "whole log"),
    rank: 2,
    when: narrowed,
    run: (state) => {
      if (state.log.search === null && !isFiltered(state.log.window.filter))
        return patched(state, "log", { full: false });
      const cleared = patched(state, "log", { search: null, seek: null, stepWaits: null });
      return isFiltered(state.log.window.filter) ? filtered(cleared, WHOLE_LOG) : cleared;
    },
  },
  {
    name: "stage-previous",
    keys: ["["],
    helpKeys: "[ ]",
    description: "the previous stage of the log, the next one",
    when: seesLog,
    run: (state) => toStage(state, -1),
  },
  { name: "stage-next", keys: ["]"], when: seesLog, run: (state) => toStage(state, 1) },
  {
    name: "log-stage",
    keys: ["S"],
    helpKeys: "S P E",
    description: "only one stage, step or stream",
    when: seesLog,
    run: (state) => filtered(state, { ...state.log.window.filter, stage: nextStage(state), step: null }),
  },
  {
    name: "log-step",
    keys: ["P"],
    when: seesLog,
    disabledReason: (state) =>
      state.log.window.filter.step === null && stepsOfLog(state).length === 0
        ? "no stage of it has steps"
        : null,
    run: (state) => filtered(state, { ...state.log.window.filter, ...nextStep(state) }),
  },
  {
    name: "log-stream",
    keys: ["E"],
    when: seesLog,
    run: (state) => {
      const next = CYCLE[(CYCLE.indexOf(state.log.window.filter.stream) + 1) % CYCLE.length]!;
      return filtered(state, { ...state.log.window.filter, stream: next });
    },
  },
  {
    name: "log-wrap",
    keys: ["w"],
    helpKeys: "w #",
    description: "wrap long lines; number the lines",
    hint: (state) => (state.log.wrap ? "cut" : "wrap"),
    rank: 9,
    run: (state) => keepMatch(patched(state, "log", { wrap: !state.log.wrap })),
  },
  {
    name: "log-numbers",
    keys: ["#"],
    run: (state) => keepMatch(patched(state, "log", { numbers: !state.log.numbers })),
  },
  {
    name: "open-file",
    keys: ["o"],
    description: "open the file and line that the log names in $EDITOR",
    disabledReason: (state) =>
      sourceOnScreen(state) === null ? "no line on the screen names a file and line" : null,
    run: (state) => {
      const { id, title } = selectedOperation(state)!;
      return emit(state, { type: "edit", id, title, source: sourceOnScreen(state) });
    },
  },
  {
    name: "copy-lines",
    keys: ["y"],
    description: "copy the lines on the screen",
    hint: () => "copy",
    rank: 8,
    when: (state) => inDetail(state) && !copiesWhy(state),
    run: (state) => {
      const lines = shownLines(state);
      const text = lines.map(plainText).join("\n");
      return notify(emit(state, { type: "copy", text }), `${count(lines.length, "line")} copied`, "success");
    },
  },
  {
    name: "select-text",
    keys: ["Y"],
    description: "only the text, to select it with the mouse",
    hint: (state) => (copying(state) ? null : "select text"),
    rank: 10,
    when: (state) => inDetail(state) || copying(state),
    run: (state) =>
      copying(state)
        ? closePage(state)
        : { ...moved(state, pauseLog), page: { kind: "copy", followed: state.log.window.follow } },
  },
]);
