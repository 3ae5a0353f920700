/**
 * The core: (state, message) → [state, effects], pure. A message that changes nothing returns the
 * very same state: then there is nothing to draw.
 */

import { waitsForApproval } from "../../protocol/approval.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { askNamed, withWanted } from "./asks.js";
import { withAnswer } from "./core/ask.js";
import { operationOf } from "./core/chain.js";
import type { Effect } from "./core/effect.js";
import { meaningOf } from "./core/keys/action.js";
import { listLayout, panesOf } from "./core/layout/layout.js";
import { reordered, selectedRow } from "./core/list/order.js";
import { lookedAt } from "./core/list/waiting.js";
import { addFetched, applyLines, heardNow, LIVE, sampled } from "./core/list/watched.js";
import { settleLinks } from "./core/log/chain-log.js";
import type { Message } from "./core/message.js";
import {
  type DashboardAction,
  isLive,
  type Notice,
  notify,
  patched,
  type State,
} from "./core/model.js";
import { choose, settleSelection } from "./core/operation/select.js";
import { commandOf, doneText, idsOf, kindWords, type Request } from "./core/request.js";
import { changeForm, showForm, withoutDraft } from "./core/submit/pages.js";
import { withPromises } from "./core/time/chain-time.js";
import { pasted, typed } from "./entry.js";
import { filledForm, refusedForm } from "./form/form.js";
import { nameOfKey, type Pressed } from "./text/keys.js";

const NOTHING: readonly Effect[] = [];

export function update(state: State, message: Message): readonly [State, readonly Effect[]] {
  const next = reduce(state, message);
  if (next === state) return [state, NOTHING];
  const noticed = next.notice === state.notice ? next : { ...next, noticedAt: null };
  const settled = withWanted(keepInView(dropQuestion(settleLinks(state, noticed))));
  if (settled.pending.length === 0) return [settled, NOTHING];
  return [{ ...settled, pending: NOTHING }, settled.pending];
}

function reduce(state: State, message: Message): State {
  switch (message.type) {
    case "started":
      return { ...state };
    case "pressed":
      return pressed(state, message.pressed);
    case "pasted":
      return pasted(state, message.text);
    case "resized": {
      const same =
        message.size.columns === state.size.columns && message.size.rows === state.size.rows;
      return same ? state : reordered({ ...state, size: message.size });
    }
    case "background":
      return { ...state, background: message.colour };
    case "ticked":
      return message.now === state.now || isQuiet(state)
        ? state
        : faded(sampledAt(state, message.now));
    case "looked":
      return message.until > state.looked ? { ...state, looked: message.until } : state;
    case "watched":
      return settleSelection(state, applyLines(state, [message.line]));
    case "watched-lines":
      return settleSelection(state, applyLines(state, message.lines));
    case "lost":
      return lost(state, message);
    case "quiet":
      return isLive(state) ? { ...state, connection: { state: "live", isQuiet: true } } : state;
    case "heard":
      // The snapshot that comes makes it live: nothing in it is news.
      if (state.connection.state === "connecting") return state;
      return patched({ ...state, connection: LIVE }, "operation", { heard: heardNow(state) });
    case "told":
      return withAnswer(state, askNamed(message.name), message.answer, message.want);
    case "not-found":
      return patched(
        { ...state, quit: state.quit ?? { code: message.code, message: message.message } },
        "selection",
        { wanted: null },
      );
    case "form-ready":
      return state.page !== null || state.entry !== null
        ? state
        : showForm(state, filledForm(message));
    case "answered":
      return answered(state, message.request, message.operations);
    case "refused":
      return refused(state, message.request, message.message);
    case "noticed":
      return notify(state, message.text, message.level);
  }
}

/** Actions that work on a terminal that is too small for the screen. */
const ALWAYS = new Set(["quit", "interrupt", "suspend"]);

function pressed(before: State, key: Pressed): State {
  if (panesOf(before).tooSmall) {
    const isAlways = ({ name, keys }: DashboardAction) =>
      ALWAYS.has(name) && keys.includes(nameOfKey(key));
    return before.session.actions.find(isAlways)?.run(before) ?? before;
  }
  const meaning = meaningOf(before, key);
  if (meaning !== null && "action" in meaning) {
    const state = meaning.action.run(meaning.action.name === "open" ? lookedAt(before) : before);
    // The action may have needed the notice.
    return state.notice === before.notice && before.entry === null
      ? { ...state, notice: null }
      : state;
  }
  if (before.entry !== null) return typed(before, key);
  return meaning === null ? before : notify(before, meaning.reason);
}

