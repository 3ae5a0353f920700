/**
 * The line that is being typed: its kind decides what each change and its end do. Every key but
 * ctrl-c goes to it.
 */

import { panesOf } from "./core/layout/layout.js";
import { type EntryKind, emit, notify, patched, type State } from "./core/model.js";
import { changeForm, showForm, typedInForm } from "./core/submit/pages.js";
import { choiceAfter } from "./form/field.js";
import {
  atScript,
  type Form,
  firstProblem,
  moveTo,
  onButton,
  submitOf,
  withLine,
} from "./form/form.js";
import { noCommand, shownItems } from "./pages/help/help-items.js";
import { filtered } from "./pages/list/list-actions.js";
import { search } from "./pages/log/moves.js";
import { nameOfKey, type Pressed } from "./text/keys.js";
import { editLine, insertText, type LineEdit } from "./text/line-edit.js";

export interface EntryHandlers {
  /** Stands before the text; "" for a line that is drawn elsewhere than at the foot. */
  prompt: string;
  /** Its keys beside those of typing, by name, with what they do. */
  keys: readonly (readonly [key: string, hint: string])[];
  /** After each change of the text. */
  changed(state: State, text: string): State;
  /** On enter; the line is closed already. */
  accepted(state: State, text: string): State;
  /** On escape; the line is closed already. */
  dropped(state: State): State;
  /** Looks at each key before anything else does; null leaves it. */
  first?(state: State, pressed: Pressed): State | null;
}

const unchanged = (state: State): State => state;

export const ENTRIES: Record<EntryKind, EntryHandlers> = {
  filter: {
    prompt: "",
    keys: [
      ["return", "apply"],
      ["escape", "clear"],
    ],
    changed: filtered,
    accepted: unchanged,
    dropped: (state) => filtered(state, ""),
  },
  search: {
    prompt: "/",
    keys: [
      ["return", "search"],
      ["escape", "cancel"],
    ],
    changed: unchanged,
    accepted: search,
    dropped: unchanged,
  },
  field: {
    prompt: "",
    keys: [
      ["tab", "field"],
      ["^s", "run"],
      ["escape", "close"],
    ],
    changed: typedInForm,
    accepted: unchanged,
    dropped: unchanged,
    first: (state, pressed) =>
      state.page?.kind === "form" ? keyInForm(state, state.page.form, pressed) : null,
  },
  help: {
    prompt: ":",
    keys: [
      ["return", "run"],
      ["downArrow", "choose"],
      ["escape", "close"],
    ],
    changed: (state) => ({ ...state, choice: 0 }),
    accepted: (state, text) => {
      const item = shownItems(state, text)[state.choice];
      if (item === undefined) {
        return text === "" ? state : notify(state, noCommand(state, text), "warning");
      }
      if (item.disabledReason !== null)
        return notify(state, `${item.name}: ${item.disabledReason}`);
      return item.run(state);
    },
    dropped: unchanged,
    first: (state, pressed) => chosenAfter(state, pressed, shownItems(state).length),
  },
};

export function typed(state: State, pressed: Pressed): State {
  const { entry } = state;
  if (entry === null || panesOf(state).tooSmall) return state;
  const handlers = ENTRIES[entry.kind];
  const first = handlers.first?.(state, pressed) ?? null;
  if (first !== null) return first;
  if ("special" in pressed && pressed.special === "return")
    return handlers.accepted({ ...state, entry: null }, entry.line.text);
  if ("special" in pressed && pressed.special === "escape")
    return handlers.dropped({ ...state, entry: null });
  const line = editLine(entry.line, pressed);
  return line === null ? state : withText(state, line);
}

export function pasted(state: State, text: string): State {
  const { entry, page } = state;
  if (entry === null || panesOf(state).tooSmall) return state;
  const form = entry.kind === "field" && page?.kind === "form" ? atScript(page.form, text) : null;
  if (form === null) return withText(state, insertText(entry.line, text));
  const at = showForm(state, form);
  return withText(at, insertText(at.entry!.line, text, true));
}

function withText(state: State, line: LineEdit): State {
  const { entry } = state;
  if (entry === null) return state;
  const next = { ...state, entry: { ...entry, line } };
  return line.text === entry.line.text ? next : ENTRIES[entry.kind].changed(next, line.text);
}

const STEPS: Record<string, number> = {
  upArrow: -1,
  downArrow: 1,
  pageUp: -8,
  pageDown: 8,
  "^p": -1,
  "^n": 1,
  tab: 1,
  backtab: -1,
};

/** After a key that moves among the rows that the typed text leaves over; null where it is none. */
function chosenAfter(state: State, pressed: Pressed, count: number): State | null {
  const step = STEPS[nameOfKey(pressed)];
  if (step === undefined) return null;
  const choice = Math.max(0, Math.min(count - 1, state.choice + step));
  return choice === state.choice ? state : { ...state, choice };
}

const FIELD_STEPS: Record<string, (form: Form) => number> = {
  downArrow: ({ at }) => at + 1,
  tab: ({ at }) => at + 1,
  "^n": ({ at }) => at + 1,
  upArrow: ({ at }) => at - 1,
  backtab: ({ at }) => at - 1,
  "^p": ({ at }) => at - 1,
  pageUp: () => 0,
  pageDown: ({ fields }) => fields.length,
};

/** What a key does in a form; null where it is one of editing the line. */
function keyInForm(state: State, form: Form, pressed: Pressed): State | null {
  const key = nameOfKey(pressed);
  if (key === "escape") return leaveForm(state, form);
  if (key === "^s" || (key === "return" && onButton(form))) return submit(state, form);
  const step = key === "return" ? FIELD_STEPS.tab! : FIELD_STEPS[key];
  if (step !== undefined) return changeForm(state, (it) => moveTo(it, step(it)));
  const field = form.fields[form.at];
  if (field === undefined) return state;
  if (field.kind !== "choice") return null;
  const text = choiceAfter(field, key);
  return text === null ? state : changeForm(state, (it) => withLine(it, { text, at: text.length }));
}

function submit(state: State, form: Form): State {
  const problem = firstProblem(form);
  if (problem !== null) return showForm(state, { ...form, at: problem, tried: true });
  // Asked once; what was refused can be asked again.
  if (state.request !== null) return state;
  const request = submitOf(form);
  return emit({ ...state, request }, { type: "send", request });
}

function leaveForm(state: State, form: Form): State {
  const written = form.fields.some(({ line }) => line.text !== "");
  const drafts = new Map(state.submit.drafts);
  if (written && form.of === null) drafts.set(form.type.op, form);
  else drafts.delete(form.type.op);
  return patched({ ...state, page: null, entry: null }, "submit", { drafts });
}
