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

  test("the mouse clicks and scrolls, and is no typing", () => {
    const seen: unknown[] = [];
    const filter = mouseFilter(seen);
    expect(filter.typed("\x1b[<0;5;9M\x1b[<0;5;9m\x1b[<64;1;1M\x1b[<65;2;3Mk")).toBe("k");
    expect(seen).toEqual([
      ["click", 4, 8],
      ["scroll", 0, 0, -3],
      ["scroll", 1, 2, 3],
    ]);
  });
});

function mouseFilter(seen: unknown[]): ReportFilter {
  return new ReportFilter({
    clicked: (...at) => seen.push(["click", ...at]),
    scrolled: (...at) => seen.push(["scroll", ...at]),
  });
}

describe("a mouse report that is cut between reads", () => {
  const REPORT = "\x1b[<65;80;30M";

  test.each(Array.from({ length: REPORT.length - 2 }, (_, i) => i + 2))("after %i characters", (cut) => {
    const seen: unknown[] = [];
    const filter = mouseFilter(seen);
    const keys = [`j${REPORT.slice(0, cut)}`, `${REPORT.slice(cut)}k`].map((read) => filter.typed(read));
    expect(keys.join("")).toBe("jk");
    expect(seen).toEqual([["scroll", 79, 29, 3]]);
  });

  test("behind its escape, which Ink has already", () => {
    const seen: unknown[] = [];
    const filter = mouseFilter(seen);
    expect(["\x1b", `${REPORT.slice(1)}k`].map((read) => filter.typed(read)).join("")).toBe("\x1bk");
    expect(seen).toEqual([["scroll", 79, 29, 3]]);
  });

  test("an arrow key that is cut stays one", () => {
    const filter = mouseFilter([]);
    expect(["\x1b[", "A", "\x1b[<", "x"].map((read) => filter.typed(read)).join("")).toBe("\x1b[A\x1b[<x");
  });
});

describe("left alone", () => {
  test.each(["jk", "\x1b", "\x1b[A", "\x1b]", "\x1bP", "\x1bOP", "\x1b[200~a b\x1b[201~", "\x1b[I"])(
    "%j",
    (keys) => {
      expect(typed(keys, "x")).toBe(`${keys}x`);
    },
  );

  test("what is typed after a reply that never ends", () => {
    expect(typed("\x1b]11;rgb:00", "x", "y")).toBe("xy");
  });
});
