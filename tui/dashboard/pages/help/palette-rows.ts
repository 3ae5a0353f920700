/** The palette: every action by name, by the command of the CLI that does the same, and every type to submit. */
import { type Action, labelOf, reasonOf } from "../../core/action.js";
import type { State } from "../../core/model.js";
import { misspelt, ranked } from "../../core/name-match.js";
import { formPage, knownTypes } from "../../core/pages.js";
import { liveops } from "../../core/request.js";

export interface PaletteItem {
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

export function paletteItems(state: State): PaletteItem[] {
  const closed = state.entry?.kind === "palette" ? { ...state, entry: null } : state;
  const onList = { ...closed, pane: "list" } as const;
  const seen = new Set<string>();
  const items: PaletteItem[] = [];
  for (const action of state.session.actions) {
    if (action.description === undefined || seen.has(action.name)) continue;
    // Keys of another page are not offered; an action of this screen that cannot be done now is, with the reason.
    if (!action.when(closed) && !action.when(onList) && !isOfList(action, closed)) continue;
    seen.add(action.name);
    items.push(itemOf(closed, action));
  }
  return [...items, ...submits(closed)];
}

/** Actions of list and operation are named while either has the keys. */
function isOfList(action: Action<State>, state: State): boolean {
  if (state.page !== null || action.disabledReason === undefined) return false;
  return reasonOf(action, state) !== null;
}

function itemOf(state: State, action: Action<State>): PaletteItem {
  const reason = reasonOf(action, state);
  return {
    name: action.name,
    aliases: [...(action.command === undefined ? [] : [action.command]), ...(action.aliases ?? [])],
    description: action.description!,
    key: labelOf(action),
    command: commandOf(action, state),
    disabledReason: reason === null ? null : reason === "" ? "not possible now" : reason,
    run: action.run,
  };
}

/** Commands that are not about one operation. */
const WITHOUT_ID: ReadonlySet<string> = new Set(["submit", "queue", "hosts"]);

function commandOf({ command, commandWords }: Action<State>, state: State): string | null {
  if (commandWords !== undefined) return liveops(commandWords(state), state.session.flags);
  if (command === undefined) return null;
  return liveops([command, ...(WITHOUT_ID.has(command) ? [] : [state.selected ?? ""])], state.session.flags);
}

function submits(state: State): PaletteItem[] {
  return knownTypes(state).map((type) => ({
    name: `submit ${type.op}`,
    aliases: [],
    description: type.title,
    key: "",
    command: liveops(["submit", type.op], state.session.flags),
    disabledReason: null,
    run: (at) => formPage(at, type),
  }));
}

/** Those that begin with the text, then those that hold it; a name of the CLI counts as a name. Nothing else. */
export function shownItems(state: State, typed: string): PaletteItem[] {
  const items = paletteItems(state);
  const words = typed.trim().toLowerCase();
  if (words === "") return items;
  return ranked(items, ({ name, aliases, description }) => {
    const names = [name, ...aliases].map((each) => each.toLowerCase());
    if (names.includes(words)) return 0;
    if (names.some((each) => each.startsWith(words))) return 1;
    if (names.some((each) => each.split(/[\s-]/).some((part) => part.startsWith(words)))) return 2;
    if (names.some((each) => each.includes(words))) return 3;
    return description.toLowerCase().includes(words) ? 4 : null;
  });
}

/** Names close to a text that is no name. */
export function nearNames(state: State, typed: string): string[] {
  return misspelt(typed, paletteItems(state), ({ name, aliases }) => [name, ...aliases])
    .slice(0, 3)
    .map(({ name }) => name);
}
