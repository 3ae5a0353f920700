/**
 * The core: (state, message) → [state, effects], pure. A message that changes nothing returns the very same state:
 * then there is nothing to draw.
 */

import { waitsForApproval } from "../../protocol/approval.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { meaningOf } from "./core/action.js";
import { operationOf } from "./core/chain.js";
import { jumped, settleLinks, shifted, sought, stepOn, withLog } from "./core/chain-log.js";
import { withPromises } from "./core/chain-time.js";
import type { Effect } from "./core/effect.js";
import { counted } from "./core/history.js";
import { isSilent, withHosts } from "./core/hosts.js";
import { listLayout, panesOf } from "./core/layout.js";
import { addPage, appendLines, sameFilter } from "./core/log-window.js";
import { counted as countedMatches, withLogged } from "./core/matches.js";
import type { Message } from "./core/message.js";
import { emit, type Notice, notify, type State } from "./core/model.js";
import { failureKey, withLooked } from "./core/needs.js";
import { selectedRow } from "./core/order.js";
import { changeForm, showForm, typesCame, withoutDraft } from "./core/pages.js";
import { addPageOf, addQueuePage, endsWithOldest } from "./core/paging.js";
import { withQueues } from "./core/queue-view.js";
import { commandOf, doneText, idsOf, type Request } from "./core/request.js";
import { choose, select, settleIdle, settleSelection } from "./core/select.js";
import type { StreamLine } from "./core/source.js";
import { withStepLines } from "./core/steps.js";
import { addFetched, addHistory, applyLines, heardNow, LIVE, reordered, sampled } from "./core/watched.js";
import { withWhy } from "./core/why.js";
import { pasted, typed } from "./entry.js";
import { filledForm } from "./form/form.js";
import { clicked, scrolled } from "./pages/list/list-actions.js";
import { nameOfKey } from "./text/keys.js";
import { withWanted } from "./wanted-effects.js";

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
      return withLooked(pressed(withLooked(state), message.pressed));
    case "pasted":
      return pasted(state, message.text);
    case "clicked":
      return clicked(state, message.x, message.y);
    case "scrolled":
      return scrolled(state, message.x, message.y, message.rows);
    case "resized": {
      const same = message.size.columns === state.size.columns && message.size.rows === state.size.rows;
      return same ? state : reordered({ ...state, size: message.size });
    }
    case "background":
      return { ...state, background: message.colour };
    case "ticked":
      return message.now === state.now ? state : settleIdle(faded(sampledAt(state, message.now)));
    case "watched":
      return settleSelection(state, applied(state, [message.line]));
    case "watched-lines":
      return settleSelection(state, applied(state, message.lines));
    case "lost":
      return lost(state, message);
    case "heard":
      return { ...state, connection: LIVE, heard: heardNow(state, null) };
    case "apply":
      return message.change(state);
    case "matches-counted":
      return countedMatches(state, message.key, message.numbers, message.isMore);
    case "why-fetched":
      return withWhy(state, message, message.why);
    case "logged": {
      const link = state.logLinks.find(({ id }) => id === message.id);
      if (link === undefined || link !== state.logLinks.at(-1)) return state;
      const lines = shifted(message.lines, link.offset);
      const told = withStepLines(state, link.id, lines);
      return stepOn(withLogged(withLog(told, appendLines(state.log, lines)), lines));
    }
    case "log-fetched":
      return fetchedLog(state, message);
    case "sought":
      return sought(state, message.key, message.line);
    case "fetched":
      return settleSelection(state, addFetched(state, message.operations));
    case "history-fetched":
      return addHistory(state, message.name, message.reply, message.succeeded);
    case "attempts-read":
      return state.page?.kind === "record" && state.page.id === message.id
        ? { ...state, page: { ...state.page, attempts: message.attempts } }
        : state;
    case "page-fetched":
      return toEnd(settleSelection(state, addPageOf(state, message)));
    case "queue-fetched":
      return settleSelection(state, addQueuePage(state, message));
    case "found": {
      const next = select(addFetched(state, [message.operation]), message.operation.id);
      return { ...next, wanted: null, movedAt: state.now };
    }
    case "not-found":
      return { ...state, wanted: null, quit: state.quit ?? { code: message.code, message: message.message } };
    case "timeline-read":
      return state.page?.kind === "timeline" && state.page.first === message.first
        ? { ...state, page: { ...state.page, read: message.read } }
        : state;
    case "types-fetched":
      return typesCame(state, message.types);
    case "types-lost":
      return { ...notify(state, message.message, "error"), typesWanted: false };
    case "form-ready":
      if (state.page !== null || state.entry !== null) return state;
      return message.operation.state === "running"
        ? notify(state, "already running: it cannot be edited", "warning")
        : showForm(state, filledForm(message));
    case "forecast-fetched":
      return { ...state, forecast: message.forecast };
    case "queues-fetched":
      return withQueues(state, message.queues, message.schedules);
    case "hosts-fetched":
      return withHosts(state, message.fleet);
    case "today-counted":
      return counted(state, message.since, message.count, message.succeeded);
    case "failures-fetched": {
      const { operations, cursor } = message;
      const known = addFetched(state, operations);
      const newFailures = operations
        .filter((it) => it.id !== state.selected && !state.looked.has(failureKey(it)))
        .map(({ id }) => id);
      // Failures of a host that does not answer stay new until the host answers.
      const untold = state.newFailures.filter((id) => isSilent(state, id));
      const all = [...newFailures, ...untold.filter((id) => !newFailures.includes(id))];
      const next = { ...known, newFailures: all, failureCursor: cursor };
      return newFailures.length > 0 ? next : emit(next, { type: "remember-look", cursor });
    }
    case "daemon-fetched":
      return { ...state, daemon: message.daemon };
    case "answered":
      return answered(state, message.request, message.operations);
    case "refused":
      return refused(state, message.request, message.message);
    case "noticed":
      return notify(state, message.text, message.level);
  }
}

