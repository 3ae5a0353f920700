/**
 * The help: a panel with the keys and actions of the page, which typed text filters, and with the
 * signs.
 */

import { Box } from "ink";
import type { Action } from "../../core/keys/action.js";
import { actionsIn, notTyping } from "../../core/keys/action-parts.js";
import { BORDER, panesOf, scrollTop } from "../../core/layout/layout.js";
import { Panel, Rows, useTheme } from "../../core/layout/Panel.js";
import { emit, type State } from "../../core/model.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line } from "../../text/line.js";
import type { Paint, Theme } from "../../text/theme.js";
import { type HelpItem, noCommand, openHelp, shownItems } from "./help-items.js";

/** Columns below which a description is left out beside the reason. */
const LEAST = 8;

const SIGNS = [
  ["●", "runs"],
  ["○", "waits"],
  ["✓", "succeeded"],
  ["✗", "failed"],
  ["⊘", "cancelled"],
  ["?", "waits for you"],
  ["▲", "look at it"],
  ["◌", "cancelling"],
  ["‖", "paused"],
  ["≡", "up to date"],
  ["■", "step done"],
  ["━", "worked"],
  ["┄", "waited"],
  ["╌", "to come"],
  ["┆", "usual"],
  ["≈", "by time"],
  ["≥", "at least"],
  ["±", "may be off"],
  ["≠", "changed"],
  ["▸", "this line"],
] as const;

/** The whole screen; after typing no more of it than the actions that are left need. */
export function helpHeight(state: State): number {
  const { height } = panesOf(state);
  if (state.entry?.line.text === "") return height;
  return Math.min(Math.floor(height * 0.6), Math.max(1, shownItems(state).length) + 1 + BORDER);
}

export function HelpPanel({ state }: { state: State }) {
  const theme = useTheme();
  const { columns } = state.size;
  const height = helpHeight(state);
  const items = shownItems(state);
  return (
    <Box>
      <Panel
        width={columns}
        height={height}
        title={[
          ["Keys and actions", "bold"],
          [` ${items.length}`, "muted"],
        ]}
        active
      >
        <Rows rows={helpRows(state, items, columns - 3, height - 2, theme)} />
      </Panel>
    </Box>
  );
}

function helpRows(
  state: State,
  items: readonly HelpItem[],
  width: number,
  height: number,
  theme: Theme,
): Drawn[] {
  const { paint } = theme;
  if (items.length === 0) {
    const typed = state.entry?.line.text ?? "";
    return [new Line(width, paint).addUntrusted(` ${noCommand(state, typed)}`, "warn")];
  }
  const chosen = items[state.choice];
  const command = chosen?.command ?? null;
  const signs = state.entry?.line.text === "" ? signRows(width, paint) : [];
  // A small terminal has no room for the signs.
  const below = items.length + signs.length < height - 1 ? ["", ...signs] : [];
  const room = Math.max(1, height - 1 - below.length);
  const top = scrollTop(0, state.choice, items.length, room);
  const visible = items.slice(top, top + room);
  const names = Math.min(
    Math.max(12, Math.floor(width / 3)),
    28,
    Math.max(...items.map(({ name }) => widthOf(sanitizeLine(name)))),
  );
  const rows: Drawn[] = visible.map((item, i) =>
    itemRow(item, top + i === state.choice, names, width, theme),
  );
  while (rows.length < room) rows.push("");
  const line = new Line(width, paint);
  if (command !== null) line.add(" $ ", "muted").addUntrusted(command, "muted");
  else line.add(" ⏎ does it", "muted");
  return [...rows, ...below, line];
}

function itemRow(
  item: HelpItem,
  chosen: boolean,
  names: number,
  width: number,
  { paint }: Theme,
): Line {
  const off = item.disabledReason !== null;
  const line = new Line(width, paint).add(chosen ? "▌" : " ", "accent");
  line
    .add(
      fit(sanitizeLine(item.name), names),
      off ? "muted" : "plain",
      ...(chosen ? (["bold"] as const) : []),
    )
    .fill(names + 3);
  const aliases = item.aliases.filter((alias) => alias !== item.name).map((alias) => ` (${alias})`);
  const description = sanitizeLine(`${item.description}${aliases.join("")}`);
  const reason = off ? sanitizeLine(item.disabledReason!) : "";
  // The key and the reason stay; the description gives way.
  const room = Math.max(0, line.left - widthOf(item.key) - 2);
  const beside = room - widthOf(reason) - 2;
  const besideReason = beside < LEAST ? 0 : beside;
  const described = off ? besideReason : room;
  line.add(fit(description, described), off || !chosen ? "muted" : "plain");
  if (off) line.add(described > 0 ? "  " : "").add(fit(reason, room), "warn");
  return line.right(item.key, "bold");
}

/** As many signs in a row as fit. */
function signRows(width: number, paint: Paint): Line[] {
  const begun = () => new Line(width, paint).add(" ");
  const rows = [begun()];
  for (const [sign, text] of SIGNS) {
    if (widthOf(text) + 4 > rows.at(-1)!.left) rows.push(begun());
    rows.at(-1)!.add(`${sign} `, "bold").add(`${text}  `, "muted");
  }
  return rows;
}

const quit = (code: number) => (state: State) => ({
  ...state,
  quit: state.quit ?? { code, message: null },
});

export const GENERAL_ACTIONS = [
  ...actionsIn(notTyping, [
    {
      name: "help",
      keys: ["?", ":"],
      aliases: ["commands"],
      description: "keys and actions of this page",
      hint: "help",
      rank: 0,
      run: (state) => openHelp(state),
    },
    { name: "quit", keys: ["q"], description: "quit (operations continue)", run: quit(0) },
  ]),
  ...actionsIn(
    () => true,
    [
      { name: "interrupt", keys: ["^c"], run: quit(130) },
      {
        name: "suspend",
        keys: ["^z"],
        description: "to the shell; fg returns",
        run: (state) => emit(state, { type: "suspend" }),
      },
    ],
  ),
] satisfies Action<State>[];
