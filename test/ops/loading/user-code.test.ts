/** The versions of Node in which tsx loads in the thread of the operation. */
import { expect, test } from "vitest";
import { loadsInThread } from "../../../ops/loading/user-code.js";

test.each([
  ["22.15.0", false],
  ["22.22.2", false],
  ["22.22.3", true],
  ["22.23.0", true],
  ["23.11.1", false],
  ["24.0.0", false],
  ["24.11.0", false],
  ["24.11.1", true],
  ["25.0.0", false],
  ["25.1.0", true],
  ["26.0.0-pre", true],
])("Node %s: %s", (version, isIn) => {
  expect(loadsInThread(version)).toBe(isIn);
});

test("this Node", () => {
  expect(typeof loadsInThread(process.versions.node)).toBe("boolean");
});
