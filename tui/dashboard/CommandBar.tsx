/** The last row: a question, an announcement or the line that is typed, and the keys that do something now. */

import { NO, YES_OR_NO } from "../../protocol/approval.js";
import { labelOf, reasonOf } from "./core/action.js";
import { nameOf, operationOf } from "./core/chain.js";
import { hostNamed } from "./core/hosts.js";
import { bareOf, hostOfKey } from "./core/key.js";
import { panesOf } from "./core/layout.js";
import type { DashboardAction, Notice, Question, State } from "./core/model.js";
import { Row, useTheme } from "./core/Panel.js";
import { isResumable, retryChoices } from "./core/pages.js";
import { commandOf, idsOf, type Request } from "./core/request.js";
import { LEVEL_GLYPHS, LEVEL_STYLES } from "./core/state-style.js";
import { ENTRIES } from "./entry.js";
import { fit, sanitizeLine, widthOf } from "./text/cells.js";
import { fitting, Line, paragraph } from "./text/line.js";
import { addTyped } from "./text/line-edit.js";
import type { Theme } from "./text/theme.js";

export function CommandBar({ state }: { state: State }) {
  return <Row text={commandBar(state, useTheme())} />;
}

function commandBar(state: State, theme: Theme): string {
  if (state.entry !== null && state.question === null) return typing(state, theme);
  if (state.question !== null) return questionBar(state, state.question, theme);
  const line = new Line(state.size.columns, theme.paint).add(" ");
  if (state.notice !== null) addNotice(state.notice, line);
  return addKeys(state, line).toString();
}

/** The whole row is highlighted. Where there is no room for all, the question is cut and not its keys. */
function questionBar(state: State, question: Question, { paint }: Theme): string {
  const keys = state.session.actions
    .filter((action) => action.hint !== undefined && action.when(state))
    .map((action) => [labelOf(action), sanitizeLine(action.hint!(state) ?? "")] as const);
  const width = state.size.columns;
  const fitted = keys.map(([label, hint]) => [label, fit(hint, Math.floor(width / 4))] as const);
  const keysWidth = fitted.reduce((sum, [label, hint]) => sum + widthOf(label) + widthOf(hint) + 3, 0);
  const line = new Line(width, paint).add(" ", ...ASKED);
  const text = questionText(state, question, Math.max(8, line.left - keysWidth - 1));
  line.add(text, ...ASKED, "bold").add("  ", ...ASKED);
  for (const [label, hint] of fitted) line.add(label, ...ASKED, "bold").add(` ${hint}  `, ...ASKED);
  return line.fill(width, " ", ...ASKED).toString();
}

const ASKED = ["inverse", "warn"] as const;

/** Rows above the command bar: the shell command for the question, or for the last action. */
export function shellRows(state: State, { paint }: Theme): Line[] {
  const { question, notice, entry } = state;
  const command =
    question !== null
      ? commandOf(question.request, state.session.flags)
      : entry === null
        ? notice?.command
        : undefined;
  if (command === undefined || command === "") return [];
  return paragraph(command, { width: state.size.columns - 1, most: 3, paint, sign: " $ " }, "muted");
}

/** Least columns of the typed text. The list of keys does not take them. */
const TYPED_LEAST = 30;

function typing(state: State, { paint }: Theme): string {
  const entry = state.entry!;
  const { prompt, keys } = ENTRIES[entry.kind];
  const line = new Line(state.size.columns, paint).add(" ");
  const width = keys.reduce((sum, [label, hint]) => sum + widthOf(label) + widthOf(hint) + 3, 0);
  const hasPrompt = prompt === "" || line.left - prompt.length - width >= TYPED_LEAST;
  if (prompt !== "") {
    line.add(prompt, "accent", "bold");
    addTyped(line, entry.line, line.left - (hasPrompt ? width : 0) - 1);
    if (hasPrompt) line.fill(line.width - width);
  }
  for (const [label, hint] of hasPrompt ? keys : []) line.add(label, "bold").add(` ${hint}  `, "muted");
  return line.toString();
}

function questionText(state: State, { request, only }: Question, room: number): string {
  if ("name" in request) return fit(questionAbout(state, request), room);
  const ids = idsOf(request);
  const operation = operationOf(state, ids[0] ?? null);
  const host = hostOfKey(ids[0] ?? "");
  const name = operation === null ? bareOf(ids[0] ?? "") : sanitizeLine(nameOf(state, operation));
  const one = host === null ? name : `${name} on ${sanitizeLine(host)}`;
  const count = only === undefined ? `${ids.length} operations` : `all ${ids.length} operations of ${one}`;
  const what = ids.length === 1 ? one : count;
  const [before, after] =
    request.kind === "remove"
      ? ["Remove ", " with the log?"]
      : request.kind === "retry"
        ? retryWords(state, request)
        : request.kind === "answer"
          ? answerWords(request.choice)
          : [request.kind === "pause" ? "Pause " : "Cancel ", "?"];
  const rest = after + leftOut(state, request.kind, ids);
  const shown = [rest, after, "?"].find((end) => before.length + widthOf(what) + end.length <= room) ?? "?";
  return fit(`${before}${fit(what, Math.max(4, room - before.length - shown.length))}${shown}`, room);
}

