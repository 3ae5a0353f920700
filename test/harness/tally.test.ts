/** The end of a run on a machine without a program: a run of vitest in a test. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** Runs a file whose tests all need jq, with no program on the PATH. */
function runWithoutPrograms(env: Record<string, string>): [status: number | null, lastLines: string[]] {
  const words = ["run", "--config", "test/vitest.config.ts", "test/daemon/store/jq.test.ts"];
  const { status, stdout } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...words], {
    encoding: "utf8",
    env: { PATH: "/nowhere", LIVEOPS_NO_BUILD: "1", ...env },
  });
  return [status, stdout.trim().split("\n").slice(-3)];
}

test("a test whose program is missing is skipped, and the end of the run says what to install", () => {
  const [status, lines] = runWithoutPrograms({});
  expect([status, ...lines]).toEqual([
    0,
    "skipped 1 test: not found: jq (apt-get install jq)",
    "",
    "0 passed, 0 failed, 1 skipped",
  ]);
});

test("with CI=true a missing program is a failure", () => {
  const [status, lines] = runWithoutPrograms({ CI: "true" });
  expect([status, ...lines]).toEqual([
    1,
    "failed 1 test: not found: jq (apt-get install jq)",
    "",
    "0 passed, 1 failed",
  ]);
});
