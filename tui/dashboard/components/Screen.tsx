/** The whole screen from a frame: props only. */
import { Box } from "ink";
import { memo } from "react";
import type { Frame } from "../screen/frame.js";
import { HeaderRow } from "./HeaderRow.js";
import { Row } from "./Row.js";
import { Rows } from "./Rows.js";

export const Screen = memo(function Screen({ frame }: { frame: Frame }) {
  if (frame.header === null) return <Rows pane={frame.panes[0]!} />;
  return (
    <Box flexDirection="column" width={frame.columns} height={frame.rows}>
      <HeaderRow text={frame.header.text} busy={frame.header.busy} />
      <Row text={frame.rule} />
      <Box>
        {frame.panes.map((pane, place) => (
          <Rows key={place} pane={pane} />
        ))}
      </Box>
      {frame.band.map((text, place) => (
        <Row key={place} text={text} />
      ))}
      <Row text={frame.footer} />
    </Box>
  );
});
