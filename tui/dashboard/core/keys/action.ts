/**
 * An action: its keys, its effect, and the reason why it is disabled. The files of `pages/` declare
 * the actions, `actions.ts` lists them; the help, the command bar and the config's `keys` read the
 * same list.
 */
import { keyLabel, nameOfKey, type Pressed } from "../../text/keys.js";

export interface Action<State> {
  /**
   * The verb: its name in the help and in `keys` of the config. Actions of one name are the verb in
   * several places.
   */
  readonly name: string;
  /** Characters, `^c` with control, or names of special keys; none: the help alone has it. */
  readonly keys: readonly string[];
  /** What it does, for the help; absent: it shares the entry of the action before it. */
  readonly description?: string;
  /** Word for the command bar; absent, or null: not shown there. */
  readonly hint?: string | ((state: State) => string | null);
  /** The bar has room for actions of a low rank. */
  readonly rank?: number;
  /** The `liveops` command that does the same: its name, or the whole command. */
  readonly command?: string | ((state: State) => string | null);
  /** Other names in the help: more commands of the CLI. */
  readonly aliases?: readonly string[];
  /** Whether the key belongs to this action on the screen as it is. */
  readonly when: (state: State) => boolean;
  /** Why the action is disabled; null: it is enabled; "": it is disabled without a message. */
  readonly disabledReason?: (state: State) => string | null;
  readonly run: (state: State) => State;
}

type Actions<State> = { session: { readonly actions: readonly Action<State>[] } };

/** The key that the screen shows for the action; "": it has none. */
export function labelOf({ keys }: Pick<Action<never>, "keys">): string {
  return keys[0] === undefined ? "" : keyLabel(keys[0]);
}

export function hintOf<State>({ hint }: Action<State>, state: State): string | null {
  return typeof hint === "function" ? hint(state) : (hint ?? null);
}

export function reasonOf<State>(action: Action<State>, state: State): string | null {
  return action.disabledReason?.(state) ?? null;
}

/** What a key means: an action, or why its action cannot be done; null: nothing. */
export function meaningOf<State extends Actions<State>>(
  state: State,
  pressed: Pressed,
): { action: Action<State> } | { reason: string } | null {
  const key = nameOfKey(pressed);
  const here = state.session.actions.filter(
    (action) => action.keys.includes(key) && action.when(state),
  );
  const action = here.find((each) => reasonOf(each, state) === null);
  if (action !== undefined) return { action };
  const reason = here
    .map((each) => reasonOf(each, state))
    .find((text) => text !== null && text !== "");
  return reason === undefined || reason === null ? null : { reason };
}
