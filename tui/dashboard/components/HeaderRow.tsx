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
      <Text> </Text>
      {/* Ten frames a second, which is as often as anything here is drawn. */}
      <Spinner type="arc" />
    </Box>
  );
});
