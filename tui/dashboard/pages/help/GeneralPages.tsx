/** The help, made from the list of actions, and the actions that work everywhere. */

import { GROUPS, type Group, labelOf } from "../../core/action.js";
import { inGroup, notTyping, onPage } from "../../core/action-parts.js";
import { type DashboardAction, emit, type PageOf, type State } from "../../core/model.js";
import { scrollMover } from "../../core/movers.js";
import { Dialog, type DialogSize, dialogSize, useTheme } from "../../core/Panel.js";
import { closePage } from "../../core/pages.js";
import { pad, widthOf, wrap } from "../../text/cells.js";
import { keyLabel } from "../../text/keys.js";
import { Line } from "../../text/line.js";
import { type Paint, unpainted } from "../../text/theme.js";

const TITLES: Record<Group, string> = {
  move: "Move",
  list: "List",
  operation: "Operation",
  log: "Log",
  general: "Everywhere",
};

/** A column of this width holds every entry whole. */
const COLUMN = 48;
/** Columns of the dialog: three columns of keys. */
const WIDEST = 3 * COLUMN + 12;

export function HelpPage({ state, page: { top } }: { state: State; page: PageOf<"help"> }) {
  const { paint } = useTheme();
  const { rows, size } = helpDialog(state, paint);
  const visible = rows.slice(top, top + size.height);
  const pages = Math.ceil(rows.length / size.height);
  const page = Math.min(pages, Math.floor(top / size.height) + 1);
  return (
    <Dialog
      state={state}
      size={size}
      title={[["Keys", "bold"]]}
      right={pages > 1 ? [[`${page}/${pages}`, "muted"]] : []}
      rows={visible}
    />
  );
}

function helpDialog(state: State, paint: Paint): { rows: string[]; size: DialogSize } {
  const { width, height } = dialogSize(state, undefined, WIDEST);
  const rows = helpRows(state, width, height, paint);
  return { rows, size: dialogSize(state, rows.length, WIDEST) };
}

/** A group below the other, in columns where there is width, and in pages where there is no height for all. */
function helpRows(state: State, width: number, height: number, paint: Paint): string[] {
  const count = Math.max(1, Math.min(3, Math.floor(width / COLUMN)));
  const columnWidth = Math.floor(width / count);
  const all = groups(state, columnWidth - (count > 1 ? 3 : 0), paint);
  const columns = balanced(all, count);
  // Each group ends with a blank row.
  const highest = Math.max(...columns.map((column) => column.length)) - 1;
  if (highest <= height) return inColumns(columns, highest, columnWidth, width, paint);
  return paged(all, count, height).flatMap((page) => inColumns(page, height, columnWidth, width, paint));
}

/** Pages of columns. No group is broken, unless it is higher than a page. */
function paged(all: readonly Line[][], count: number, height: number): Line[][][] {
  const columns: Line[][] = [[]];
  for (const group of all) {
    const rows = group.slice(0, -1);
    const [blank] = group.slice(-1);
    const column = columns.at(-1)!;
    if (column.length > 0 && column.length + rows.length > height) columns.push([]);
    for (const row of rows) {
      if (columns.at(-1)!.length >= height) columns.push([]);
      columns.at(-1)!.push(row);
    }
    columns.at(-1)!.push(blank!);
  }
  const pages = Array.from({ length: Math.ceil(columns.length / count) }, (_, i) => i * count);
  return pages.map((from) => columns.slice(from, from + count));
}

function inColumns(
  columns: readonly Line[][],
  height: number,
  columnWidth: number,
  width: number,
  paint: Paint,
): string[] {
  return Array.from({ length: height }, (_, y) =>
    columns
      .reduce(
        (line, column, x) => line.join(column[y] ?? new Line(0, paint)).fill((x + 1) * columnWidth),
        new Line(width, paint),
      )
      .toString()
      .trimEnd(),
  );
}

function groups(state: State, width: number, paint: Paint): Line[][] {
  const listed = state.session.actions.filter(
    ({ description, unlisted = false }) =>
      description !== undefined && !(typeof unlisted === "boolean" ? unlisted : unlisted(state)),
  );
  const labels = Math.min(12, Math.max(0, ...listed.map((action) => widthOf(helpLabel(action)))));
  return GROUPS.map((group) => {
    const rows = listed
      .filter((action) => action.group === group)
      .flatMap((action) =>
        wrap(action.description!, width - labels - 3, 2).map((text, i) =>
          new Line(width, paint)
            .add(" ")
            .add(pad(i === 0 ? helpLabel(action) : "", labels), "bold")
            .add(`  ${text}`),
        ),
      );
    return [new Line(width, paint).add(TITLES[group], "accent", "bold"), ...rows, new Line(width, paint)];
  }).filter((rows) => rows.length > 2);
}

/** A key that the config sets stands instead of the pair of the table. */
function helpLabel({ helpKeys, keys }: DashboardAction): string {
  const first = keys[0] === undefined ? "" : keyLabel(keys[0]);
  return helpKeys?.includes(first) ? helpKeys : labelOf({ keys });
}

/** The groups in their order, dealt to so many columns of about the same height. */
function balanced(all: Line[][], count: number): Line[][] {
  const total = all.reduce((sum, group) => sum + group.length, 0);
  const columns: Line[][] = [[]];
  for (const group of all) {
    const column = columns.at(-1)!;
    const full = column.length > 0 && column.length + group.length / 2 > total / count;
    if (full && columns.length < count) columns.push([...group]);
    else column.push(...group);
  }
  return columns;
}

export const HELP_MOVER = scrollMover("help", (state) => {
  const { rows, size } = helpDialog(state, unpainted);
  return { rows: rows.length, height: size.height };
});

const onHelp = onPage("help");
const quit = (code: number) => (state: State) => ({
  ...state,
  quit: state.quit ?? { code, message: null },
});
const onAny = (state: State) => notTyping(state) && state.page !== null;

export const CLOSE_ACTIONS = inGroup("general", onAny, [
  { name: "close", keys: ["escape"], hint: () => "back", rank: 1, run: closePage },
  { name: "leave", keys: ["leftArrow", "h"], run: closePage },
  { name: "done", keys: ["return"], when: onPage("copy"), run: closePage },
]);

export const GENERAL_ACTIONS = inGroup("general", notTyping, [
  {
    name: "help",
    keys: ["?"],
    description: "this page",
    hint: (state) => (onHelp(state) ? null : "help"),
    rank: 1,
    run: (state) => (onHelp(state) ? closePage(state) : { ...state, page: { kind: "help", top: 0 } }),
  },
  {
    name: "quit",
    keys: ["q"],
    helpKeys: "q ctrl-c",
    description: "quit (operations keep running)",
    hint: () => "quit",
    rank: 1,
    always: true,
    run: quit(0),
  },
  {
    name: "suspend",
    keys: ["^z"],
    description: "back to the shell; fg returns",
    always: true,
    when: () => true,
    run: (state) => emit(state, { type: "suspend" }),
  },
  { name: "interrupt", keys: ["^c"], always: true, when: () => true, run: quit(130) },
]);
