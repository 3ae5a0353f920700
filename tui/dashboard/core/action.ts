/**
 * An action: its keys, its effect, and the reason why it is disabled. The files of `pages/` declare the
 * actions, `actions.ts` lists them; the help, the palette, the command bar and the config's `keys` read the same list.
 */
import { keyLabel, nameOfKey, type Pressed } from "../text/keys.js";

export interface Action<State> {
  /** Its name in the palette and in `keys` of the config. */
  readonly name: string;
  /** Characters, `^c` with control, or names of special keys. */
  readonly keys: readonly string[];
  readonly group: Group;
  /** What it does, for the help and the palette; absent: not listed there. */
  readonly description?: string;
  /** The help does not list the action: another entry has it, or its key does nothing now. */
  readonly unlisted?: boolean | ((state: State) => boolean);
  /** Keys as the help writes them, where one entry stands for two actions. */
  readonly helpKeys?: string;
  /** Word for the command bar; absent: not shown there. */
  readonly hint?: (state: State) => string | null;
  /** The bar drops actions of a high rank first. */
  readonly rank?: number;
  /** The `liveops` command that does the same. */
  readonly command?: string;
  /** Its words, where the command is not its name and the id of the operation. */
  readonly commandWords?: (state: State) => readonly string[];
  /** Other names in the palette: more commands of the CLI. */
  readonly aliases?: readonly string[];
  /** The action also works on a terminal that is too small for the screen. */
  readonly always?: boolean;
  /** The action needs the notice that is shown. */
  readonly keepsNotice?: boolean;
  /** Whether the key belongs to this action on the screen as it is. */
  readonly when: (state: State) => boolean;
  /** Why the action is disabled; null: it is enabled; "": it is disabled without a message. */
  readonly disabledReason?: (state: State) => string | null;
  readonly run: (state: State) => State;
}

export const GROUPS = ["move", "list", "operation", "general", "log"] as const;
export type Group = (typeof GROUPS)[number];

export function labelOf({ keys }: Pick<Action<never>, "keys">): string {
  return keys[0] === undefined ? "" : keyLabel(keys[0]);
}

export function reasonOf<State>(action: Action<State>, state: State): string | null {
  return action.disabledReason?.(state) ?? null;
}

/** What a key means: an action, or why its action cannot be done; null: nothing. */
export function meaningOf<State extends { session: { readonly actions: readonly Action<State>[] } }>(
  state: State,
  pressed: Pressed,
): { action: Action<State> } | { reason: string } | null {
  const key = nameOfKey(pressed);
  const here = state.session.actions.filter((action) => action.keys.includes(key) && action.when(state));
  const action = here.find((each) => reasonOf(each, state) === null);
  if (action !== undefined) return { action };
  const reason = here.map((each) => reasonOf(each, state)).find((text) => text !== null && text !== "");
  return reason === undefined || reason === null ? null : { reason };
}
