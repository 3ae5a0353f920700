/**
 * Proof by deletion: without a feature, its folders and its lines in the doors, the rest of the
 * program still compiles. `test/end-to-end/without-features.test.ts` runs the program without all
 * of them.
 */
import { expect, test } from "vitest";
import { house } from "../harness/house.js";
import { useDirectories } from "../harness/temporary.js";
import { copyWithout, problemsIn } from "../harness/without-features.js";

const directory = useDirectories();

test.each(Object.keys(house().features))("without %s", (feature) => {
  const dir = directory();
  copyWithout([feature], dir);
  expect(problemsIn(dir)).toBe("");
});
