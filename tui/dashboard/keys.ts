/**
 * The one table of keys: what is pressed, what it does, when it does anything, and how footer and `?` call it.
 *
 * `actionFor` finds the action of an input event; the footer and the help screen are drawn from the same entries.
 * The entries stand in `keys/`, a group a file, in the order of footer and help.
 */
import { ANSWERS, DOING } from "./keys/doing.js";
import { GENERAL } from "./keys/general.js";
import type { Key, Pressed } from "./keys/key.js";
import { LIST } from "./keys/list.js";
import { LOG } from "./keys/log.js";
import { MOVING } from "./keys/moving.js";
import { RECORD } from "./keys/record.js";
import { RETRY } from "./keys/retry.js";
import { TIMELINE } from "./keys/timeline.js";
import { panesOf } from "./screen/layout.js";
import type { State } from "./state/model.js";
import type { Action } from "./state/press.js";

export type { Key, Pressed } from "./keys/key.js";

/** The help shows the groups under their titles, in this order. */
export const KEY_GROUPS: readonly { readonly title: string; readonly keys: readonly Key[] }[] = [
  { title: "moving", keys: MOVING },
  { title: "the list", keys: LIST },
  { title: "the operation", keys: [...LOG, ...RECORD] },
  { title: "doing things", keys: [...ANSWERS, ...DOING] },
  { title: "the timeline", keys: TIMELINE },
  { title: "everywhere", keys: GENERAL },
];

/** The first entry that fits counts; the footer shows them in this order. */
export const KEYS: readonly Key[] = [
  ...ANSWERS,
  ...MOVING,
  ...LIST,
  ...LOG,
  ...RECORD,
  ...DOING,
  ...RETRY,
  ...TIMELINE,
  ...GENERAL,
];

/** What is left where the terminal is too small to show what else would be done. */
const UNSEEN: ReadonlySet<Action> = new Set<Action>(["quit", "interrupt", "suspend"]);

/** The action of a key in this state, or null where it does nothing now. */
export function actionFor(state: State, pressed: Pressed): Action | null {
  const unseen = panesOf(state).tooSmall;
  const does = (key: Key) => (unseen ? UNSEEN.has(key.action) : key.when(state));
  return keysOf(pressed).find(does)?.action ?? null;
}

/** Why a key that has no action now does nothing; null where there is nothing to say. */
export function whyNothing(state: State, pressed: Pressed): string | null {
  if (panesOf(state).tooSmall) return null;
  return (
    keysOf(pressed)
      .find((key) => key.otherwise !== undefined)
      ?.otherwise?.(state) ?? null
  );
}

function keysOf(pressed: Pressed): Key[] {
  const name = "special" in pressed ? pressed.special : pressed.ctrl ? `^${pressed.input}` : pressed.input;
  return KEYS.filter((key) => key.on.includes(name));
}
