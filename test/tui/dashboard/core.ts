/** The core without a screen: messages in, state out; and a state as the text of its screen. */
import { renderToString } from "ink";
import { createElement } from "react";
import type { Operation } from "../../../protocol/operation.js";
import { type Counts, NO_COUNTS } from "../../../protocol/watch.js";
import { Screen } from "../../../tui/dashboard/App.js";
import { ACTIONS } from "../../../tui/dashboard/actions.js";
import type { ASKS } from "../../../tui/dashboard/asks.js";
import type { Ask } from "../../../tui/dashboard/core/ask.js";
import type { Effect } from "../../../tui/dashboard/core/effect.js";
import { ThemeContext } from "../../../tui/dashboard/core/layout/Panel.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import {
  type DashboardAction,
  initialState,
  type State,
  type StateOptions,
} from "../../../tui/dashboard/core/model.js";
import { SPECIAL, type Special } from "../../../tui/dashboard/text/keys.js";
import { type TerminalFacts, type Theme, themeFor } from "../../../tui/dashboard/text/theme.js";
import { update as core } from "../../../tui/dashboard/update.js";
import { NOW } from "./operations.js";

export const SIZE = { columns: 100, rows: 30 };

export function initial(options: Partial<StateOptions> = {}): State {
  return initialState({ size: SIZE, now: NOW, socket: "/s", actions: ACTIONS, ...options });
}

/** The state alone. */
export const update = (state: State, message: Message): State => core(state, message)[0];

export function after(state: State, ...messages: Message[]): State {
  return messages.reduce(update, state);
}

/** The effects of the last message. */
export function effectsOf(state: State, ...messages: Message[]): readonly Effect[] {
  let effects: readonly Effect[] = [];
  let now = state;
  for (const message of messages) [now, effects] = core(now, message);
  return effects;
}

type Asks = typeof ASKS;
type WantOf<K extends keyof Asks> = NonNullable<ReturnType<Asks[K]["want"]>>;
type AnswerOf<K extends keyof Asks> = Asks[K] extends Ask<object, infer Answer> ? Answer : never;

/** What the state wanted last of this name; null: nothing. */
export function wanted<K extends keyof Asks>(state: State, name: K): WantOf<K> | null {
  // The ask of this name put it there.
  return (state.asked[name] as WantOf<K> | undefined) ?? null;
}

/** @param want as far as the answer is put into the state by it */
export function answerTo<K extends keyof Asks>(
  name: K,
  answer: AnswerOf<K>,
  want: Partial<WantOf<K>> = {},
): Message {
  return { type: "told", name, want, answer };
}

const NO_RUNS = { runs: 0, finished: 0, seconds: null, stages: {}, recent: [], next: [] };

/** What the watch stream brings of a type that has not run before. */
export const firstRun = (op: string) =>
  ({ type: "watched", line: { type: "history", op, ...NO_RUNS } }) as const satisfies Message;

/** What the watch stream brings of an operation that changed. */
export const changed = (id: string, patch: Partial<Operation>): Message => ({
  type: "watched",
  line: { type: "changed", cursor: "2", id, patch },
});

/** The same, with the whole record. */
export const put = (it: Operation): Message => changed(it.id, it);

export const snapshot = (operations: readonly Operation[] = [], counts: Counts = NO_COUNTS) => ({
  type: "snapshot" as const,
  cursor: "1",
  operations: [...operations],
  counts,
});

export function opened(
  operations: readonly Operation[],
  options: Partial<StateOptions> & { counts?: Counts } = {},
): State {
  const { counts = NO_COUNTS, ...rest } = options;
  return update(initial(rest), { type: "watched", line: snapshot(operations, counts) });
}

/** Presses keys: characters, or names of special keys. */
export function press(state: State, ...keys: string[]): State {
  return keys.reduce((now, key) => {
    const special = (SPECIAL as readonly string[]).includes(key);
    return update(now, {
      type: "pressed",
      pressed: special ? { special: key as Special } : { input: key },
    });
  }, state);
}

export function type(state: State, text: string): State {
  return press(state, ...text);
}

export function action(name: string): DashboardAction {
  const found = ACTIONS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no action ${name}`);
  return found;
}

/** Runs actions by name, as the help does. */
export function act(state: State, ...names: string[]): State {
  return names.reduce((now, name) => {
    const ran = action(name).run(now);
    // Any message lets the core settle what the action changed.
    return update(ran === now ? now : { ...ran, now: ran.now - 1 }, {
      type: "ticked",
      now: now.now,
    });
  }, state);
}

const PLAIN: TerminalFacts = {
  stdout: { isTTY: true },
  env: { TERM: "xterm-256color", NO_COLOR: "1" },
  background: null,
};
export const plainTheme = (): Theme => themeFor(PLAIN);
export const colourTheme = (): Theme => themeFor({ ...PLAIN, env: { TERM: "xterm-256color" } });

/** The rows of the whole screen, with their SGR. */
export function screenRows(state: State, theme: Theme = plainTheme()): string[] {
  const screen = createElement(ThemeContext, { value: theme }, createElement(Screen, { state }));
  return renderToString(screen, { columns: state.size.columns }).split("\n");
}

/** The screen as plain text. */
export function screenText(state: State): string {
  return screenRows(state)
    .join("\n")
    .replace(/\x1b\[[\d;]*m/g, "");
}