function answerWords(choice: string): [before: string, after: string] {
  if (choice === NO) return ["Reject ", "?"];
  return ["Approve ", choice === YES_OR_NO[0] ? "?" : ` with ${fit(sanitizeLine(choice), 24)}?`];
}

function retryWords(
  state: State,
  { ids, from }: Extract<Request, { kind: "retry" }>,
): [before: string, after: string] {
  if (from !== undefined) return [`Discard from ${fit(sanitizeLine(from), 16)} on and retry `, "?"];
  const operation = ids.length === 1 ? operationOf(state, ids[0]!) : null;
  const isResumed = operation === null ? null : isResumable(state, operation);
  // Not before the types are known.
  if (isResumed === null) return ["Retry ", "?"];
  const first = retryChoices(state, ids[0]!)[0]?.first ?? null;
  const where = isResumed && first !== null ? ` Resumes at ${fit(sanitizeLine(first), 16)}.` : "";
  return ["Retry ", isResumed ? `?${where}` : "? Runs from the start."];
}

const STAYS: Partial<Record<Request["kind"], string>> = {
  remove: "still running",
  cancel: "already finished",
  pause: "not running",
  retry: "not failed or cancelled",
};

/** Marked rows to which the question does not apply. */
function leftOut({ list: { marked } }: State, kind: Request["kind"], ids: readonly string[]): string {
  const count = [...marked].filter((id) => !ids.includes(id)).length;
  return count === 0 ? "" : ` ${count} marked left out: ${STAYS[kind] ?? "not possible"}`;
}

/** The question says what the answer does to the operations of the queue or the host. */
function questionAbout(state: State, { kind, name }: { kind: string; name: string }): string {
  const count = hostNamed(state, name)?.running ?? 0;
  if (kind === "declare-lost") {
    const what = count === 0 ? "Nothing runs there." : `${count} running: queued again, or failed.`;
    return `Declare ${name} lost? ${what}`;
  }
  if (kind === "drain-host")
    return `Drain ${name}? Nothing starts there.${count === 0 ? "" : ` ${count} running continue.`}`;
  const { all: queues } = state.queues;
  const queue = queues.find((each) => each.name === name);
  if (kind === "resume-queue") {
    const waiting = queue === undefined || queue.queued === 0 ? "" : ` ${queue.queued} queued can start.`;
    return `Resume queue ${name}?${waiting}`;
  }
  const running = queue === undefined || queue.running === 0 ? "" : ` ${queue.running} running continue.`;
  return `Pause queue ${name}? Nothing starts.${running}`;
}

function addNotice({ text, level, about }: Notice, line: Line): void {
  const sign = /^[●✗→]/.test(text) ? "" : `${LEVEL_GLYPHS[level]} `;
  const show = about === undefined ? "" : "   ! show";
  // Help and quit keep their place behind the notice.
  const room = Math.max(12, line.left - 18 - show.length);
  line.add(`${sign}${fit(sanitizeLine(text), room)}`, LEVEL_STYLES[level], "bold");
  if (show !== "") line.add("   !", "bold").add(" show", "muted");
  line.add("   ");
}

/** Actions that the bar can show now, in the order of the table. */
function shownActions(state: State): DashboardAction[] {
  const small = panesOf(state).tooSmall;
  return state.session.actions.filter(
    (action) =>
      !small &&
      (action.hint?.(state) ?? null) !== null &&
      action.when(state) &&
      reasonOf(action, state) === null,
  );
}

/** Help and quit stand at the right edge. */
const RIGHT = new Set(["help", "quit"]);

/** Below this width, actions of the operation come before quit, which the help lists too. */
const NARROW = 48;

function rankOf({ name, rank = 9 }: DashboardAction, { size, notice, question, page }: State): number {
  const givesWay = name === "quit" && size.columns < NARROW && notice === null && question === null;
  return givesWay && page === null ? 9 : rank;
}

function addKeys(state: State, line: Line): Line {
  const actions = shownActions(state);
  const cost = (action: DashboardAction) => widthOf(labelOf(action)) + widthOf(action.hint!(state)!) + 3;
  const chosen = fitting(actions, line.left + 1, cost, (action) => rankOf(action, state));
  const add = (action: DashboardAction) =>
    line
      .add(labelOf(action), "bold")
      .add(` ${sanitizeLine(action.hint!(state)!)}`, "muted")
      .add("  ".slice(0, line.left));
  const [left, right] = [false, true].map((isRight) =>
    actions.filter((action) => chosen.has(action) && RIGHT.has(action.name) === isRight),
  ) as [DashboardAction[], DashboardAction[]];
  for (const action of left) add(action);
  const width = right.reduce((sum, action) => sum + cost(action), 0);
  line.fill(line.width - width + 1);
  for (const action of right) add(action);
  return line;
}
