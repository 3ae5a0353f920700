/** What the first look at a YAML file tells: whether it is a pipeline. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasStages } from "../../../ops/pipeline/file-name.js";
import { temporaryDirectory } from "../../harness/temporary.js";

test.each([
  ["stages:\n  - name: A\n", true],
  ["name: x\nstages: [{ name: A, run: x }]\n", true],
  ['{"name": "x", "stages": [{"name": "A", "run": "true"}]}', true],
  ["{ name: x, stages: [{ name: A, run: x }] }\n", true],
  ["# a comment\n{ 'stages' : [] }\n", true],
  ["{ name: x,\n  stages: [] }\n", true],
  ["services: {}\n", false],
  ["{ services: {}, upstages: [] }\n", false],
  ["{ name: stages }\n", false],
])("%j", (text, isPipeline) => {
  using dir = temporaryDirectory();
  const file = join(dir.path, "x.yaml");
  writeFileSync(file, text);
  expect(hasStages(file)).toBe(isPipeline);
});
