/**
 * The line at the foot that is typed into: what it is for decides what each change and the end of it do.
 *
 * A new kind adds a name here and its handlers below; while a line is open, every key but ctrl-c goes to it.
 */
import type { Pressed } from "../keys/key.js";
import { panesOf } from "../screen/layout.js";
import { parseFilter } from "./filter.js";
import { editLine, insertText, type LineEdit } from "./line-edit.js";
import { UNASKED } from "./listing.js";
import { search } from "./log-seek.js";
import type { State } from "./model.js";
import { FIELD_ENTRY } from "./pages/form.js";
import { TYPES_ENTRY } from "./pages/types.js";
import { PALETTE_ENTRY } from "./palette.js";
import { listed } from "./press/list.js";

export interface Entry {
  readonly kind: EntryKind;
  readonly line: LineEdit;
}

export type EntryKind = keyof typeof ENTRIES;

export interface EntryHandlers {
  /** Stands before the text; "" for a line that is drawn elsewhere than at the foot. */
  prompt: string;
  /** Its keys beside those of typing, as the footer tells them. */
  keys: readonly (readonly [label: string, hint: string])[];
  /** After each change of the text. */
  changed(state: State, text: string): State;
  /** On enter; the line is closed already. */
  accepted(state: State, text: string): State;
  /** On escape; the line is closed already. */
  dropped(state: State): State;
  /** Looks at each key before anything else does; null leaves it. */
  first?(state: State, pressed: Pressed): State | null;
  /** Other keys than those of editing. */
  pressed?(state: State, pressed: Pressed): State;
}

const filtered = (state: State, text: string): State =>
  listed(state, { text, filter: parseFilter(text), paging: UNASKED });
const unchanged = (state: State): State => state;

export const ENTRIES = {
  filter: {
    prompt: "/",
    keys: [
      ["⏎", "keep"],
      ["esc", "end"],
    ],
    changed: filtered,
    accepted: unchanged,
    // As it was before one began to type.
    dropped: (state) => filtered(state, ""),
  },
  search: {
    prompt: "/",
    keys: [
      ["⏎", "search"],
      ["esc", "leave"],
    ],
    changed: unchanged,
    accepted: search,
    dropped: unchanged,
  },
  types: TYPES_ENTRY,
  field: FIELD_ENTRY,
  palette: PALETTE_ENTRY,
} satisfies Record<string, EntryHandlers>;

const handlersOf = (entry: Entry): EntryHandlers => ENTRIES[entry.kind];

export function typed(state: State, pressed: Pressed): State {
  const { entry } = state;
  if (entry === null || panesOf(state).tooSmall) return state;
  const handlers = handlersOf(entry);
  const first = handlers.first?.(state, pressed) ?? null;
  if (first !== null) return first;
  if ("special" in pressed && pressed.special === "return")
    return handlers.accepted({ ...state, entry: null }, entry.line.text);
  if ("special" in pressed && pressed.special === "escape")
    return handlers.dropped({ ...state, entry: null });
  const line = editLine(entry.line, pressed);
  if (line === null) return handlers.pressed?.(state, pressed) ?? state;
  return withLine(state, entry, line);
}

export function pasted(state: State, text: string): State {
  const { entry } = state;
  const taken = entry !== null && !panesOf(state).tooSmall;
  return taken ? withLine(state, entry, insertText(entry.line, text)) : state;
}

function withLine(state: State, entry: Entry, line: LineEdit): State {
  const next = { ...state, entry: { ...entry, line } };
  return line.text === entry.line.text ? next : handlersOf(entry).changed(next, line.text);
}
