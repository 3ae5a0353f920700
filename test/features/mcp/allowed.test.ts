/** The commands that `--allow` lets run, and what an agent reads of their output. */
import { expect, test } from "vitest";
import { allowedWords, wordsOf } from "../../../tui/features/mcp/allowed.js";
import { folded } from "../../../tui/features/mcp/output.js";

const RULES = ["npm test", "make *"];

test.each([
  ["npm test", ["npm", "test"]],
  ["make", ["make"]],
  ["make -j4 all", ["make", "-j4", "all"]],
  ["make 'a b'", ["make", "a b"]],
  [
    ["make", "x; rm -rf /"],
    ["make", "x; rm -rf /"],
  ],
])("%j runs without a shell", (command, words) => {
  expect(allowedWords(command, RULES)).toEqual(words);
});

test.each([
  "npm test --watch",
  "npm  run test",
  "makes",
  "make; rm -rf /",
  "make && rm x",
  "make $(rm x)",
  "make `rm x`",
  "make > file",
  "make *",
  'make "$HOME"',
  "make\nrm x",
  "'make",
  "A=1 make",
  "",
])("%j does not", (command) => {
  expect(() => allowedWords(command, RULES)).toThrow("the command may not run");
});

test("words are only split where a shell would do nothing else", () => {
  expect(wordsOf("a 'b c' d")).toEqual(["a", "b c", "d"]);
  for (const line of ["a'b'", "~/x", "a{b,c}", "!x", "a=b", "#x"])
    expect(wordsOf(line), line).toBeNull();
});

test("lines that differ in numbers alone are one row, from three on", () => {
  const lines = (texts: string[]) => texts.map((text, i) => ({ n: i + 1, text }));
  expect(folded(lines(["[1/9] a", "[2/9] a", "other", "[3/9] a"]))).toHaveLength(4);
  expect(
    folded(lines(["begin", "\x1b[32m 10%\x1b[0m ==>", " 20% ====>", " 30% =====>", "end"])),
  ).toEqual([
    { n: 1, text: "begin" },
    { n: 2, text: " 30% =====> (the last of 3 lines alike)" },
    { n: 5, text: "end" },
  ]);
});