const isQuiet = ({ connection }: State) =>
  connection.state === "live" && connection.isQuiet === true;

function sampledAt(state: State, now: number): State {
  const isLive = state.connection.state === "live";
  // A flush may tick as well: a sample a second.
  return !isLive || Math.floor(now / 1000) === Math.floor(state.now / 1000)
    ? { ...state, now }
    : withPromises(sampled({ ...state, now }));
}

function lost(state: State, { reason, at, hung }: Extract<Message, { type: "lost" }>): State {
  const { connection } = state;
  if (connection.state === "live")
    return {
      ...state,
      connection: { state: "away", since: at, reason, hung },
      now: Math.max(state.now, at),
    };
  const isSame =
    connection.hung?.pid === hung?.pid && connection.hung?.isStopped === hung?.isStopped;
  if (connection.reason === reason && isSame) return state;
  return { ...state, connection: { ...connection, reason, hung } };
}

/**
 * A question that makes no sense any more: what was to be cancelled or paused ended, what was to be
 * removed runs again.
 */
function dropQuestion(state: State): State {
  const { question } = state;
  if (question === null) return state;
  const { request } = question;
  const asked = idsOf(request).map((id) => operationOf(state, id));
  const sensible = asked.some((operation) => operation !== null && stillAsks(request, operation));
  if (sensible || asked.length === 0) return state;
  const text = `${kindWords(request)}: not possible any more`;
  return { ...notify(state, text), noticedAt: null, question: null };
}

function stillAsks(request: Request, operation: Operation): boolean {
  const { kind } = request;
  const { state } = operation;
  if (kind === "cancel") return !isFinal(state);
  if (kind === "pause") return state === "running";
  if (kind === "answer") return waitsForApproval(operation)?.since === request.since;
  return kind === "remove" ? state !== "running" : isFinal(state);
}

/** The selected row stays on the screen, whatever happened around it. */
function keepInView(state: State): State {
  if (selectedRow(state) === -1) return state;
  const { sections } = listLayout(state);
  const tops = { ...state.list.tops };
  for (const section of ["running", "queued", "finished"] as const)
    tops[section] = sections[section]?.top ?? 0;
  const same =
    tops.running === state.list.tops.running &&
    tops.queued === state.list.tops.queued &&
    tops.finished === state.list.tops.finished;
  return same ? state : patched(state, "list", { tops });
}

/** Milliseconds that a notice stands. One of an error stays until a key. */
const STANDS = 10_000;

/** After a tick: a notice goes by itself. */
function faded(state: State): State {
  const { notice } = state;
  if (notice === null) return state;
  if (state.noticedAt === null) return { ...state, noticedAt: state.now };
  if (notice.level === "error") return state;
  return state.now - state.noticedAt >= STANDS
    ? { ...state, notice: null, noticedAt: null }
    : state;
}

/** Requests after which the marks stay: the same key is pressed again for the same operations. */
const KEEPS_MARKS: ReadonlySet<Request["kind"]> = new Set(["pause", "resume", "submit"]);

/** The daemon did what was asked. */
function answered(before: State, request: Request, operations: readonly Operation[]): State {
  const notice: Notice = {
    text: doneText(request, operations.length),
    level: "success",
    command: commandOf(request, before.session.flags),
  };
  const marked: ReadonlySet<string> =
    KEEPS_MARKS.has(request.kind) || "name" in request ? before.list.marked : new Set();
  if (request.kind === "remove") {
    const lines = operations.map(({ id }) => ({ type: "removed" as const, cursor: "", id }));
    return patched(
      { ...settleSelection(before, applyLines(before, lines)), request: null, notice },
      "list",
      {
        marked,
      },
    );
  }
  const queuesRun = before.queues.run + 1;
  // The answer may come before the line of the stream.
  const settled = settleSelection(before, addFetched(before, operations));
  const state = patched(
    patched({ ...settled, request: null, notice }, "list", { marked }),
    "queues",
    {
      run: queuesRun,
    },
  );
  const [first] = operations;
  if (request.kind !== "submit" || first === undefined) return state;
  // A person who submits wants to see it.
  const next = { ...choose(state, first.id), page: null, entry: null, pane: "detail" } as const;
  return withoutDraft(next, request.op);
}

function refused(state: State, request: Request, message: string): State {
  const closed = { ...state, request: null };
  if (request.kind === "submit" && state.page?.kind === "form")
    return changeForm(closed, (form) => refusedForm(form, message));
  return notify(closed, `${kindWords(request)}: ${message}`, "error");
}
