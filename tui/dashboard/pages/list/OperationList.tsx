/** The list: running, queued and finished in a panel each, or in one panel where there is no room for three. */
import { Box } from "ink";
import type { Operation } from "../../../../protocol/operation.js";
import { formatCount } from "../../../terminal/format.js";
import { operationOf } from "../../core/chain.js";
import { asLastHeard, hostColumn, keyColumn } from "../../core/hosts.js";
import { BORDER, listLayout, panesOf, type SectionLayout } from "../../core/layout.js";
import { type Section, type UnknownName, unknownName } from "../../core/listing.js";
import { finishedIn, type State } from "../../core/model.js";
import { selectedRow } from "../../core/order.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { extentOf } from "../../core/paging.js";
import { pausedQueues } from "../../core/queue-view.js";
import { PAUSED, sectionOf } from "../../core/state-style.js";
import { liveCounts } from "../../core/waiting.js";
import { sanitizeLine, wrap } from "../../text/cells.js";
import { Line, type Piece } from "../../text/line.js";
import { dimmed, type Theme } from "../../text/theme.js";
import { operationRow, rowColumns } from "./OperationRow.js";
import { WaitsPanel } from "./WaitsPanel.js";

/** Columns of a border that no text takes. */
const FOOT_FRAME = 7;

const TITLES: Record<Section, string> = { running: "Running", queued: "Queued", finished: "Finished" };

export function OperationList({ state }: { state: State }) {
  const theme = useTheme();
  const { listWidth, listHeight } = panesOf(state);
  const { panels, sections, waits } = listLayout(state);
  // The last column stays free.
  const width = listWidth - 3;
  return (
    <Box flexDirection="column" width={listWidth} height={listHeight}>
      {waits.length > 0 && <WaitsPanel state={state} />}
      {!panels && (
        <Panel
          width={listWidth}
          height={sections.all!.height + BORDER}
          title={listTitle(state)}
          right={state.list.order.length === 0 || listWidth < 36 ? [] : rangeOf(sections.all!, state)}
          active={state.pane === "list"}
        >
          <Rows rows={sectionRows(state, sections.all!, width, theme)} />
        </Panel>
      )}
      {(["running", "queued", "finished"] as const).map((name) => {
        const section = sections[name];
        if (!panels || section === undefined) return null;
        return (
          <Panel
            key={name}
            width={listWidth}
            height={section.height + BORDER}
            title={sectionTitle(state, name, section)}
            right={sectionRight(state, name, section)}
            active={state.pane === "list" && isIn(state, section)}
            {...(name === "finished" && { foot: footOf(state) })}
          >
            <Rows rows={sectionRows(state, section, width, theme)} />
          </Panel>
        );
      })}
    </Box>
  );
}

/** The section that holds the selected row has the keys; without one, the last. */
function isIn(state: State, { rows, section }: SectionLayout): boolean {
  const selected = state.list.order[selectedRow(state)];
  return selected === undefined ? section === "finished" : rows.some(({ id }) => id === selected);
}

function sectionTitle(state: State, name: Section, section: SectionLayout): Piece[] {
  // A row stands for all links of a chain.
  const inRows = finishedIn(state.view) - state.list.finished + section.total;
  const all = { ...liveCounts(state), finished: inRows }[name];
  const isFiltered = state.list.text !== "";
  const found = name === "finished" ? extentOf(state, section).of : section.total;
  const count = isFiltered ? found : Math.max(all, section.total);
  // The right part has the count with the range.
  const isRange = name === "finished" && (section.top > 0 || state.list.paging.toEnd);
  return [
    [TITLES[name], "bold"],
    ...(isRange ? [] : [[` ${formatCount(count)}`, "muted"] as const]),
    ...(name === "queued" ? pausedOf(state) : []),
  ];
}

/** Which queues are paused: all, or by their names. */
function pausedOf(state: State): Piece[] {
  const names = pausedQueues(state);
  if (names.length === 0) return [];
  const all = names.length === state.queues.all.length ? "" : `${names.map(sanitizeLine).join(", ")} `;
  return [[`  ${PAUSED} ${all}paused`, "warn"]];
}

