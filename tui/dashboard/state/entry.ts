/**
 * The line at the foot that is typed into: what it is for decides what each change and the end of it do.
 *
 * A new kind adds a name here and its handlers below; while a line is open, every key but ctrl-c goes to it.
 */
import type { Pressed } from "../keys/key.js";
import { editLine, insertText, type LineEdit } from "./line-edit.js";
import type { State } from "./model.js";

export interface Entry {
  readonly kind: EntryKind;
  readonly line: LineEdit;
}

export type EntryKind = keyof typeof ENTRIES;

interface EntryHandlers {
  /** Stands before the text. */
  prompt: string;
  /** After each change of the text. */
  changed(state: State, text: string): State;
  /** On enter; the line is closed already. */
  accepted(state: State, text: string): State;
  /** On escape; the line is closed already. */
  dropped(state: State): State;
  /** Other keys than those of editing. */
  pressed?(state: State, pressed: Pressed): State;
}

const unchanged = (state: State): State => state;

export const ENTRIES = {
  filter: { prompt: "/", changed: unchanged, accepted: unchanged, dropped: unchanged },
} satisfies Record<string, EntryHandlers>;

const handlersOf = (entry: Entry): EntryHandlers => ENTRIES[entry.kind];

export function typed(state: State, pressed: Pressed): State {
  const { entry } = state;
  if (entry === null) return state;
  const handlers = handlersOf(entry);
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
  return entry === null ? state : withLine(state, entry, insertText(entry.line, text));
}

function withLine(state: State, entry: Entry, line: LineEdit): State {
  const next = { ...state, entry: { ...entry, line } };
  return line.text === entry.line.text ? next : handlersOf(entry).changed(next, line.text);
}
