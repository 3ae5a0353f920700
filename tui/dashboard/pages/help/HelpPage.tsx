/** The help, one page: the keys, made from the list of actions, and the signs. And the actions that work everywhere. */

import { type Action, labelOf } from "../../core/action.js";
import { actionsIn, notTyping, onPage } from "../../core/action-parts.js";
import { hasHosts } from "../../core/hosts.js";
import { emit, type State } from "../../core/model.js";
import { Dialog, dialogSize, useTheme } from "../../core/Panel.js";
import { closePage } from "../../core/pages.js";
import { pad, widthOf } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint } from "../../text/theme.js";

/** Columns of the dialog with two columns of keys. */
const WIDEST = 80;
/** Columns from which the keys stand in two columns at any height. */
const COLUMNS_FROM = 74;
/** Columns of the keys of an entry. */
const KEYS = 9;

const SIGNS = [
  ["●", "runs"],
  ["○", "waits"],
  ["✓", "succeeded"],
  ["✗", "failed"],
  ["⊘", "cancelled"],
  ["▲", "look at it"],
  ["◌", "cancelling"],
  ["‖", "paused"],
  ["≡", "up to date"],
  ["━", "worked"],
  ["┄", "waited"],
  ["╌", "to come"],
  ["│", "usual"],
  ["≈", "by time"],
  ["≥", "at least"],
  ["±", "may be off"],
] as const;

export function HelpPage({ state }: { state: State }) {
  const { paint } = useTheme();
  const { width, height } = dialogSize(state, undefined, WIDEST);
  const entries = keyEntries(state);
  const columns = width < COLUMNS_FROM && entries.length <= height ? 1 : 2;
  const perColumn = Math.ceil(entries.length / columns);
  const columnWidth = Math.floor(width / columns);
  const keys = Array.from({ length: Math.min(perColumn, height) }, (_, y) => {
    const line = new Line(width, paint);
    for (let at = y; at < entries.length; at += perColumn)
      line.fill(((at - y) / perColumn) * columnWidth).join(keyEntry(entries[at]!, columnWidth - 1, paint));
    return line;
  });
  const signs = signRows(width, paint);
  // A small terminal has no room for the signs.
  const rows = keys.length + signs.length < height ? [...keys, "", ...signs] : keys;
  return (
    <Dialog
      state={state}
      size={dialogSize(state, rows.length, WIDEST)}
      title={[["Keys", "bold"]]}
      right={[[": has the rest", "muted"]]}
      rows={rows}
    />
  );
}

type Entry = readonly [keys: string, text: string];

/** An action without a description shares the entry of the one before it. */
function keyEntries(state: State): Entry[] {
  const { actions } = state.session;
  const entries: Entry[] = [];
  const seen = new Set(hasHosts(state) ? [] : ["hosts"]);
  for (const [i, action] of actions.entries()) {
    if (action.description === undefined || action.keys.length === 0 || seen.has(action.name)) continue;
    seen.add(action.name);
    const next = actions[i + 1];
    const both = next !== undefined && next.description === undefined ? [action, next] : [action];
    entries.push([both.map(labelOf).join(" "), action.description]);
  }
  return entries;
}

function keyEntry([keys, text]: Entry, width: number, paint: Paint): Line {
  return new Line(width, paint).add(pad(keys, Math.max(KEYS, widthOf(keys))), "bold").add(` ${text}`);
}

/** As many signs in a row as fit. */
function signRows(width: number, paint: Paint): Line[] {
  const rows = [new Line(width, paint)];
  for (const [sign, text] of SIGNS) {
    if (widthOf(text) + 4 > rows.at(-1)!.left) rows.push(new Line(width, paint));
    rows.at(-1)!.add(`${sign} `, "bold").add(`${text}  `, "muted");
  }
  return rows;
}

const quit = (code: number) => (state: State) => ({
  ...state,
  quit: state.quit ?? { code, message: null },
});
const onHelp = onPage("help");
const always = () => true;

export const GENERAL_ACTIONS = [
  ...actionsIn(notTyping, [
    {
      name: "help",
      keys: ["?"],
      description: "this page",
      hint: (state) => (onHelp(state) ? null : "help"),
      rank: 0,
      run: (state) => (onHelp(state) ? closePage(state) : { ...state, page: { kind: "help" } }),
    },
    { name: "quit", keys: ["q"], description: "quit (operations continue)", run: quit(0) },
  ]),
  ...actionsIn(always, [
    { name: "interrupt", keys: ["^c"], run: quit(130) },
    {
      name: "suspend",
      keys: ["^z"],
      description: "to the shell; fg returns",
      run: (state) => emit(state, { type: "suspend" }),
    },
  ]),
] satisfies Action<State>[];
