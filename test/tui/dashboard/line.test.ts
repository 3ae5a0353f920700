/** A row as the terminal gets it: the same cells in the same styles, with few sequences. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Line } from "../../../tui/dashboard/text/line.js";
import { type Paint, type Style, themeFor } from "../../../tui/dashboard/text/theme.js";

const { paint } = themeFor({
  stdout: { isTTY: true },
  env: { TERM: "xterm-256color" },
  background: null,
});

/** The styles stand before the text, and each ends with it. */
const marked: Paint = (text, ...styles) => `<${styles.join("+")}|${text}>`;

/** Each cell with what is seen of its style: the colour of a blank is not. */
function cells(row: string): string[] {
  return [...row.matchAll(/<(.*?)\|(.*?)>|(.)/g)].flatMap(([, styles = "", text, bare = ""]) =>
    [...(text ?? bare)].map((character) => {
      const isSeen = character !== " " || styles.includes("inverse");
      return `${character} ${isSeen ? styles : ""}`;
    }),
  );
}

const pieces = fc.array(
  fc.tuple(
    fc.constantFrom("a", "b c", " ", "   ", " d", "e "),
    fc.constantFrom<Style[]>([], ["muted"], ["bad", "bold"], ["inverse"], ["bold"]),
  ),
);

test("coalescing pieces changes no cell", () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const line = new Line(200);
      for (const [text, styles] of all) line.add(text, ...styles);
      const each = all.map(([text, styles]) => marked(text, ...styles)).join("");
      expect(cells(line.toString(marked))).toEqual(cells(each));
    }),
  );
});

test("pieces of one style with blanks between them share its sequences", () => {
  const line = new Line(40, paint).add("12:00:00", "muted").add("  ").add("info", "muted").fill();
  expect(line.toString().split("\x1b[").length - 1).toBe(2);
});
