/**
 * The second page of a submit: a form of the type's parameters. The field that is typed into is the open line; what
 * is typed goes into the form with each key. A form that is left is kept as a draft.
 */
import type { OperationType } from "../../../../protocol/replies.js";
import { choiceAfter } from "../../form/choice.js";
import { type Form, firstProblem, moveTo, onButton, openForm, submitOf, withLine } from "../../form/form.js";
import type { Pressed } from "../../keys/key.js";
import type { EntryHandlers } from "../entry.js";
import { EMPTY_LINE } from "../line-edit.js";
import type { State } from "../model.js";

export interface FormPage {
  readonly kind: "form";
  readonly form: Form;
}

export function formPage(state: State, type: OperationType): State {
  return show(state, openForm(type, state.drafts.get(type.op)));
}

function show(state: State, form: Form): State {
  const line = form.fields[form.at]?.line ?? EMPTY_LINE;
  return { ...state, page: { kind: "form", form }, entry: { kind: "field", line } };
}

/** As `show`, from the page that is open. */
function change(state: State, next: (form: Form) => Form): State {
  return state.page?.kind === "form" ? show(state, next(state.page.form)) : state;
}

export const FIELD_ENTRY: EntryHandlers = {
  prompt: "",
  keys: [
    ["↑↓ tab", "field"],
    ["ctrl-s", "submit"],
    ["esc", "back"],
  ],
  first: (state, pressed) =>
    state.page?.kind === "form" ? keyInForm(state, state.page.form, pressed) : null,
  changed: (state) => {
    const line = state.entry?.line ?? EMPTY_LINE;
    return change(state, (form) => withLine(form, line));
  },
  accepted: (state) => state,
  dropped: (state) => state,
};

/** What a key does in a form; null where it is one of editing the line. */
function keyInForm(state: State, form: Form, pressed: Pressed): State | null {
  const name = "special" in pressed ? pressed.special : pressed.ctrl ? `^${pressed.input}` : pressed.input;
  switch (name) {
    case "escape":
      return leave(state, form);
    case "return":
      return onButton(form) ? submit(state, form) : change(state, (it) => moveTo(it, it.at + 1));
    case "^s":
      return submit(state, form);
    case "downArrow":
    case "tab":
    case "^n":
      return change(state, (it) => moveTo(it, it.at + 1));
    case "upArrow":
    case "backtab":
    case "^p":
      return change(state, (it) => moveTo(it, it.at - 1));
    case "pageUp":
      return change(state, (it) => moveTo(it, 0));
    case "pageDown":
      return change(state, (it) => moveTo(it, it.fields.length));
  }
  const field = form.fields[form.at];
  if (field === undefined) return state;
  if (field.kind !== "choice") return null;
  const text = choiceAfter(field, name);
  return text === null ? state : change(state, (it) => withLine(it, { text, at: text.length }));
}

function submit(state: State, form: Form): State {
  const problem = firstProblem(form);
  if (problem !== null) return show(state, { ...form, at: problem, tried: true });
  // Asked once; what was refused can be asked again.
  return state.request !== null ? state : { ...state, request: submitOf(form) };
}

function leave(state: State, form: Form): State {
  const typed = form.fields.some(({ line }) => line.text !== "");
  const drafts = new Map(state.drafts);
  if (typed) drafts.set(form.type.op, form);
  else drafts.delete(form.type.op);
  const entry = { kind: "types", line: EMPTY_LINE } as const;
  const choice = Math.max(
    0,
    (state.types?.ops ?? []).findIndex(({ op }) => op === form.type.op),
  );
  return { ...state, page: { kind: "types" }, entry, choice, drafts };
}

/** After it was submitted there is no draft of it any more. */
export function withoutDraft(state: State, op: string): State {
  if (!state.drafts.has(op)) return state;
  const drafts = new Map(state.drafts);
  drafts.delete(op);
  return { ...state, drafts };
}

/** The daemon refused what the form asked for: it says so where the form is. */
export function formRefused(state: State, message: string): State {
  return change(state, (form) => ({ ...form, refusal: message, tried: true }));
}
