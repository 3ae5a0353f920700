/** One row of the screen, styled already: drawn again only when its text changes. */
import { Text } from "ink";
import { memo } from "react";

export const Row = memo(function Row({ text }: { text: string }) {
  // An empty Text would take no row at all.
  return <Text wrap="truncate-end">{text === "" ? " " : text}</Text>;
});