function pressed(before: State, key: Extract<Message, { type: "pressed" }>["pressed"]): State {
  if (panesOf(before).tooSmall) {
    const name = nameOfKey(key);
    return before.actions.find(({ keys, always }) => always && keys.includes(name))?.run(before) ?? before;
  }
  const meaning = meaningOf(before, key);
  const state = before.notice === null || before.entry !== null ? before : { ...before, notice: null };
  // `!` shows what the notice is about.
  if (meaning !== null && "action" in meaning)
    return meaning.action.run(meaning.action.keepsNotice ? before : state);
  if (before.entry !== null) return typed(before, key);
  return meaning === null ? before : notify(before, meaning.reason);
}

function fetchedLog(state: State, message: Extract<Message, { type: "log-fetched" }>): State {
  const { chain, filter, want, lines, total, next, floor } = message;
  if (chain !== state.log.id || !sameFilter(filter, state.log.filter)) return state;
  const log = addPage(state.log, want, lines, Math.max(total, state.log.total), next, floor);
  if (!("around" in want) || log === state.log) return stepOn(withLog(state, log));
  return stepOn(jumped({ ...state, log }, log.bottom));
}

const applied = (state: State, lines: readonly StreamLine[]): State =>
  (state.source?.applyLines ?? applyLines)(state, lines);

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
    return { ...state, connection: { state: "away", since: at, reason, hung }, now: Math.max(state.now, at) };
  const isSame = connection.hung?.pid === hung?.pid && connection.hung?.isStopped === hung?.isStopped;
  if (connection.reason === reason && isSame) return state;
  return { ...state, connection: { ...connection, reason, hung } };
}

/** After a page: the last row of all is selected where it was asked for. */
function toEnd(state: State): State {
  const { listing } = state;
  if (!listing.paging.toEnd || !endsWithOldest(state)) return state;
  const paging = { ...listing.paging, toEnd: false };
  return choose({ ...state, listing: { ...listing, paging } }, state.order.at(-1) ?? null);
}

/** A question that makes no sense any more: what was to be cancelled or paused ended, what was to be removed runs again. */
function dropQuestion(state: State): State {
  const { question } = state;
  if (question === null) return state;
  const { request } = question;
  const asked = idsOf(request).map((id) => operationOf(state, id));
  const sensible = asked.some((operation) => operation !== null && stillAsks(request, operation));
  return sensible || asked.length === 0 ? state : { ...state, question: null };
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
  const tops = { ...state.tops };
  for (const section of ["running", "queued", "finished"] as const)
    tops[section] = sections[section]?.top ?? 0;
  const same =
    tops.running === state.tops.running &&
    tops.queued === state.tops.queued &&
    tops.finished === state.tops.finished;
  return same ? state : { ...state, tops };
}

/** Milliseconds that a notice stands, one with a command, and one of an error. */
const STANDS = 10_000;
const ERROR_STANDS = 60_000;

/** After a tick: a notice goes by itself. */
function faded(state: State): State {
  const { notice } = state;
  if (notice === null) return state;
  if (state.noticedAt === null) return { ...state, noticedAt: state.now };
  if (notice.level === "error" && notice.about === undefined) return state;
  const stands = notice.level === "error" ? ERROR_STANDS : STANDS;
  return state.now - state.noticedAt >= stands ? { ...state, notice: null, noticedAt: null } : state;
}

/** Requests after which the marks stay: the same key is pressed again for the same operations. */
const KEEPS_MARKS: ReadonlySet<Request["kind"]> = new Set(["pause", "resume", "edit", "submit"]);

/** The daemon did what was asked. */
function answered(before: State, request: Request, operations: readonly Operation[]): State {
  const notice: Notice = {
    text: doneText(request, operations.length),
    level: "success",
    command: commandOf(request, before.flags),
  };
  const marked: ReadonlySet<string> =
    KEEPS_MARKS.has(request.kind) || "name" in request ? before.marked : new Set();
  if (request.kind === "remove") {
    const cursor = before.view.cursor ?? "";
    const lines = operations.map(({ id }) => ({ type: "removed" as const, cursor, id }));
    return { ...settleSelection(before, applyLines(before, lines)), request: null, notice, marked };
  }
  const queuesRun = before.queuesRun + 1;
  // The answer may come before the line of the stream.
  const settled = settleSelection(before, addFetched(before, operations));
  const state = { ...settled, request: null, notice, marked, queuesRun };
  const [first] = operations;
  if (request.kind !== "submit" || first === undefined) return state;
  // A person who submits wants to see it.
  const next = { ...choose(state, first.id), page: null, entry: null, pane: "detail" } as const;
  return withoutDraft(next, request.op);
}

function refused(state: State, request: Request, message: string): State {
  const closed = { ...state, request: null };
  if (request.kind === "submit" && state.page?.kind === "form")
    return changeForm(closed, (form) => ({ ...form, refusal: message, tried: true }));
  return notify(closed, `${request.kind.replace("-", " ")}: ${message}`, "error");
}
