/**
 * The core: (state, message) → state, pure. A message that changes nothing returns the very same state, which is
 * how the store knows that there is nothing to draw.
 */
import { isFinal, type State as OperationState } from "../../../protocol/state.js";
import { panesOf, scrollTop } from "../screen/layout.js";
import { logRoom } from "../screen/log-room.js";
import { answered, refused } from "./answered.js";
import { pasted, typed } from "./entry.js";
import { addHistory } from "./histories.js";
import { sameFilter } from "./log-filter.js";
import { jumpTo } from "./log-place.js";
import { sought, stepOn } from "./log-seek.js";
import { addPage, appendLines } from "./log-window.js";
import type { Message } from "./message.js";
import { operationOf, type State } from "./model.js";
import { faded } from "./notices.js";
import { selectedRow } from "./order.js";
import { addAttempts } from "./pages/record.js";
import { playOn, tapeBroken, taped } from "./pages/timeline.js";
import { typesCame } from "./pages/types.js";
import { addPageOf } from "./paging.js";
import { press } from "./press.js";
import { idOf, type Request } from "./request.js";
import { select, settleSelection } from "./select.js";
import { addFetched, applyLines } from "./watched.js";

export function update(state: State, message: Message): State {
  const next = reduce(state, message);
  if (next === state) return state;
  const noticed = next.notice === state.notice ? next : { ...next, noticedAt: null };
  return keepInView(dropQuestion(noticed));
}

function reduce(state: State, message: Message): State {
  switch (message.type) {
    case "pressed":
      return press(state, message.action);
    case "nothing-done":
      return { ...state, notice: { text: message.text, level: "info" } };
    case "typed":
      return typed(state, message.pressed);
    case "pasted":
      return pasted(state, message.text);
    case "resized": {
      const same = message.size.columns === state.size.columns && message.size.rows === state.size.rows;
      return same ? state : { ...state, size: message.size };
    }
    case "ticked":
      return message.now === state.now ? state : faded({ ...state, now: message.now });
    case "watched":
      return settleSelection(state, applyLines(state, [message.line]));
    case "watched-lines":
      return settleSelection(state, applyLines(state, message.lines));
    case "lost":
      return lost(state, message.reason, message.at);
    case "logged":
      if (message.id !== state.log.id) return state;
      return stepOn(withLog(state, appendLines(state.log, message.lines)));
    case "log-fetched": {
      const { id, filter, want, lines, total, next } = message;
      if (id !== state.log.id || !sameFilter(filter, state.log.filter)) return state;
      const log = addPage(state.log, want, lines, total, next);
      if (!("around" in want) || log === state.log) return stepOn(withLog(state, log));
      const { height, rowsOf } = logRoom(state);
      return stepOn(withLog(state, jumpTo(log, log.bottom, height, rowsOf)));
    }
    case "sought":
      return sought(state, message.key, message.line);
    case "fetched":
      return settleSelection(state, addFetched(state, message.operations));
    case "history-fetched":
      return addHistory(state, message.name, message.reply, message.succeeded);
    case "attempts-read":
      return addAttempts(state, message.id, message.attempts);
    case "page-fetched":
      return settleSelection(state, addPageOf(state, message));
    case "found":
      return { ...select(addFetched(state, [message.operation]), message.operation.id), wanted: null };
    case "not-found":
      return { ...state, wanted: null, quit: state.quit ?? { code: message.code, message: message.message } };
    case "taped":
      return taped(state, message.first, message.id, message.lines);
    case "tape-broken":
      return tapeBroken(state, message.first, message.reason);
    case "played":
      return playOn(state, message.milliseconds);
    case "types-fetched":
      return typesCame(state, message.types);
    case "types-lost":
      return { ...state, typesWanted: false, notice: { text: message.message, level: "error" } };
    case "answered":
      return answered(state, message.request, message.operation);
    case "refused":
      return refused(state, message.request, message.message);
  }
}

function lost(state: State, reason: string, at: number): State {
  const { connection } = state;
  if (connection.state === "live")
    return { ...state, connection: { state: "away", since: at, reason }, now: at };
  if (connection.reason === reason) return state;
  return { ...state, connection: { ...connection, reason } };
}

function withLog(state: State, log: State["log"]): State {
  return log === state.log ? state : { ...state, log };
}

/** A question that makes no sense any more: what was to be cancelled ended, what was to be removed runs. */
function dropQuestion(state: State): State {
  const { confirming } = state;
  const asked = operationOf(state, idOf(confirming));
  if (asked === null || confirming === null) return state;
  return stillAsks(confirming.kind, asked.state) ? state : { ...state, confirming: null };
}

function stillAsks(kind: Request["kind"], state: OperationState): boolean {
  if (kind === "cancel") return !isFinal(state);
  return kind === "remove" ? state !== "running" : isFinal(state);
}

/** The selected row stays on the screen, whatever happened around it. */
function keepInView(state: State): State {
  const { listHeight } = panesOf(state);
  const top = scrollTop(state.top, selectedRow(state), state.order.length, listHeight);
  return top === state.top ? state : { ...state, top };
}
