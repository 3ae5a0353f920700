/** Every action of the dashboard, in the order of the help, with the keys that the config sets. */

import { settingError } from "../../protocol/system/config.js";
import { nearest } from "../../protocol/text/nearest.js";
import { movementActions } from "./core/keys/movers.js";
import type { DashboardAction } from "./core/model.js";
import { GENERAL_ACTIONS } from "./pages/help/HelpPanel.js";
import { LIST_ACTIONS, LIST_MOVER } from "./pages/list/list-actions.js";
import { WAITS_ACTIONS } from "./pages/list/WaitsPanel.js";
import { LOG_ACTIONS, LOG_MOVER } from "./pages/log/log-actions.js";
import { OPERATION_ACTIONS, QUESTION_ACTIONS } from "./pages/operation/operation-actions.js";
import { QUEUE_ACTIONS } from "./pages/operation/queue-actions.js";
import { PAGE_ACTIONS, PAGE_MOVERS } from "./pages/pages.js";
import { VIEW_ACTIONS } from "./pages/view-actions.js";
import { SPECIAL } from "./text/keys.js";

export const ACTIONS: readonly DashboardAction[] = [
  ...VIEW_ACTIONS,
  ...OPERATION_ACTIONS,
  ...QUEUE_ACTIONS,
  ...LIST_ACTIONS,
  ...WAITS_ACTIONS,
  ...LOG_ACTIONS,
  ...PAGE_ACTIONS,
  ...movementActions([LIST_MOVER, LOG_MOVER, ...PAGE_MOVERS]),
  ...QUESTION_ACTIONS,
  ...GENERAL_ACTIONS,
];

/** Keys by the name of the action: a character, `ctrl-k`, or a name such as `pageUp`. */
export type KeyConfig = Readonly<Record<string, string | readonly string[]>>;

/**
 * The actions with other keys. A key that is given to an action is taken from the actions that had
 * it.
 *
 * @throws UsageError if an action or a key does not exist
 */
export function withKeys(
  actions: readonly DashboardAction[],
  config: KeyConfig,
): readonly DashboardAction[] {
  const keysByName = new Map(
    Object.entries(config).map(([name, keys]) => [
      name,
      (typeof keys === "string" ? [keys] : keys).map((key) => keyOf(key, name)),
    ]),
  );
  const names = new Set(actions.map(({ name }) => name));
  for (const name of keysByName.keys()) {
    if (names.has(name)) continue;
    const [near] = nearest(name, names);
    const hint = near ? `did you mean ${near}?` : `actions: ${[...names].join(", ")}`;
    throw settingError(["keys", name], `keys: no action ${JSON.stringify(name)}; ${hint}`, true);
  }
  const taken = new Set([...keysByName.values()].flat());
  return actions.map((action) => {
    const own = keysByName.get(action.name);
    if (own !== undefined) return { ...action, keys: own };
    const keys = action.keys.filter((key) => !taken.has(key));
    return keys.length === action.keys.length ? action : { ...action, keys };
  });
}

function keyOf(text: string, action: string): string {
  const ctrl = /^ctrl-(.)$/.exec(text)?.[1];
  if (ctrl !== undefined) return `^${ctrl}`;
  if (text === "space") return " ";
  if ([...text].length === 1 || (SPECIAL as readonly string[]).includes(text)) return text;
  throw settingError(
    ["keys", action],
    `keys: ${JSON.stringify(text)} is not a key; keys are a character, ctrl-k, space, ${SPECIAL.join(", ")}`,
  );
}
