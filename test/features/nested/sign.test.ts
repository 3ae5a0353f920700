/**
 * What a pipeline says of an operation inside of it: where that changed, an earlier success does
 * not count.
 */
import { expect, it } from "vitest";
import { runnersOf } from "../../../ops/pipeline/feature.js";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";

/** The sign of the operation in the second line. */
function sign(keys: string, before = ""): string {
  const parsed = parsePipeline(
    `${before}stages:\n  - { name: A, op: build, ${keys} }\n`,
    "/p/main.yaml",
  );
  if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
  return JSON.stringify(runnersOf(parsed.file.pipeline)[0]!.sign);
}

it("changes with a parameter, also within a map, and not with the line", () => {
  const first = sign("with: { of: { level: 1 }, to: [$LIVEOPS_SLOT] }");
  expect(sign("with: { of: { level: 2 }, to: [$LIVEOPS_SLOT] }")).not.toBe(first);
  expect(sign("with: { of: { level: 1 }, to: [$LIVEOPS_OP] }")).not.toBe(first);
  expect(sign("with: { of: { level: 1 }, to: [$LIVEOPS_SLOT] }, queue: gpu")).not.toBe(first);
  expect(sign("with: { of: { level: 1 }, to: [$LIVEOPS_SLOT] }", "\n\n")).toBe(first);
});
