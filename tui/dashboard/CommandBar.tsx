/**
 * The last row: a question, an announcement or the line that is typed, and the keys that do
 * something now.
 */

import { NO, waitsForApproval } from "../../protocol/approval.js";
import type { Operation } from "../../protocol/operation.js";
import { nameOf, operationOf } from "./core/chain.js";
import { hostNamed } from "./core/hosts/hosts.js";
import { hintOf, reasonOf } from "./core/keys/action.js";
import { panesOf } from "./core/layout/layout.js";
import { Row, useTheme } from "./core/layout/Panel.js";
import type { DashboardAction, Notice, Question, State } from "./core/model.js";
import { commandOf, idsOf, type Request } from "./core/request.js";
import { LEVEL_GLYPHS, LEVEL_STYLES } from "./core/state-style.js";
import { isResumable, retryChoices } from "./core/submit/pages.js";
import { ENTRIES } from "./entry.js";
import { fit, sanitizeLine, widthOf } from "./text/cells.js";
import { keyLabel } from "./text/keys.js";
import { Line, paragraph } from "./text/line.js";
import { addTyped } from "./text/line-edit.js";
import type { Paint, Style, Theme } from "./text/theme.js";

export function CommandBar({ state }: { state: State }) {
  return <Row text={barOf(state, useTheme().paint).toString()} />;
}

/** A key of the row: its name, and what it does. */
type BarKey = readonly [key: string, hint: string];

function barOf(state: State, paint: Paint): Line {
  const line = new Line(state.size.columns, paint);
  const { question, entry, notice } = state;
  if (question !== null) return addQuestion(state, question, line);
  line.add(" ");
  if (entry !== null) return addTyping(entry, line);
  if (notice !== null) addNotice(notice, line);
  const [keys, always] = shownKeys(state);
  const most = line.left - widthOfKeys(always);
  const ranked = keys.filter((_key, i) => widthOfKeys(keys.slice(0, i + 1)) <= most);
  addKeys(line, ranked, "muted");
  line.fill(line.width - widthOfKeys(always) + 1);
  return addKeys(line, always, "muted");
}

const widthOfKey = ([key, hint]: BarKey) => widthOf(keyLabel(key)) + widthOf(hint) + 3;
const widthOfKeys = (keys: readonly BarKey[]) =>
  keys.reduce((sum, key) => sum + widthOfKey(key), 0);

function addKeys(line: Line, keys: readonly BarKey[], ...styles: Style[]): Line {
  const base = styles.filter((style) => style !== "muted");
  for (const [key, hint] of keys) {
    line.add(keyLabel(key), ...base, "bold").add(` ${hint}`, ...styles);
    line.add("  ".slice(0, line.left), ...base);
  }
  return line;
}

/**
 * The whole row is highlighted. Where there is no room for all, the question is cut and not its
 * keys.
 */
function addQuestion(state: State, question: Question, line: Line): Line {
  const most = Math.floor(line.width / 4);
  const keys = keysHere(state).map(([key, hint]): BarKey => [key, fit(hint, most)]);
  const text = questionText(state, question, Math.max(8, line.left - widthOfKeys(keys) - 2));
  line
    .add(" ", ...ASKED)
    .add(text, ...ASKED, "bold")
    .add("  ", ...ASKED);
  return addKeys(line, keys, ...ASKED).fill(line.width, " ", ...ASKED);
}

const ASKED = ["inverse", "warn"] as const;

/** Least columns of the typed text. The list of keys does not take them. */
const TYPED_LEAST = 30;

function addTyping({ kind, line: typed }: NonNullable<State["entry"]>, line: Line): Line {
  const { prompt, keys } = ENTRIES[kind];
  const width = widthOfKeys(keys);
  const hasRoom = prompt === "" || line.left - prompt.length - width >= TYPED_LEAST;
  if (prompt !== "") {
    line.add(prompt, "accent", "bold");
    addTyped(line, typed, line.left - (hasRoom ? width : 0) - 1);
    if (hasRoom) line.fill(line.width - width);
  }
  return hasRoom ? addKeys(line, keys, "muted") : line;
}

/** Rows above the command bar: the shell command for the question, or for the last action. */
export function shellRows(state: State, { paint }: Theme): Line[] {
  const { question, notice, entry } = state;
  let command = entry === null ? notice?.command : undefined;
  if (question !== null) command = commandOf(question.request, state.session.flags);
  if (command === undefined || command === "") return [];
  return paragraph(
    command,
    { width: state.size.columns - 1, most: 3, paint, sign: " $ " },
    "muted",
  );
}

