/** The palette: a panel above the command bar with the commands that the typed text leaves over. */

import { Box } from "ink";
import { actionsIn, notTyping } from "../../core/action-parts.js";
import { BORDER, panesOf, scrollTop } from "../../core/layout.js";
import type { State } from "../../core/model.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line } from "../../text/line.js";
import type { Theme } from "../../text/theme.js";
import { noCommand, openPalette, type PaletteItem, shownItems } from "./palette-rows.js";

/** Rows of the panel at most, borders included. */
const ROWS_MOST = 18;
/** Columns below which a description is left out beside the reason. */
const LEAST = 8;

/** As high as the commands that are left, so that it covers no more of the screen than they need. */
export function paletteHeight(state: State): number {
  const most = Math.min(ROWS_MOST, Math.floor(panesOf(state).height * 0.6));
  const rows = Math.max(1, shownItems(state).length) + 1;
  return Math.min(most, rows + BORDER);
}

export function Palette({ state }: { state: State }) {
  const theme = useTheme();
  const { columns } = state.size;
  const height = paletteHeight(state);
  const items = shownItems(state);
  return (
    <Box>
      <Panel
        width={columns}
        height={height}
        title={[
          ["Commands", "bold"],
          [` ${items.length}`, "muted"],
        ]}
        active
      >
        <Rows rows={paletteRows(state, items, columns - 3, height - 2, theme)} />
      </Panel>
    </Box>
  );
}

function paletteRows(
  state: State,
  items: readonly PaletteItem[],
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
  const room = Math.max(1, height - 1);
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
  else line.add(" ⏎ runs the command", "muted");
  return [...rows, line];
}

function itemRow(item: PaletteItem, chosen: boolean, names: number, width: number, { paint }: Theme): Line {
  const off = item.disabledReason !== null;
  const line = new Line(width, paint).add(chosen ? "▌" : " ", "accent");
  line
    .add(fit(sanitizeLine(item.name), names), off ? "muted" : "plain", ...(chosen ? (["bold"] as const) : []))
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

export const PALETTE_ACTIONS = actionsIn(notTyping, [
  {
    name: "commands",
    keys: [":"],
    description: "all commands, by name",
    hint: "commands",
    rank: 0,
    run: (state) => openPalette(state),
  },
]);
