/**
 * The whole screen as rows of text: a pure function of the state.
 *
 * The store compares frames and draws nothing when they are equal, so that only what is visible costs anything.
 * No row is wider than its pane and there are never more rows than the terminal has.
 */
import { type State, selectedOperation } from "../state/model.js";
import { band } from "./band.js";
import { tame } from "./cells.js";
import { detail } from "./detail.js";
import { footer } from "./footer.js";
import { type Header, header } from "./header.js";
import { help } from "./help.js";
import { panesOf } from "./layout.js";
import { Line } from "./line.js";
import { list } from "./list.js";
import { noDaemon, nothingYet, tooSmall } from "./pages.js";
import { type Paint, unpainted } from "./paint.js";

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
  const { both, listWidth, detailWidth, height } = panesOf(state);
  const { columns } = state.size;
  const whole = (rows: string[]) => [{ width: columns, rows: filled(rows, height) }];
  if (state.page?.kind === "help") return whole(help(state.page, columns, height, paint));
  if (state.order.length === 0)
    return whole(
      state.connection.state === "live" ? nothingYet(columns, paint) : noDaemon(state, columns, paint),
    );
  // Of a daemon that is away this is the last known state: all of it dim, its clocks standing still.
  const away = state.connection.state !== "live";
  const shown = state.connection.state === "away" ? { ...state, now: state.connection.since } : state;
  const brush = away ? unpainted : paint;
  const dim = (rows: string[]) => (away ? rows.map((row) => (row === "" ? row : paint(row, "dim"))) : rows);
  const listRows = () => filled(dim(list(shown, listWidth, height, brush)), height);
  const detailRows = () => filled(dim(detail(shown, brush)), height);
  if (!both) return state.pane === "list" ? [{ width: columns, rows: listRows() }] : whole(detailRows());
  return [
    { width: listWidth, rows: listRows() },
    { width: 1, rows: Array<string>(height).fill(paint("│", "dim")) },
    { width: detailWidth, rows: detailRows() },
  ];
}

/** The row under the header: which pane is where, and how much of the list is on the screen. */
function rule(state: State, paint: Paint): string {
  const { both, listWidth, height } = panesOf(state);
  const { columns } = state.size;
  const line = new Line(columns, paint);
  if (state.page?.kind === "help")
    return line.add("─ ", "dim").add("keys", "bold").add(" ").fill(columns, "─", "dim").toString();
  const count = state.order.length;
  const operation = selectedOperation(state);
  if (both || state.pane === "list" || operation === null) {
    const part = new Line(both && count > 0 ? listWidth : columns, paint);
    part
      .add("─ ", "dim")
      .add("operations", "bold", state.pane === "list" ? "cyan" : "plain")
      .add(" ");
    if (count > height) part.addWhole(`${state.top + 1}-${state.top + height} of ${count} `, "dim");
    line.join(part.fill(part.width, "─", "dim"));
    if (!both || count === 0) return line.toString();
    return line.add("┬", "dim").fill(columns, "─", "dim").toString();
  }
  const place = state.order.indexOf(operation.id) + 1;
  line.add("─ ", "dim").add(tame(operation.op), "bold", "cyan").add(` ${place} of ${count} `, "dim");
  return line.fill(columns, "─", "dim").toString();
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
