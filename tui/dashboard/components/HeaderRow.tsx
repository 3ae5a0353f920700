/** The first row, with a spinner behind it while something is awaited. */
import { Box, Text } from "ink";
import Spinner from "ink-spinner";
import { memo } from "react";
import { Row } from "./Row.js";

export const HeaderRow = memo(function HeaderRow({ text, busy }: { text: string; busy: boolean }) {
  if (!busy) return <Row text={text} />;
  return (
    <Box>
      <Row text={text} />
      {/* Dots at 2.5 frames a second: a wait may last for hours, and each frame of it costs. */}
      <Text dimColor> </Text>
      <Spinner type="simpleDots" />
    </Box>
  );
});
