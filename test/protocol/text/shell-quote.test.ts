/**
 * A word that is quoted for a shell is one line without control characters, and the shell reads the
 * same word.
 */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellLine, shellQuote } from "../../../protocol/text/shell-quote.js";

test.each([
  ["main.c", "main.c"],
  ["", "''"],
  ["a b", "'a b'"],
  ["it's", "'it'\\''s'"],
  ["x\x15touch F\r", "$'x\\x15touch F\\x0d'"],
  ["\x1b]0;it's\\\x07", "$'\\x1b]0;it\\'s\\\\\\x07'"],
  ["a\tb\nc", "$'a\\tb\\nc'"],
  ["\x9b31m", "$'\\u009b31m'"],
])("%j is %s", (word, quoted) => expect(shellQuote(word)).toBe(quoted));

test("bash reads each word as it was", () => {
  const words = ["\x01f", "'\\\x1b[201~", "é\x7fé", "語\n$(x)`y`\\n", "\x9bc", "a b"];
  const script = `printf '%s\\0' ${shellLine(words)}`;
  const printed = execFileSync("bash", ["-c", script], {
    env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" },
  });
  expect(printed.toString("utf8").split("\0")).toEqual([...words, ""]);
});
