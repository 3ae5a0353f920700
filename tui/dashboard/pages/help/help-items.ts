/**
 * What the help lists: every action by name and by the command of the CLI that does the same,
 * answers and types.
 */
import { NO, waitsForApproval } from "../../../../protocol/approval.js";
import type { Approval } from "../../../../protocol/operation.js";
import { selectedOperation } from "../../core/chain.js";
import { type Action, labelOf, reasonOf } from "../../core/keys/action.js";
import { ask } from "../../core/keys/action-parts.js";
import type { State } from "../../core/model.js";
import { commandOf, liveops, type Request } from "../../core/request.js";
import { askTypes, formPage, knownTypes } from "../../core/submit/pages.js";
import { lineOf } from "../../text/line-edit.js";
import { misspelt, ranked } from "./name-match.js";

export interface HelpItem {
  readonly name: string;
  /** Other names: the command of the CLI. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly key: string;
  /** The shell command that does the same; null: none. */
  readonly command: string | null;
  /** Why it cannot be done now; null: it can. */
  readonly disabledReason: string | null;
  readonly run: (state: State) => State;
}

/** @param text what is typed already */
export function openHelp(state: State, text = ""): State {
  return { ...askTypes(state), entry: { kind: "help", line: lineOf(text) }, choice: 0 };
}

export function helpItems(state: State): HelpItem[] {
  const closed = { ...state, entry: null };
  const byName = new Map<string, Action<State>>();
  // What only another page has is not offered; what cannot be done on this one is, with the reason.
  for (const action of state.session.actions)
    if (action.description !== undefined && !byName.has(action.name) && action.when(closed))
      byName.set(action.name, action);
  const items = [...byName.values()].map((action) => itemOf(closed, action));
  return [...items, ...answers(closed), ...submits(closed)];
}

function itemOf(state: State, action: Action<State>): HelpItem {
  const { name, command, aliases = [], description = "", run } = action;
  const reason = reasonOf(action, state);
  return {
    name,
    aliases: typeof command === "string" && command !== name ? [command, ...aliases] : aliases,
    description,
    key: keysOf(action, state.session.actions),
    command: shellCommand(action, state),
    disabledReason: reason === "" ? "not possible now" : reason,
    run,
  };
}

/** An action without a description shares the entry of the one before it. */
function keysOf(action: Action<State>, actions: readonly Action<State>[]): string {
  const next = actions[actions.indexOf(action) + 1];
  const both = next?.description === undefined && next !== undefined ? [action, next] : [action];
  return both.map(labelOf).join(" ").trim();
}

/** Commands that are not about one operation. */
const WITHOUT_ID: ReadonlySet<string> = new Set(["submit", "queue", "hosts"]);

function shellCommand({ command }: Action<State>, state: State): string | null {
  if (command === undefined) return null;
  if (typeof command === "function") return command(state);
  return liveops(
    [command, ...(WITHOUT_ID.has(command) ? [] : [state.selected ?? ""])],
    state.session.flags,
  );
}

/** The texts before a choice and a type. */
export const ANSWER = "answer: ";
export const SUBMIT = "submit ";

export const answerWith = (id: string, { since, attempt }: Approval, choice: string): Request => ({
  kind: "answer",
  ids: [id],
  choice,
  since,
  attempt,
});

/** The choices of the question that the selected operation asks. */
function answers(state: State): HelpItem[] {
  const operation = selectedOperation(state);
  const open = operation === null ? null : waitsForApproval(operation);
  if (operation === null || open === null) return [];
  return [...new Set([...open.choices, NO])].map((choice) => {
    const request = answerWith(operation.id, open, choice);
    return {
      name: `${ANSWER}${choice}`,
      aliases: [],
      description: choice === NO ? "reject" : "approve",
      key: "",
      command: commandOf(request, state.session.flags),
      disabledReason: null,
      run: (at) => ask(at, request),
    };
  });
}

function submits(state: State): HelpItem[] {
  const { types, typesWanted } = state.submit;
  const off = (name: string, description: string, disabledReason: string): HelpItem => ({
    name: `${SUBMIT}${name}`,
    aliases: [],
    description,
    key: "",
    command: null,
    disabledReason,
    run: (at) => at,
  });
  if (types === null)
    return [
      off(
        "…",
        "operation types",
        typesWanted ? "they are being loaded" : "not loaded; s tries again",
      ),
    ];
  const broken = types.errors.map(({ file, message }) =>
    off(file.slice(file.lastIndexOf("/") + 1), "", `does not load: ${message}`),
  );
  const known = knownTypes(state).map(
    (type): HelpItem => ({
      name: `${SUBMIT}${type.op}`,
      aliases: [],
      description: type.title,
      key: "",
      command: liveops(["submit", type.op], state.session.flags),
      disabledReason: null,
      run: (at) => formPage(at, type),
    }),
  );
  return [...known, ...broken];
}

/**
 * Those that begin with the text, then those that hold it; a name of the CLI counts as a name.
 * Nothing else.
 */
export function shownItems(state: State, typed = state.entry?.line.text ?? ""): HelpItem[] {
  const items = helpItems(state);
  // A space at the end asks for the names that go on.
  const text = typed.trimStart().toLowerCase();
  const words = text.trim();
  if (words === "") return items;
  return ranked(items, ({ name, aliases, description }) => {
    const names = [name, ...aliases].map((each) => each.toLowerCase());
    if (names.includes(text)) return 0;
    if (names.some((each) => each.startsWith(text))) return 1;
    if (names.some((each) => each.split(/[\s-]/).some((part) => part.startsWith(words)))) return 2;
    if (names.some((each) => each.includes(words))) return 3;
    return description.toLowerCase().includes(words) ? 4 : null;
  });
}

/** Says that no command has the name, and which are close to it. */
export function noCommand(state: State, typed: string): string {
  const near = misspelt(typed, helpItems(state), ({ name, aliases }) => [name, ...aliases])
    .slice(0, 3)
    .map(({ name }) => name);
  return `No command ${typed}${near.length === 0 ? "" : `. Similar: ${near.join(", ")}`}`;
}
