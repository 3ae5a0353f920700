/** Sources of the tests that `liveops new` writes. Pure; a test compiles and runs them. */
import { type NewNames, newNames } from "./template.js";

export function operationTest({ className, file }: NewNames): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { runOperation } from "liveops/testing";
import { ${className} } from "./${file}";

test("processes every item", async () => {
  const run = await runOperation(${className}, { count: 3 });
  assert.equal(run.error, null);
  assert.deepEqual(run.result, { count: 3, sum: 6 });
  assert.deepEqual(run.texts("log"), ["the sum is 6"]);
});

test("saves nothing when it is cancelled", async () => {
  const run = await runOperation(${className}, { count: 3 }, { cancelAt: { stage: "Process" } });
  assert.equal(run.state, "cancelled");
  assert.ok(!run.stages.some(({ name }) => name === "Save"));
});

test("refuses a count of 0", async () => {
  await assert.rejects(runOperation(${className}, { count: 0 }), /count/);
});
`;
}

export function chainTest(names: NewNames): string {
  const { className, op, file } = names;
  const [check, report] = chainNames(names);
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { runOperation } from "liveops/testing";
import { ${className}, ${check.className} } from "./${file}";

test("hands over until the report is written", async () => {
  const runs = await runOperation(${className}, { count: 5 }, { chain: true });
  assert.deepEqual(
    runs.map(({ op, state }) => [op, state]),
    [
      ["${op}", "succeeded"],
      ["${check.op}", "succeeded"],
      ["${report.op}", "succeeded"],
    ],
  );
  assert.deepEqual(runs.at(-1)?.result, { good: 4, bad: 1 });
});

test("checks one collection", async () => {
  const run = await runOperation(${check.className}, { numbers: [1, 2, 10] });
  assert.equal(run.next?.op, "${report.op}");
  assert.deepEqual(run.next?.params, { good: [1, 2], bad: [10] });
});

test("ends at a collection without any good number", async () => {
  const run = await runOperation(${check.className}, { numbers: [5] });
  assert.equal(run.error?.message, "no number is good");
  assert.equal(run.next, null);
});
`;
}

/** The second and the third operation of a chain. */
export function chainNames({ className }: NewNames): [check: NewNames, report: NewNames] {
  return [newNames(`${className}Check`), newNames(`${className}Report`)];
}

/** @param file - of the pipeline, from the directory of the test */
export function pipelineTest(op: string, file: string): string {
  return `import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadPipeline, runOperation } from "liveops/testing";

const pipeline = await loadPipeline(new URL("${file}", import.meta.url));

test("packs the files and leaves no others", async (t) => {
  const target = mkdtempSync(join(tmpdir(), "${op}-"));
  t.after(() => rmSync(target, { recursive: true, force: true }));
  const run = await runOperation(pipeline, { target, level: 1 });
  assert.equal(run.error, null);
  assert.deepEqual(
    run.stages.filter(({ index }) => index !== null).map(({ name, state }) => [name, state]),
    [
      ["Collect", "done"],
      ["Pack", "done"],
      ["Compress", "done"],
    ],
  );
  assert.deepEqual(readdirSync(target).sort(), ["files.tar.gz", "work"]);
  assert.deepEqual(readdirSync(join(target, "work")), []);
});

test("needs a target", async () => {
  await assert.rejects(runOperation(pipeline), /target/);
});
`;
}
