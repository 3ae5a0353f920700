/** What every component is made of: the theme of the terminal, rows, panels, dialogs. */
import { Box, Text } from "ink";
import { createContext, memo, type ReactNode, useContext } from "react";
import { fit, widthOf } from "../../text/cells.js";
import { type Drawn, Line, type Piece } from "../../text/line.js";
import { type Style, type Theme, unpainted } from "../../text/theme.js";
import type { State } from "../model.js";
import { BORDER, panesOf, scrollTop } from "./layout.js";

export const ThemeContext = createContext<Theme>({
  paint: unpainted,
  border: undefined,
  activeBorder: undefined,
  borderStyle: "round",
});

export const useTheme = (): Theme => useContext(ThemeContext);

export const Row = memo(function Row({ text }: { text: string }) {
  // An empty Text would take no row at all.
  return <Text wrap="truncate-end">{text === "" ? " " : text}</Text>;
});

/** Rows one below the other. */
export function Rows({ rows }: { rows: readonly Drawn[] }) {
  const { paint } = useTheme();
  return rows.map((row, place) => (
    <Row key={place} text={typeof row === "string" ? row : row.toString(paint)} />
  ));
}

export interface PanelProps {
  width: number;
  height: number;
  /** Sanitized. */
  title: readonly Piece[];
  right?: readonly Piece[];
  /** In the lower border. */
  foot?: readonly Piece[];
  active?: boolean;
  margin?: number;
  children: ReactNode;
}

/** Columns of a later part of the title below which the part is left out. */
const STUB = 8;

export function Panel({
  width,
  height,
  title,
  right = [],
  foot,
  active = false,
  margin = 0,
  children,
}: PanelProps) {
  const theme = useTheme();
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Row text={edge(theme, { width, active, left: title, right, corners: "top" })} />
      <Box
        flexDirection="column"
        width={width}
        height={height - (foot === undefined ? 1 : 2)}
        borderStyle={theme.borderStyle}
        borderTop={false}
        borderBottom={foot === undefined}
        borderColor={active ? theme.activeBorder : theme.border}
        borderDimColor={theme.border === undefined && !active}
        paddingX={margin}
      >
        {children}
      </Box>
      {foot !== undefined && (
        <Row text={edge(theme, { width, active, left: foot, right: [], corners: "bottom" })} />
      )}
    </Box>
  );
}

const CORNERS = {
  round: { top: "╭╮", bottom: "╰╯" },
  single: { top: "┌┐", bottom: "└┘" },
} as const;

interface Edge {
  width: number;
  active: boolean;
  left: readonly Piece[];
  right: readonly Piece[];
  corners: "top" | "bottom";
}

/** A border with text in it: `╭─ Running 2 ─────╮`. */
function edge(theme: Theme, { width, active, left, right, corners }: Edge): string {
  const style: Style = active ? "accent" : "border";
  const [first = "", last = ""] = CORNERS[theme.borderStyle][corners];
  const columns = (pieces: readonly Piece[]) =>
    pieces.reduce((sum, [text]) => sum + widthOf(text), 0);
  const line = new Line(width, theme.paint).add(first, style);
  const room = line.left - 2;
  const rightWidth = columns(right) + 3;
  // The right part is omitted before the first words of the title are cut.
  const least = Math.max(8, widthOf(left[0]?.[0] ?? "") + 3);
  const isRight = rightWidth > 3 && rightWidth + least <= room;
  if (left.length > 0) {
    line.add("─ ", style);
    let space = Math.max(0, room - 3 - (isRight ? rightWidth : 0));
    for (const [i, [text, ...styles]] of left.entries()) {
      // A rest of a few letters is not readable.
      if (i > 1 && space < STUB && widthOf(text) > space) break;
      const fitted = fit(text, space);
      line.add(fitted, ...styles);
      space -= widthOf(fitted);
    }
    line.add(" ");
  }
  if (isRight) {
    line.fill(width - columns(right) - 4, "─", style).add(" ");
    for (const [text, ...styles] of right) line.add(text, ...styles);
    line.add(" ");
  }
  return line
    .fill(width - 1, "─", style)
    .add(last, style)
    .toString();
}

/** Columns of a row of text, borders and margins included, beyond which a line is hard to read. */
const WIDEST = 110;
/** A dialog with fewer blank columns or rows around it takes the whole screen. */
const AROUND = 8;

export interface DialogSize {
  /** Inside borders and margins. */
  readonly width: number;
  readonly height: number;
}

/** @param rows of the content; undefined: all rows of the screen */
export function dialogSize(state: State, rows?: number, widest = WIDEST): DialogSize {
  const { height } = panesOf(state);
  const { columns } = state.size;
  const width = columns - widest >= AROUND ? widest : columns;
  const room = height - BORDER;
  return {
    width: width - BORDER - 2,
    height: rows === undefined || room - rows < AROUND / 2 ? room : rows,
  };
}

export interface DialogProps {
  state: State;
  size: DialogSize;
  title: readonly Piece[];
  right?: readonly Piece[];
  rows: readonly Drawn[];
}

export function Dialog({ state, size, title, right = [], rows }: DialogProps) {
  const { height } = panesOf(state);
  const { columns } = state.size;
  return (
    <Box width={columns} height={height} flexDirection="column" alignItems="center">
      {/* A little above the middle, as a person reads. */}
      <Box height={Math.floor((height - size.height - BORDER) / 3)} flexShrink={0} />
      <Panel
        width={size.width + BORDER + 2}
        height={size.height + BORDER}
        title={title}
        right={right}
        active
        margin={1}
      >
        <Rows rows={rows.slice(0, size.height)} />
      </Panel>
    </Box>
  );
}

/** A dialog as wide as its rows may be, with the chosen row on the screen. */
export function RowDialog({
  state,
  widest,
  title,
  right = [],
  rows,
  chosen,
}: Omit<DialogProps, "size"> & { widest: number; chosen: number }) {
  const size = dialogSize(state, rows.length, widest);
  const top = scrollTop(0, chosen, rows.length, size.height);
  const visible = rows.slice(top, top + size.height);
  return <Dialog state={state} size={size} title={title} right={right} rows={visible} />;
}
