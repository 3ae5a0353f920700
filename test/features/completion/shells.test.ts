/** Quotes of the shells, and lines without control characters. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bashLines,
  insertion,
  linesFor,
  unquote,
} from "../../../tui/features/completion/shells.js";

const printable = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 });

describe("a word that is inserted is one word of bash, whatever it holds", () => {
  /** What bash takes the text for, as the argument of a command. */
  const wordsOf = (text: string) =>
    execFileSync("bash", ["--norc", "-c", `printf '%s\\0' ${text}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);

  test.each([
    ["", ""],
    ["'", "'"],
    ['"', '"'],
  ])("after %j", (open, close) => {
    fc.assert(
      fc.property(printable, (word) => {
        const text = insertion(word, unquote(open));
        if (text === null) expect(word).toContain("!");
        else expect(wordsOf(open + text + close)).toEqual([word]);
      }),
    );
  });
});

test("what bash does not replace is not repeated", () => {
  const breaks = " \t\n\"'><=;|&(:";
  expect(insertion("mode=careful", unquote("mode=ca", breaks))).toBe("careful ");
  expect(insertion("--from=It's", unquote("--from='It", breaks))).toBe("It'\\''s");
  expect(insertion("mode=", unquote("mo", breaks))).toBe("mode=");
});

test("unquote removes quotes and expands nothing", () => {
  expect(unquote(`a\\ b'c $(d)'"e \\" f"$g`).text).toBe(`a bc $(d)e " f$g`);
  expect(unquote("'open")).toMatchObject({ text: "open", quote: "'" });
});

test("a description has no control character and stays on its line", () => {
  const hostile = { word: "id", description: "a\tb\nc\x1b[2J\u202e" };
  const active = /[\x00-\x1f\x7f-\x9f\u202e]/;
  for (const line of linesFor("fish", [hostile], 80)) {
    const [word, description = "", ...more] = line.split("\t");
    expect([word, more]).toEqual(["id", []]);
    expect(description).not.toMatch(active);
  }
  const two = bashLines([hostile, { word: "other", description: "" }], unquote(""), {
    type: "63",
    width: 80,
  });
  for (const line of two) expect(line).not.toMatch(active);
});

test("bash gets descriptions only where it lists", () => {
  const all = [
    { word: "resume", description: "Continue" },
    { word: "retry", description: "Run again" },
  ];
  const lines = (type: string) => bashLines(all, unquote("re"), { type, width: 80 });
  expect(lines("9")).toEqual(["resume ", "retry "]);
  expect(lines("63")).toEqual(["resume  Continue", "retry   Run again"]);
});
