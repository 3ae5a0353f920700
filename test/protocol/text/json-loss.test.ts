/** Half of a character is refused in each text of a submit, and an escaped pair is a character. */
import { expect, test } from "vitest";
import { lossInText } from "../../../protocol/text/json-loss.js";

test.each([
  ['{"a":"\\ud83c\\udf89"}', null],
  ['{"a":["x","\\ud800"]}', "a[1]"],
  ['"\\uDFFFx"', ""],
  ['{"b":{"\\udc00":1}}', "b.\udc00"],
])("%s", (text, path) => expect(lossInText(text, JSON.parse(text))?.path ?? null).toBe(path));