function sectionRight(state: State, name: Section, section: SectionLayout): Piece[] {
  if (name !== "finished") return section.total > section.rows.length ? rangeOf(section, state) : [];
  if (section.top > 0 || state.list.paging.toEnd) return rangeOf(section, state);
  const { failed, cancelled } = state.view.counts;
  if (state.list.text !== "") return [];
  const pieces: Piece[] = [];
  if (failed > 0) pieces.push([`✗ ${formatCount(failed)}`, "bad"]);
  if (cancelled > 0) pieces.push([`${failed > 0 ? " " : ""}⊘ ${formatCount(cancelled)}`, "warn"]);
  return pieces;
}

function rangeOf(section: SectionLayout, state: State): Piece[] {
  if (state.list.paging.toEnd) return [["loading the last rows…", "warn"]];
  const { rows, top, total, hidden } = section;
  const outside = section.section === "queued" && state.list.wholeQueue ? hidden : 0;
  const extent =
    section.section === "running" || section.section === "queued"
      ? { from: top + 1, to: top + rows.length, of: total + outside, isLeast: false }
      : extentOf(state, section);
  const { from, to, of, isLeast } = extent;
  if (rows.length < of)
    return [[`${formatCount(from)}–${formatCount(to)} of ${formatCount(of)}${isLeast ? "+" : ""}`, "muted"]];
  return [];
}

function listTitle(state: State): Piece[] {
  const { sort } = state.list;
  return [
    ["Operations", "bold"],
    [sort === "live" ? "" : ` sorted by ${sort}`, "muted"],
  ];
}

/** Keys of the list in the border, as many as fit whole. */
function footOf(state: State): Piece[] {
  const hints: [key: string, hint: string][] = [["/", "filter"]];
  if (state.view.counts.queued > 3 || state.list.folds.size > 0) hints.push(["z", "unfold"]);
  let room = panesOf(state).listWidth - FOOT_FRAME;
  return hints.flatMap(([key, hint], i): Piece[] => {
    const before = i === 0 ? "" : "   ";
    room -= before.length + key.length + hint.length + 1;
    return room < 0
      ? []
      : [
          [`${before}${key}`, "bold"],
          [` ${hint}`, "muted"],
        ];
  });
}

function sectionRows(state: State, section: SectionLayout, width: number, theme: Theme): string[] {
  if (state.list.order.length === 0 && (section.section === "all" || section.section === "finished"))
    return noMatches(state, width, theme);
  const selected = state.list.order[selectedRow(state)];
  const active = state.pane === "list";
  const columns = rowColumns(width, state.list.queueColumn, hostColumn(state), keyColumn(state) > 0);
  // The last report of a silent host.
  const dim = dimmed(theme);
  const rows = section.rows.flatMap(({ id, height }) => {
    const operation = operationOf(state, id) as Operation;
    const own = asLastHeard(state, id);
    const paints = own === state ? theme : dim;
    return operationRow(own, operation, columns, height, { selected: id === selected, active }, paints);
  });
  if (rows.length === 0 && (section.section === "running" || section.section === "finished")) {
    const finished = finishedIn(state.view) > 0 ? "only in chains that run" : "nothing has finished yet";
    const empty = section.section === "running" ? "nothing runs" : finished;
    const text = state.list.text === "" ? empty : "no matches";
    rows.push(new Line(width, theme.paint).add(`   ${text}`, "muted").toString());
  }
  if (section.hidden > 0) {
    const text = `   ⋯ ${formatCount(section.hidden)} more queued`;
    const more = new Line(width, theme.paint).add(text, "muted");
    if (more.left >= 12 && !state.list.wholeQueue) more.add("   z", "bold").add(" unfolds", "muted");
    const place = section.section === "all" ? lastQueued(state, section) : rows.length;
    rows.splice(place, 0, more.toString());
  }
  return rows.slice(0, section.height);
}

/** Lines above the note about the folded queue. */
function lastQueued(state: State, { rows }: SectionLayout): number {
  let lines = 0;
  let place = 0;
  for (const { id, height } of rows) {
    lines += height;
    if (sectionOf(operationOf(state, id)) !== "finished") place = lines;
  }
  return place;
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
  const names = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `${all}: ${valid.join(", ")}.`;
  return `No ${kind} ${sanitizeLine(typed)}. ${names}`;
}
