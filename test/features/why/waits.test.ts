/** What an operation waits for, in words. */
import { expect, test } from "vitest";
import { waitsOfRunning } from "../../../daemon/features/why/waits.js";
import type { Operation } from "../../../protocol/operation.js";

test("the question of an operation that is waited for is named, with the command that answers it", () => {
  const waits = { pause: null, waitsFor: ["childaaaaaaa"] } as Operation;
  const asks = {
    op: "deploy",
    state: "queued",
    approvals: [{ answer: null, choices: ["yes", "no"] }],
  };
  const [told] = waitsOfRunning(waits, null, {}, 0, () => asks as Operation);
  expect(told!.what).toBe(
    "it waits for childaaaaaaa (deploy), which waits for the answer of a person",
  );
  expect(told!.until).toMatch(/^liveops approve childaaaaaaa/);
});
