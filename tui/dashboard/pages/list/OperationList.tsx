/**
 * The list: running, queued and finished in a panel each, or in one panel where there is no room
 * for three.
 */
import { Box } from "ink";
import type { Operation } from "../../../../protocol/operation.js";
import { formatCount } from "../../../terminal/format.js";
import { operationOf } from "../../core/chain.js";
import { hostColumn } from "../../core/hosts/hosts.js";
import { BORDER, listLayout, panesOf, type SectionLayout } from "../../core/layout/layout.js";
import { Panel, Rows, useTheme } from "../../core/layout/Panel.js";
import { extentOf } from "../../core/layout/paging.js";
import { type UnknownName, unknownName } from "../../core/list/listing.js";
import { selectedRow } from "../../core/list/order.js";
import { finishedIn, type State } from "../../core/model.js";
import { sanitizeLine, wrap } from "../../text/cells.js";
import { type Drawn, Line, type Piece } from "../../text/line.js";
import type { Theme } from "../../text/theme.js";
import { operationRow, rowColumns } from "./OperationRow.js";
import { WaitsPanel } from "./WaitsPanel.js";

const TITLES = { all: "Operations", running: "Running", queued: "Queued", finished: "Finished" };

export function OperationList({ state }: { state: State }) {
  const theme = useTheme();
  const { listWidth, height } = panesOf(state);
  const { sections, waits } = listLayout(state);
  return (
    <Box flexDirection="column" width={listWidth} height={height}>
      {waits.length > 0 && <WaitsPanel state={state} />}
      {Object.values(sections).map((section) => (
        <Panel
          key={section.section}
          width={listWidth}
          height={section.height + BORDER}
          title={titleOf(state, section)}
          right={rightOf(state, section)}
          {...(section.hidden > 0 && { foot: hiddenText(state, section) })}
          active={state.pane === "list" && isIn(state, section)}
        >
          {/* The last column stays free. */}
          <Rows rows={sectionRows(state, section, listWidth - BORDER - 1, theme)} />
        </Panel>
      ))}
    </Box>
  );
}

/** The section that holds the selected row has the keys; without one, the last. */
function isIn(state: State, { rows, section }: SectionLayout): boolean {
  const selected = state.list.order[selectedRow(state)];
  if (section === "all") return true;
  return selected === undefined ? section === "finished" : rows.includes(selected);
}

function titleOf(state: State, section: SectionLayout): Piece[] {
  const { section: name, total } = section;
  const { list, view } = state;
  const title: Piece = [TITLES[name], "bold"];
  if (name === "all") return [title];
  // A row stands for all links of a chain.
  const inRows = finishedIn(view) - list.finished + total;
  const all = { ...view.counts, finished: inRows }[name];
  const found = name === "finished" ? extentOf(state, section).of : total;
  const count = list.text === "" ? Math.max(all, total) : found;
  // The right part has the count with the range.
  const isRange = name === "finished" && section.top > 0;
  return [title, [isRange ? "" : ` ${formatCount(count)}`, "muted"]];
}

function rightOf(state: State, section: SectionLayout): Piece[] {
  const { list, view } = state;
  if (section.section !== "finished" || section.top > 0) return rangeOf(state, section);
  if (list.text !== "") return [];
  const { failed, cancelled } = view.counts;
  return [
    [failed > 0 ? `✗ ${formatCount(failed)}` : "", "bad"],
    [cancelled > 0 ? `${failed > 0 ? " " : ""}⊘ ${formatCount(cancelled)}` : "", "warn"],
  ];
}

/** `1–20 of 8,000`; empty where all rows are on the screen. */
function rangeOf(state: State, section: SectionLayout): Piece[] {
  const { rows, top, total, hidden } = section;
  const isLive = section.section === "running" || section.section === "queued";
  const ofQueue = { from: top + 1, to: top + rows.length, of: total, isLeast: false };
  const outside = state.list.wholeQueue ? hidden : 0;
  const { from, to, of, isLeast } = isLive
    ? { ...ofQueue, of: total + outside }
    : extentOf(state, section);
  if (rows.length >= of || state.list.order.length === 0) return [];
  return [
    [`${formatCount(from)}–${formatCount(to)} of ${formatCount(of)}${isLeast ? "+" : ""}`, "muted"],
  ];
}

/** Queued operations without a row. */
function hiddenText({ list }: State, { hidden }: SectionLayout): Piece[] {
  return [
    [`${formatCount(hidden)} more queued`, "muted"],
    [list.wholeQueue ? "" : "  z", "bold"],
    [list.wholeQueue ? "" : " unfolds", "muted"],
  ];
}

function sectionRows(
  state: State,
  { section, rows }: SectionLayout,
  width: number,
  theme: Theme,
): Drawn[] {
  const { list } = state;
  if (list.order.length === 0 && (section === "all" || section === "finished"))
    return noMatches(state, width, theme);
  if (rows.length === 0)
    return [new Line(width, theme.paint).add(`   ${emptyText(state, section)}`, "muted")];
  const selected = list.order[selectedRow(state)];
  const columns = rowColumns(width, hostColumn(state));
  return rows.map((id) =>
    operationRow(state, operationOf(state, id) as Operation, columns, id === selected, theme),
  );
}

function emptyText(state: State, section: SectionLayout["section"]): string {
  if (state.list.text !== "") return "no matches";
  if (section === "running") return "nothing runs";
  if (state.list.finished > 0) return "nothing else has finished";
  return finishedIn(state.view) > 0 ? "only in chains that run" : "nothing has finished yet";
}

function noMatches(state: State, width: number, { paint }: Theme): string[] {
  const words = (text: string) => wrap(text, width - 2, 3).map((row) => ` ${row}`);
  if (state.list.text === "") return [];
  const unknown = unknownName(state.list.filter);
  return [
    ...words(`No matches for ${sanitizeLine(state.list.text)}`),
    ...(unknown === null ? [] : words(unknownHint(unknown))),
    new Line(width, paint).add(" esc", "bold").add(" clear the filter", "muted").toString(),
  ];
}

function unknownHint({ kind, typed, near, valid }: UnknownName): string {
  const all = kind === "state" ? "States" : "Conditions";
  const names =
    near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `${all}: ${valid.join(", ")}.`;
  return `No ${kind} ${sanitizeLine(typed)}. ${names}`;
}
