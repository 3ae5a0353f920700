/**
 * The whole screen as rows of text: a pure function of the state.
 *
 * The store compares frames and draws nothing when they are equal, so that only what is visible costs anything.
 * No row is wider than its pane and there are never more rows than the terminal has.
 */
import type { State } from "../state/model.js";
import { band } from "./band.js";
import { detail } from "./detail.js";
import { footer } from "./footer.js";
import { type Header, header } from "./header.js";
import { panesOf } from "./layout.js";
import { Line } from "./line.js";
import { list } from "./list.js";
import { copyRows } from "./log.js";
import { pageBody, pageTitle } from "./page-body.js";
import { noDaemon, nothingYet, tooSmall } from "./pages.js";
import { type Paint, unpainted } from "./paint.js";
import { detailRule, listRule } from "./rules.js";

export interface Frame {
  readonly columns: number;
  readonly rows: number;
  /** Absent where the terminal is too small for more than an explanation. */
  readonly header: Header | null;
  readonly rule: string;
  /** The columns from left to right: one pane, or two and the line between them. */
  readonly panes: readonly Pane[];
  /** Rows above the footer that stand over the last ones of the panes. */
  readonly band: readonly string[];
  readonly footer: string;
}

export interface Pane {
  readonly width: number;
  readonly rows: readonly string[];
}

export function frameOf(state: State, paint: Paint): Frame {
  const { columns, rows } = state.size;
  const panes = panesOf(state);
  if (panes.tooSmall) {
    const pane = { width: columns, rows: tooSmall(state) };
    return { columns, rows, header: null, rule: "", panes: [pane], band: [], footer: "" };
  }
  if (state.page?.kind === "copy") {
    const pane = { width: columns, rows: copyRows(state, paint) };
    return { columns, rows, header: null, rule: "", panes: [pane], band: [], footer: "" };
  }
  const over = band(state, columns, Math.floor(panes.height * 0.6), paint);
  return {
    columns,
    rows,
    header: header(state, paint),
    rule: rule(state, paint),
    panes: body(state, paint).map(({ width, rows }) => ({
      width,
      rows: rows.slice(0, rows.length - over.length),
    })),
    band: over,
    footer: footer(state, paint),
  };
}

function body(state: State, paint: Paint): Pane[] {
  const { arrangement, listWidth, listHeight, detailWidth, detailHeight, height } = panesOf(state);
  const { columns } = state.size;
  const whole = (rows: string[]) => [{ width: columns, rows: filled(rows, height) }];
  if (state.page !== null) return whole(pageBody(state, state.page, columns, height, paint));
  if (isEmpty(state))
    return whole(
      state.connection.state === "live" ? nothingYet(state, columns, paint) : noDaemon(state, columns, paint),
    );
  // Of a daemon that is away this is the last known state: all of it dim, its clocks standing still.
  const away = state.connection.state !== "live";
  const shown = state.connection.state === "away" ? { ...state, now: state.connection.since } : state;
  const brush = away ? unpainted : paint;
  const dim = (rows: string[]) => (away ? rows.map((row) => (row === "" ? row : paint(row, "dim"))) : rows);
  const listRows = () => filled(dim(list(shown, listWidth, listHeight, brush)), listHeight);
  const detailRows = () => filled(dim(detail(shown, brush)), detailHeight);
  switch (arrangement) {
    case "one":
      return whole(state.pane === "list" ? listRows() : detailRows());
    case "stacked":
      return whole([...listRows(), detailRule(state, columns, paint), ...detailRows()]);
    case "side":
      return [
        { width: listWidth, rows: listRows() },
        { width: 1, rows: Array<string>(height).fill(paint("│", "dim")) },
        { width: detailWidth, rows: detailRows() },
      ];
  }
}

/** The row under the header: a page's name, or which pane is where. */
function rule(state: State, paint: Paint): string {
  const { arrangement, listWidth } = panesOf(state);
  const { columns } = state.size;
  const line = new Line(columns, paint);
  if (state.page !== null) {
    line.add("─ ", "dim").add(pageTitle(state.page), "bold").add(" ");
    return line.fill(columns, "─", "dim").toString();
  }
  if (isEmpty(state)) return line.fill(columns, "─", "dim").toString();
  if (arrangement === "one" && state.pane === "detail") return detailRule(state, columns, paint);
  if (arrangement !== "side") return line.join(listRule(state, columns, paint)).toString();
  line.join(listRule(state, listWidth, paint)).add("┬", "dim");
  return line.fill(columns, "─", "dim").toString();
}

/** Nothing to list, and not because of a filter. */
function isEmpty(state: State): boolean {
  return state.order.length === 0 && state.listing.text === "";
}

/** Exactly so many rows. */
function filled(rows: string[], height: number): string[] {
  return rows.length >= height
    ? rows.slice(0, height)
    : [...rows, ...Array<string>(height - rows.length).fill("")];
}

export function sameFrame(a: Frame, b: Frame): boolean {
  return (
    a.columns === b.columns &&
    a.rows === b.rows &&
    a.header?.text === b.header?.text &&
    a.header?.busy === b.header?.busy &&
    a.rule === b.rule &&
    a.footer === b.footer &&
    a.band.length === b.band.length &&
    a.band.every((row, i) => row === b.band[i]) &&
    a.panes.length === b.panes.length &&
    a.panes.every((pane, i) => samePane(pane, b.panes[i]!))
  );
}

export function samePane(a: Pane, b: Pane): boolean {
  return (
    a.width === b.width && a.rows.length === b.rows.length && a.rows.every((row, i) => row === b.rows[i])
  );
}
