/** The operation types to submit: their names, and what the chosen one does and takes. */
import { Box } from "ink";
import type { OperationType, TypesReply } from "../../../../protocol/replies.js";
import { listParameters } from "../../../../protocol/schema/parameters.js";
import { hostNames, keyColumn } from "../../core/hosts.js";
import { bareOf, hostOfKey } from "../../core/key.js";
import { BORDER, panesOf, scrollTop } from "../../core/layout.js";
import type { PageOf, State } from "../../core/model.js";
import { Panel, Rows, useTheme } from "../../core/Panel.js";
import { shownTypes } from "../../core/pages.js";
import { fit, fitName, sanitizeLine, widthOf, wrap } from "../../text/cells.js";
import { type Drawn, Line, type Piece, paragraph } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

/** Widths from which the chosen type has a panel of its own beside the list. */
const BESIDE_FROM = 100;
const NAMES_MOST = 28;
const HOST_MOST = 14;

export function TypesPage({ state, page }: { state: State; page: PageOf<"types"> }) {
  const { paint } = useTheme();
  const { height } = panesOf(state);
  const { columns } = state.size;
  const { types } = state.submit;
  const room = height - BORDER;
  const choices = types === null ? [] : shownTypes(state);
  const chosen = choices[state.choice];
  const beside = types !== null && columns >= BESIDE_FROM;
  const gap = columns >= 120 ? 2 : 1;
  const left = beside ? Math.max(44, Math.min(70, Math.round(columns * 0.4))) : columns;
  const right = columns - left - gap;
  const width = left - BORDER - 2;
  const foot = types === null ? [] : unloaded(state, types, width, paint);
  if (!beside && types !== null) foot.unshift("", ...brief(chosen, width, paint));
  const rows =
    types === null
      ? loadingRows(state, page, width, paint)
      : typeRows(state, choices, { width, height: Math.max(1, room - foot.length) }, paint);
  while (types !== null && rows.length < room - foot.length) rows.push("");
  return (
    <Box columnGap={gap}>
      <Panel
        width={left}
        height={height}
        title={[["Submit", "bold"]]}
        right={types === null ? [] : [[String(choices.length), "muted"]]}
        active
        margin={1}
      >
        <Rows rows={[...rows, ...foot].slice(0, room)} />
      </Panel>
      {beside && (
        <Panel
          width={right}
          height={height}
          title={chosen === undefined ? [] : typeTitle(chosen.op)}
          margin={1}
        >
          <Rows
            rows={chosen === undefined ? [] : cutTo(room, whole(chosen, right - BORDER - 2, paint), paint)}
          />
        </Panel>
      )}
    </Box>
  );
}

/** The type, and the host that it would run on, where there are several. */
export function typeTitle(key: string, style: Style = "plain"): Piece[] {
  const host = hostOfKey(key);
  return [
    [sanitizeLine(bareOf(key)), style, "bold"],
    ...(host === null ? [] : [[` on ${sanitizeLine(host)}`, style, "bold"] as const]),
  ];
}

function typeRows(
  state: State,
  choices: readonly OperationType[],
  { width, height }: { width: number; height: number },
  paint: Paint,
): Drawn[] {
  const all = state.submit.types?.ops ?? [];
  const host = Math.min(HOST_MOST, keyColumn(state));
  const top = scrollTop(0, state.choice, choices.length, height);
  const widest = (text: (type: OperationType) => string) =>
    Math.max(8, ...all.map((type) => widthOf(sanitizeLine(text(type)))));
  const names = Math.min(
    NAMES_MOST,
    Math.floor(width * 0.45),
    widest(({ op }) => bareOf(op)),
  );
  const titles = Math.min(
    NAMES_MOST,
    widest(({ title }) => title),
  );
  const rows: Drawn[] = choices.slice(top, top + height).map((type, i) => {
    const chosen = top + i === state.choice;
    const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "accent");
    line.add(fit(sanitizeLine(bareOf(type.op)), names), ...(chosen ? (["bold"] as const) : []));
    line.fill(names + 4);
    if (host > 0) {
      line
        .add(fitName(sanitizeLine(hostOfKey(type.op) ?? ""), host, hostNames(state)))
        .fill(names + 4 + host + 2);
    }
    line.add(fit(sanitizeLine(type.title), titles), chosen ? "plain" : "muted");
    // Where the type has a panel, its stages stand there.
    if (state.size.columns < BESIDE_FROM && type.stages !== null && line.left > 12)
      line
        .fill(names + titles + 6 + (host > 0 ? host + 2 : 0))
        .add(type.stages.map(sanitizeLine).join(" → "), "muted");
    return line;
  });
  if (choices.length === 0) rows.push(new Line(width, paint).add("  No such type", "warn"));
  return rows;
}

