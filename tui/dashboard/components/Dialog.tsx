/** A panel in the middle of the screen, as high as what it holds. On a small terminal it is the whole screen. */
import { Box } from "ink";
import { BORDER, panesOf } from "../state/layout.js";
import type { State } from "../state/model.js";
import { Panel, type Piece, Rows } from "./Panel.js";

/** Columns of a row of text, borders and margins included, beyond which a line is hard to read. */
const WIDEST = 110;
/** Blank columns and rows around it that are worth leaving the whole screen for. */
const AROUND = 8;

export interface DialogSize {
  /** Inside borders and margins. */
  readonly width: number;
  readonly height: number;
}

/** @param wanted rows that the content takes; undefined: all there are */
export function dialogSize(state: State, wanted?: number, widest = WIDEST): DialogSize {
  const { height } = panesOf(state);
  const { columns } = state.size;
  const width = columns - widest >= AROUND ? widest : columns;
  const room = height - BORDER;
  return {
    width: width - BORDER - 2,
    height: wanted === undefined || room - wanted < AROUND / 2 ? room : wanted,
  };
}

export interface DialogProps {
  state: State;
  size: DialogSize;
  title: readonly Piece[];
  right?: readonly Piece[];
  rows: readonly string[];
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
