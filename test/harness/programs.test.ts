/** vitest takes the first name of a line only, so that a second one would be lost. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { programs } from "./programs.js";

test("each module tag of a test file is one known program", () => {
  const lines = globSync("test/**/*.test.{ts,tsx}").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^(?:\/\/| *\*) *@module-tag *(.*)$/gm)].map(
      ([, name]) => ({
        file,
        name,
      }),
    ),
  );
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter(({ name }) => !programs.some((program) => program === name))).toEqual([]);
});
