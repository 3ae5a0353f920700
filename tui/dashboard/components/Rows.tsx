/** The rows of a pane, one below the other, at a fixed width. */
import { Box } from "ink";
import { memo } from "react";
import { type Pane, samePane } from "../screen/frame.js";
import { Row } from "./Row.js";

export const Rows = memo(
  function Rows({ pane }: { pane: Pane }) {
    return (
      <Box flexDirection="column" width={pane.width} flexShrink={0}>
        {pane.rows.map((text, place) => (
          <Row key={place} text={text} />
        ))}
      </Box>
    );
  },
  (before, after) => samePane(before.pane, after.pane),
);
