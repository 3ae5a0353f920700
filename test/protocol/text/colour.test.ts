/** Who gets colours: a terminal, unless the environment says otherwise. */
import { expect, test } from "vitest";
import { wantsColour } from "../../../protocol/text/colour.js";

test.each([
  [true, {}, true],
  [false, {}, false],
  [false, { FORCE_COLOR: "1" }, true],
  [true, { FORCE_COLOR: "0" }, false],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "" }, true],
  [true, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  [true, { TERM: "dumb" }, false],
])("a terminal: %s, with %j: %s", (isTTY, env, wants) => {
  expect(wantsColour({ isTTY }, env)).toBe(wants);
});
