/** The lines above the panes: what is listed, in which order and how much of it; which operation is shown. */
import { formatCount } from "../../terminal/format.js";
import { type Pane, type State, selectedOperation } from "../state/model.js";
import { selectedRow } from "../state/order.js";
import { fit, tame } from "./cells.js";
import { panesOf } from "./layout.js";
import { Line } from "./line.js";
import type { Paint, Style } from "./paint.js";

/** The pane that has the keys stands out, with colours or without. */
export function headingStyles(state: State, pane: Pane): Style[] {
  return state.pane === pane ? ["bold", "cyan"] : ["plain"];
}

export function listRule(state: State, width: number, paint: Paint): Line {
  const { listing, order, top } = state;
  const { listHeight } = panesOf(state);
  const line = new Line(width, paint)
    .add("─ ", "dim")
    .add("operations", ...headingStyles(state, "list"))
    .add(" ");
  if (listing.text !== "" && state.entry?.kind !== "filter")
    line.add(`/${fit(tame(listing.text), Math.max(14, width - 28))} `, "yellow");
  if (listing.sort !== "live" || listing.reverse) {
    const order = `${listing.sort}${listing.reverse ? ", reversed" : ""} `;
    line.addWhole(line.left > order.length + 3 ? `by ${order}` : order, "dim");
  }
  // More of them are in the store than were needed so far.
  const more = typeof listing.paging.next === "string" ? "+" : "";
  if (order.length > listHeight) {
    const last = Math.min(order.length, top + listHeight);
    line.addWhole(
      `${formatCount(top + 1)}-${formatCount(last)} of ${formatCount(order.length)}${more} `,
      "dim",
    );
  } else if (listing.text !== "") line.addWhole(`${order.length} fit `, "dim");
  return line.fill(width, "─", "dim");
}

export function detailRule(state: State, width: number, paint: Paint): string {
  const operation = selectedOperation(state);
  const line = new Line(width, paint).add("─ ", "dim");
  if (operation !== null) {
    const place = selectedRow(state) + 1;
    line.add(tame(operation.op), ...headingStyles(state, "detail"));
    line.addWhole(
      ` ${place === 0 ? "" : `${formatCount(place)} of ${formatCount(state.order.length)} `}`,
      "dim",
    );
  }
  return line.fill(width, "─", "dim").toString();
}
