/** What the keys of the log do. */
import { logRoom } from "../../screen/log-room.js";
import { EMPTY_LINE } from "../line-edit.js";
import { isFiltered, type LogFilter, WHOLE_LOG } from "../log-filter.js";
import { followLog, pageLog, pauseLog, scrollLog, scrollToStart, visibleLines } from "../log-place.js";
import { searchOn, seekStage } from "../log-seek.js";
import { filterLog, type LogWindow } from "../log-window.js";
import { type State, selectedOperation } from "../model.js";
import type { Presses } from "./presses.js";

const STREAMS = [null, "stdout", "stderr", "log", "liveops"] as const;

export const LOG_PRESSES = {
  "log-start": (state) => moved(state, (log, height, rowsOf) => scrollToStart(log, height, rowsOf)),
  "log-end": (state) => withLog(state, followLog(state.log)),
  "log-pause": (state) =>
    state.log.follow
      ? moved(state, (log, height, rowsOf) => pauseLog(log, height, rowsOf))
      : withLog(state, followLog(state.log)),
  "log-wrap": (state) => ({ ...state, logView: { ...state.logView, wrap: !state.logView.wrap } }),
  "log-numbers": (state) => ({ ...state, logView: { ...state.logView, numbers: !state.logView.numbers } }),
  "log-stage": (state) => filtered(state, { ...state.log.filter, stage: nextStage(state) }),
  "log-stream": (state) => {
    const next = STREAMS[(STREAMS.indexOf(state.log.filter.stream) + 1) % STREAMS.length]!;
    return filtered(state, { ...state.log.filter, stream: next });
  },
  "stage-before": (state) => toStage(state, -1),
  "stage-after": (state) => toStage(state, 1),
  search: (state) => ({ ...state, entry: { kind: "search", line: EMPTY_LINE } }),
  "match-after": (state) => searchOn(state, "later"),
  "match-before": (state) => searchOn(state, "earlier"),
  "log-clear": (state) => {
    const cleared = { ...state, search: null, seek: null, stepWaits: null };
    return isFiltered(state.log.filter) ? filtered(cleared, WHOLE_LOG) : cleared;
  },
  copy: (state) => {
    const paused = moved(state, (log, height, rowsOf) => pauseLog(log, height, rowsOf));
    return { ...paused, page: { kind: "copy", followed: state.log.follow } };
  },
  "copy-end": (state) => {
    const followed = state.page?.kind === "copy" && state.page.followed;
    const back = { ...state, page: null };
    return followed ? withLog(back, followLog(back.log)) : back;
  },
  "copy-up": (state) => scrollRows(state, -1),
  "copy-down": (state) => scrollRows(state, 1),
  "copy-page-up": (state) => pageRows(state, -1),
  "copy-page-down": (state) => pageRows(state, 1),
} satisfies Presses;

export function scrollRows(state: State, rows: number): State {
  return moved(state, (log, height, rowsOf) => scrollLog(log, rows, height, rowsOf));
}

export function pageRows(state: State, direction: 1 | -1): State {
  return moved(state, (log, height, rowsOf) => pageLog(log, direction, height, rowsOf));
}

type Move = (log: LogWindow, height: number, rowsOf: Parameters<typeof pauseLog>[2]) => LogWindow;

function moved(state: State, move: Move): State {
  const { height, rowsOf } = logRoom(state);
  return withLog(state, move(state.log, height, rowsOf));
}

function withLog(state: State, log: LogWindow): State {
  return log === state.log ? state : { ...state, log };
}

function filtered(state: State, filter: LogFilter): State {
  // Standing still, the place on the screen is what the other filter begins at.
  return { ...state, seek: null, stepWaits: null, log: filterLog(state.log, filter) };
}

/** To another stage's first line; where only one stage is shown, to only the one beside it. */
function toStage(state: State, direction: 1 | -1): State {
  const { stage } = state.log.filter;
  if (stage === null) return seekStage(state, direction);
  const stages = selectedOperation(state)?.stages ?? [];
  const beside = stages[stages.indexOf(stage) + direction];
  if (beside !== undefined) return filtered(state, { ...state.log.filter, stage: beside });
  return { ...state, notice: { text: `no ${direction === 1 ? "later" : "earlier"} stage`, level: "info" } };
}

/** The stage that is on the screen, then those after it, then all. */
function nextStage(state: State): string | null {
  const stages = selectedOperation(state)?.stages ?? [];
  const { stage } = state.log.filter;
  if (stage !== null) return stages[stages.indexOf(stage) + 1] ?? null;
  const { height, rowsOf } = logRoom(state);
  return visibleLines(state.log, height, rowsOf).at(-1)?.stage ?? stages[0] ?? null;
}
