/** Characters of a certain width: string-width gives the same width. */
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { certainWidth } from "../../../../tui/kit/output/widths.js";

test("every character it is certain of is one column to string-width, too", () => {
  const wrong: string[] = [];
  let certain = 0;
  for (let code = 0x20; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    const known = certainWidth(character);
    if (known === -1) continue;
    certain++;
    if (known !== 1 || stringWidth(character) !== 1) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
  expect(certain).toBeGreaterThan(900);
});
