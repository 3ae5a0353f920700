/** A panel: a round border with a title in it, and rows inside. A row is one styled text and is drawn only when it changes. */
import { Box, Text } from "ink";
import Spinner from "ink-spinner";
import { memo, type ReactNode } from "react";
import { fit, widthOf } from "../text/cells.js";
import { Line } from "../text/line.js";
import type { Style, Theme } from "../text/theme.js";
import { useTheme } from "./theme-context.js";

export const Row = memo(function Row({ text }: { text: string }) {
  // An empty Text would take no row at all.
  return <Text wrap="truncate-end">{text === "" ? " " : text}</Text>;
});

/** Rows one below the other. */
export function Rows({ rows }: { rows: readonly string[] }) {
  return rows.map((text, place) => <Row key={place} text={text} />);
}

export type Piece = readonly [text: string, ...styles: Style[]];

export interface PanelProps {
  width: number;
  height: number;
  /** Sanitized. */
  title: readonly Piece[];
  right?: readonly Piece[];
  /** In the lower border. */
  foot?: readonly Piece[];
  active?: boolean;
  /** A spinner turns behind the right part. */
  spin?: boolean;
  margin?: number;
  children: ReactNode;
}

/** Columns of a later part of the title below which the part is left out. */
const STUB = 8;

/** Columns of ink-spinner's dots. */
const DOTS = 3;

export function Panel({
  width,
  height,
  title,
  right = [],
  foot,
  active = false,
  spin = false,
  margin = 0,
  children,
}: PanelProps) {
  const theme = useTheme();
  const { before, after } = edge(theme, { width, active, left: title, right, spin, corners: "top" });
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      {spin ? (
        <Box>
          <Row text={before} />
          <Text color={theme.activeBorder}>
            <Spinner type="simpleDots" />
          </Text>
          <Row text={after} />
        </Box>
      ) : (
        <Row text={before + after} />
      )}
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
      {foot !== undefined && <FootRow width={width} active={active} foot={foot} />}
    </Box>
  );
}

function FootRow({ width, active, foot }: { width: number; active: boolean; foot: readonly Piece[] }) {
  const { before, after } = edge(useTheme(), {
    width,
    active,
    left: foot,
    right: [],
    spin: false,
    corners: "bottom",
  });
  return <Row text={before + after} />;
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
  spin: boolean;
  corners: "top" | "bottom";
}

/** A border with text in it: `╭─ Running 2 ─────╮`; in two parts where a spinner stands between them. */
function edge(theme: Theme, { width, active, left, right, spin, corners }: Edge) {
  const style: Style = active ? "accent" : "border";
  const [first = "", last = ""] = CORNERS[theme.borderStyle][corners];
  const end = `${spin ? "" : " "}─${last}`;
  const columns = (pieces: readonly Piece[]) => pieces.reduce((sum, [text]) => sum + widthOf(text), 0);
  const line = new Line(width - (spin ? DOTS : 0), theme.paint).add(first, style);
  const room = line.left - 2;
  const rightWidth = columns(right) + 3;
  // The right part gives way before the first words of the title are cut.
  const least = Math.max(8, widthOf(left[0]?.[0] ?? "") + 3);
  const isRight = right.length > 0 && rightWidth + least <= room;
  if (left.length > 0) {
    line.add("─ ", style);
    let space = Math.max(0, room - 3 - (isRight ? rightWidth : 0));
    for (const [i, [text, ...styles]] of left.entries()) {
      // A stub of a few letters says nothing.
      if (i > 1 && space < STUB && widthOf(text) > space) break;
      const fitted = fit(text, space);
      line.add(fitted, ...styles);
      space -= widthOf(fitted);
    }
    line.add(" ");
  }
  if (!isRight) {
    line.fill(line.width - 1, "─", style).add(last, style);
    return { before: line.toString(), after: "" };
  }
  line.fill(line.width - columns(right) - end.length - 1, "─", style).add(" ");
  for (const [text, ...styles] of right) line.add(text, ...styles);
  const tail = new Line(end.length, theme.paint).add(end, style).toString();
  return { before: line.toString(), after: tail };
}