/** Keys of the actions that can be done now, those of a low rank first. */
function keysHere(
  state: State,
  isShown: (action: DashboardAction) => boolean = () => true,
): BarKey[] {
  return state.session.actions
    .filter(
      (action) =>
        action.keys.length > 0 &&
        isShown(action) &&
        action.when(state) &&
        reasonOf(action, state) === null,
    )
    .toSorted((a, b) => (a.rank ?? LAST) - (b.rank ?? LAST))
    .map((action): BarKey => [action.keys[0]!, sanitizeLine(hintOf(action, state) ?? "")])
    .filter(([, hint]) => hint !== "");
}

const LAST = 9;

/** Keys of the row beside those that it always has. */
const KEYS_MOST = 5;

/** At the right edge. */
const ALWAYS = "help";

function shownKeys(state: State): [keys: BarKey[], always: BarKey[]] {
  if (panesOf(state).tooSmall) return [[], []];
  const isAlways = ({ name }: DashboardAction) => name === ALWAYS;
  return [
    keysHere(state, (action) => !isAlways(action)).slice(0, KEYS_MOST),
    keysHere(state, isAlways),
  ];
}

function addNotice({ text, level }: Notice, line: Line): void {
  const sign = /^[●✗→]/.test(text) ? "" : `${LEVEL_GLYPHS[level]} `;
  // The keys at the right edge keep their place.
  const room = Math.max(12, line.left - 24);
  line.add(`${sign}${fit(sanitizeLine(text), room)}`, LEVEL_STYLES[level], "bold");
  line.add("   ");
}

function questionText(state: State, { request, only, no }: Question, room: number): string {
  if ("name" in request) return fit(questionAbout(state, request), room);
  const ids = idsOf(request);
  const operation = operationOf(state, ids[0] ?? null);
  const one = operation === null ? (ids[0] ?? "") : sanitizeLine(nameOf(state, operation));
  const count =
    only === undefined ? `${ids.length} operations` : `all ${ids.length} operations of ${one}`;
  const what = ids.length === 1 ? one : count;
  const [before, after] = wordsOf(state, request, no === undefined ? null : operation);
  const rest = after + leftOut(state, request.kind, ids);
  const end =
    [rest, after, "?"].find((each) => before.length + widthOf(what) + each.length <= room) ?? "?";
  return fit(`${before}${fit(what, Math.max(4, room - before.length - end.length))}${end}`, room);
}

/** @param asks the operation whose own question it is */
function wordsOf(
  state: State,
  request: Request,
  asks: Operation | null,
): [before: string, after: string] {
  if (request.kind === "remove") return ["Remove ", " with the log?"];
  if (request.kind === "retry") return retryWords(state, request);
  if (request.kind === "pause") return ["Pause ", "?"];
  if (request.kind !== "answer") return ["Cancel ", "?"];
  const question = asks === null ? undefined : waitsForApproval(asks)?.question;
  if (question !== undefined) return ["", `: ${sanitizeLine(question)}`];
  if (request.choice === NO) return ["Reject ", "?"];
  return ["Approve ", ` with ${fit(sanitizeLine(request.choice), 24)}?`];
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
function leftOut(
  { list: { marked } }: State,
  kind: Request["kind"],
  ids: readonly string[],
): string {
  const count = [...marked].filter((id) => !ids.includes(id)).length;
  return count === 0 ? "" : ` ${count} marked left out: ${STAYS[kind] ?? "not possible"}`;
}

/** The question says what the answer does to the operations of the queue or the host. */
function questionAbout(state: State, { kind, name }: { kind: string; name: string }): string {
  const count = hostNamed(state, name)?.running ?? 0;
  if (kind === "drain-host")
    return `Drain ${name}? Nothing starts there.${count === 0 ? "" : ` ${count} running continue.`}`;
  const { all: queues } = state.queues;
  const queue = queues.find((each) => each.name === name);
  if (kind === "resume-queue") {
    const waiting =
      queue === undefined || queue.queued === 0 ? "" : ` ${queue.queued} queued can start.`;
    return `Resume queue ${name}?${waiting}`;
  }
  const running =
    queue === undefined || queue.running === 0 ? "" : ` ${queue.running} running continue.`;
  return `Pause queue ${name}? Nothing starts.${running}`;
}
