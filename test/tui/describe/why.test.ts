/** A `Why` as rows. */
import { expect, test } from "vitest";
import type { Wait, Why } from "../../../protocol/why.js";
import { describeWhy } from "../../../tui/describe/why.js";
import { failed, whyFailed } from "../dashboard/operations.js";

const WHY: Why = { ...whyFailed(failed(), {}), failure: null, state: "queued" };

/** The rows of a reason that ends two minutes later. */
function waits(until: string | null): string[] {
  const at = new Date(Date.parse(WHY.at) + 120_000).toISOString();
  const wait: Wait = { what: "it waits", until, at };
  const section = describeWhy({ ...WHY, waits: [wait] }).find(({ name }) => name === "waits");
  return section!.rows.map(({ text }) => text);
}

test("a reason to wait tells what ends it and when; a command ends it at once", () => {
  expect(waits("the operation before it ends")).toEqual([
    "until the operation before it ends, in about 2m00s",
  ]);
  expect(waits("liveops approve k3f")).toEqual([
    "to end that: liveops approve k3f; it ends by itself in about 2m00s",
  ]);
  expect(waits(null)).toEqual(["in about 2m00s"]);
});
