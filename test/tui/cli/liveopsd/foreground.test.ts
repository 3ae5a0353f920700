import { closeSync, openSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { placeFault } from "../../../../tui/cli/liveopsd/foreground.js";
import { systemError } from "../../../harness/system-error.js";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

test("a system error of a path is wrong usage, a full disk a refusal, any other error internal", () => {
  expect(placeFault(thrownBy(() => openSync("/dev/null/x", "w")))).toMatchObject({ code: 2 });
  const full = openSync("/dev/full", "w");
  expect(placeFault(thrownBy(() => writeSync(full, "x")))).toMatchObject({
    code: 5,
    message: expect.stringContaining("disk is full"),
  });
  closeSync(full);
  expect(placeFault(thrownBy(() => JSON.parse("{")))).toBeNull();
});

test("an I/O error and a shortage of descriptors end the start with a line, not as a bug", () => {
  expect(placeFault(systemError("EIO", "read"))).toMatchObject({
    code: 70,
    message: expect.stringMatching(/^cannot start: EIO.*; check the disk, then start again$/),
  });
  expect(placeFault(systemError("EMFILE", "scandir"))).toMatchObject({
    code: 70,
    message: expect.stringContaining("raise the limit of open files (ulimit -n)"),
  });
});
