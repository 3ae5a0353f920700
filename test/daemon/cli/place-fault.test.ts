import { closeSync, openSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { placeFault } from "../../../daemon/cli/place-fault.js";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

test("what the system says of a place is the caller's matter, a full disk is a refusal, all else a fault", () => {
  expect(placeFault(thrownBy(() => openSync("/dev/null/x", "w")))).toMatchObject({ code: 2 });
  const full = openSync("/dev/full", "w");
  expect(placeFault(thrownBy(() => writeSync(full, "x")))).toMatchObject({
    code: 5,
    message: expect.stringContaining("disk is full"),
  });
  closeSync(full);
  expect(placeFault(thrownBy(() => JSON.parse("{")))).toBeNull();
});
