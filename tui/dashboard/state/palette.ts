/**
 * The palette: every action that does something now, and every type that can be submitted, by name.
 *
 * It is drawn from the one table of keys; whoever adds a key there finds it here.
 */
import { commandFor } from "../command/of-action.js";
import { DOING } from "../keys/doing.js";
import { KEYS, type Key } from "../keys.js";
import { chosenAfter } from "./choosing.js";
import type { EntryHandlers } from "./entry.js";
import type { State } from "./model.js";
import { nearOnes } from "./near.js";
import { formPage } from "./pages/form.js";
import { type Action, press } from "./press.js";

export interface PaletteItem {
  readonly name: string;
  readonly does: string;
  /** The key that does the same; "" for none. */
  readonly key: string;
  /** The shell's words for it; null where the shell has none. */
  readonly command: string | null;
  readonly run: (state: State) => State;
}

/** Moving one row is quicker by its key than by its name, and an answer belongs to its question. */
const LEFT_OUT: ReadonlySet<Action> = new Set<Action>(["up", "down", "yes", "no", "palette", "interrupt"]);

export function paletteItems(state: State): PaletteItem[] {
  const closed = state.entry?.kind === "palette" ? { ...state, entry: null } : state;
  const seen = new Set<Action>();
  const items = KEYS.filter((key) => {
    const told = (key.does !== undefined || key.hint !== undefined) && !LEFT_OUT.has(key.action);
    if (!told || seen.has(key.action) || !key.when(closed)) return false;
    seen.add(key.action);
    return true;
  });
  // What is done comes first; the rest as the table has it.
  const place = ({ action }: Key) => DOING.findIndex((key) => key.action === action) >>> 0;
  const ordered = items.toSorted((a, b) => place(a) - place(b)).map((key) => itemOf(closed, key));
  return [...ordered, ...submits(closed)];
}

function itemOf(state: State, key: Key): PaletteItem {
  return {
    name: key.action.replaceAll("-", " "),
    does: key.does ?? key.hint!(state),
    key: key.label,
    command: commandFor(state, key.action),
    run: (at) => press(at, key.action),
  };
}

function submits(state: State): PaletteItem[] {
  return (state.types?.ops ?? []).map((type) => ({
    name: `submit ${type.op}`,
    does: type.title,
    key: "",
    command: `liveops submit ${type.op}`,
    run: (at) => formPage(at, type),
  }));
}

/** Those that what is typed leaves over, nearest first. */
export function shownItems(state: State, typed: string): PaletteItem[] {
  return nearOnes(typed, paletteItems(state), ({ name, does }) => [name, does]);
}

export const PALETTE_ENTRY: EntryHandlers = {
  prompt: ":",
  keys: [
    ["⏎", "do it"],
    ["↑↓", "choose"],
    ["esc", "leave"],
  ],
  changed: (state) => ({ ...state, choice: 0 }),
  accepted: (state, text) => {
    const item = shownItems(state, text)[state.choice];
    if (item !== undefined) return item.run(state);
    return text === ""
      ? state
      : { ...state, notice: { text: `nothing is called ${text}`, level: "warning" } };
  },
  dropped: (state) => state,
  pressed: (state, pressed) =>
    chosenAfter(state, pressed, shownItems(state, state.entry?.line.text ?? "").length) ?? state,
};
