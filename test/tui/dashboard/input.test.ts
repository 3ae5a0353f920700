/** What the terminal answers is not taken for typing. */
import { describe, expect, test } from "vitest";
import { ReportFilter } from "../../../tui/dashboard/terminal/input.js";
import type { Rgb } from "../../../tui/dashboard/text/theme.js";

const COLOUR = "\x1b]11;rgb:0000/0000/0000\x1b\\";
const typed = (...reads: string[]) => {
  const filter = new ReportFilter();
  return reads.map((read) => filter.typed(read)).join("");
};

describe("taken out", () => {
  test.each([
    ["a colour", COLOUR],
    ["one that ends with a bell", "\x1b]11;rgb:0000/0000/0000\x07"],
    ["the terminal's name", "\x1bP>|tmux 3.4\x1b\\"],
    ["a capability", "\x1bP1+r436f=323536\x1b\\"],
  ])("%s, whole or cut anywhere", (_, reply) => {
    expect(typed(`j${reply}k`)).toBe("jk");
    for (let cut = 6; cut < reply.length; cut++)
      expect(typed(`j${reply.slice(0, cut)}`, `${reply.slice(cut)}k`)).toBe("jk");
  });
});

describe("reports", () => {
  test("the background comes as a colour, however many digits it has", () => {
    const colours: Rgb[] = [];
    const filter = new ReportFilter({ background: (colour) => colours.push(colour) });
    expect(filter.typed("\x1b]11;rgb:ffff/8080/0000\x07j\x1b]11;rgb:00/80/ff\x1b\\")).toBe("j");
    expect(colours).toEqual([
      [255, 128, 0],
      [0, 128, 255],
    ]);
  });
});

describe("left alone", () => {
  test.each([
    "jk",
    "\x1b",
    "\x1b[A",
    "\x1b]",
    "\x1bP",
    "\x1bOP",
    "\x1b[200~a b\x1b[201~",
    "\x1b[I",
  ])("%j", (keys) => {
    expect(typed(keys, "x")).toBe(`${keys}x`);
  });

  test("what is typed after a reply that never ends", () => {
    expect(typed("\x1b]11;rgb:00", "x", "y")).toBe("xy");
  });
});
