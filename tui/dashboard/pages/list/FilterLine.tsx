/**
 * The row below the header with the filter of the list: what is typed, and how many operations
 * match.
 */
import { formatCount } from "../../../terminal/format.js";
import { listLayout } from "../../core/layout/layout.js";
import { Row, useTheme } from "../../core/layout/Panel.js";
import { extentOf } from "../../core/layout/paging.js";
import type { State } from "../../core/model.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import { addTyped } from "../../text/line-edit.js";

/** Columns of `   1,000 matches`, and those that the typed text has at least. */
const COUNT = 17;
const TYPED_LEAST = 24;

export function FilterLine({ state }: { state: State }) {
  const { entry, list, size } = state;
  const line = new Line(size.columns, useTheme().paint).add(" /", "accent", "bold");
  const room = Math.max(TYPED_LEAST, line.left - COUNT);
  if (entry?.kind === "filter") addTyped(line, entry.line, room);
  else line.add(fit(sanitizeLine(list.text), room), "bold");
  if (list.text !== "") line.addWhole(`   ${matchText(state)}`, "muted");
  return <Row text={line.toString()} />;
}

function matchText(state: State): string {
  const { sections } = listLayout(state);
  const { of, isLeast } = extentOf(state, sections.finished);
  const count = (sections.running?.total ?? 0) + (sections.queued?.total ?? 0) + of;
  if (count === 0) return "no matches";
  return `${formatCount(count)}${isLeast ? "+" : ""} ${count === 1 ? "match" : "matches"}`;
}