function loadingRows(state: State, page: PageOf<"types">, width: number, paint: Paint): Drawn[] {
  const row = (text: string, style: Style) => paragraph(text, { width: width - 2, most: 4, paint }, style);
  if (!state.submit.typesWanted) {
    const why = state.notice?.level === "error" ? `: ${sanitizeLine(state.notice.text)}` : "";
    return [
      "",
      ...row(`The operation types could not be loaded${why}`, "warn"),
      ...row("⏎ tries again", "muted"),
    ];
  }
  const then = page.entered === true ? " The form opens when they are loaded." : "";
  return ["", ...row(`Loading the operation types.${then}`, "muted")];
}

/** The parameters of the chosen type in two rows. */
function brief(chosen: OperationType | undefined, width: number, paint: Paint): Drawn[] {
  if (chosen === undefined) return [];
  const names = listParameters(chosen.params).map(({ name, required }) => (required ? `${name}*` : name));
  const takes = chosen.params === null ? "any parameters" : names.join(" ") || "none";
  return [
    new Line(width, paint).add("parameters  ", "muted").addUntrusted(takes),
    new Line(width, paint).addUntrusted(chosen.file, "muted"),
  ];
}

/** All that is known of the chosen type: file, stages, and each parameter with its description. */
function whole(chosen: OperationType, width: number, paint: Paint): Drawn[] {
  const heading = (text: string) => ["", paint(text, "accent", "bold")];
  const indented = (text: string, ...styles: Style[]) =>
    wrap(sanitizeLine(text), width - 2, 6).map((part) => `  ${paint(part, ...styles)}`);
  const parameters = listParameters(chosen.params);
  const names = Math.min(20, Math.max(0, ...parameters.map(({ name }) => widthOf(sanitizeLine(name)) + 1)));
  const rows: Drawn[] = [
    paint(fit(sanitizeLine(chosen.title), width), "bold"),
    ...indented(chosen.file, "muted"),
  ];
  if (chosen.stages !== null && chosen.stages.length > 0)
    rows.push(...heading("Stages"), ...indented(chosen.stages.map(sanitizeLine).join(" → ")));
  rows.push(...heading("Parameters"));
  if (chosen.params === null) return [...rows, ...indented("any: the type declares no schema", "muted")];
  if (parameters.length === 0) return [...rows, ...indented("none", "muted")];
  for (const { name, type, required, description, ...rest } of parameters) {
    const line = new Line(width, paint).add("  ").add(fit(sanitizeLine(name), names - 1), "bold");
    line
      .add(required ? "*" : " ", "warn")
      .fill(names + 4)
      .addUntrusted(type);
    const value = required
      ? "required"
      : "default" in rest
        ? `default ${JSON.stringify(rest.default)}`
        : "optional";
    rows.push(line.add("  ").addUntrusted(value, "muted"));
    if (description !== null)
      for (const part of wrap(sanitizeLine(description), width - names - 4, 3))
        rows.push(new Line(width, paint).fill(names + 4).add(part, "muted"));
  }
  return rows;
}

/** The rows that fit; where some do not, the last one says how many. */
function cutTo(height: number, rows: readonly Drawn[], paint: Paint): readonly Drawn[] {
  if (rows.length <= height) return rows;
  return [...rows.slice(0, height - 1), paint(`⋮ ${rows.length - height + 1} more rows`, "muted")];
}

/** Files that could not be loaded. */
function unloaded(state: State, { errors }: TypesReply, width: number, paint: Paint): Drawn[] {
  const most = state.size.rows < 20 ? 1 : 3;
  const rows = errors.slice(0, most).map(({ file, message }) => {
    const text = sanitizeLine(`${file.split("/").pop()} does not load: ${message}`);
    return new Line(width, paint).add(`✗ ${fit(text, width - 2)}`, "warn");
  });
  if (errors.length > most)
    rows.push(new Line(width, paint).add(`${errors.length - most} more: liveops ops`, "warn"));
  return rows;
}
