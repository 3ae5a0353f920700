/**
 * What the keys do: every action there is, a group a file in `press/`.
 *
 * An action arrives only where the table of keys says that it does something now.
 */
import type { State } from "./model.js";
import { DOING_PRESSES } from "./press/doing.js";
import { GENERAL_PRESSES } from "./press/general.js";
import { LIST_PRESSES } from "./press/list.js";
import { LOG_PRESSES } from "./press/log.js";
import { MOVING_PRESSES } from "./press/moving.js";
import type { Press } from "./press/presses.js";
import { RECORD_PRESSES } from "./press/record.js";
import { TIMELINE_PRESSES } from "./press/timeline.js";

const PRESSES = {
  ...MOVING_PRESSES,
  ...LIST_PRESSES,
  ...LOG_PRESSES,
  ...DOING_PRESSES,
  ...RECORD_PRESSES,
  ...TIMELINE_PRESSES,
  ...GENERAL_PRESSES,
};

export type Action = keyof typeof PRESSES;

export function press(before: State, action: Action): State {
  const state = before.notice === null ? before : { ...before, notice: null };
  return (PRESSES[action] as Press)(state);
}
