/**
 * Runs of vitest in a test: on a machine without a program, and beside a daemon and settings of the
 * user.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { processesOf } from "../end-to-end/processes.js";
import { until } from "../end-to-end/until.js";
import { TestDaemon } from "./daemon.js";
import { temporaryDirectory } from "./temporary.js";

const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts"];
const ENV = { LIVEOPS_NO_BUILD: "1" };

/** The exit code and the last lines. */
function run(
  files: string[],
  env: Record<string, string>,
): [status: number | null, ...lines: string[]] {
  const options = { encoding: "utf8", env: { ...ENV, ...env } } as const;
  const { status, stdout } = spawnSync(process.execPath, [...VITEST, ...files], options);
  return [status, ...stdout.trim().split("\n").slice(-3)];
}

/** All tests of this file need jq. */
const WITH_JQ = "test/daemon/store/jq.test.ts";

/** The errors that this file tests name the daemon that holds the state directory. */
const WITH_DAEMON = "test/tui/kit/report.test.ts";

test("the end of a run says what to install for tests that were skipped; what the user has changes no result", async () => {
  await using daemon = await TestDaemon.start();
  const { home, stateDir } = daemon.world;
  const place = join(home, ".local/state");
  mkdirSync(place, { recursive: true });
  symlinkSync(stateDir, join(place, "liveops"));
  const env = {
    PATH: "/nowhere",
    HOME: home,
    LIVEOPS_STATE_DIR: stateDir,
    LIVEOPS_HOST: "ssh://nowhere",
  };
  expect(run([WITH_JQ, WITH_DAEMON], env)).toEqual([
    0,
    "skipped 1 test: not found: jq (apt-get install jq)",
    "",
    expect.stringMatching(/^[1-9]\d* passed, 0 failed, 1 skipped$/),
  ]);
});

test("with CI=true a missing program is a failure", () => {
  expect(run([WITH_JQ], { PATH: "/nowhere", CI: "true" })).toEqual([
    1,
    "failed 1 test: not found: jq (apt-get install jq)",
    "",
    "0 passed, 1 failed",
  ]);
});

test("Ctrl-C ends the processes of the tests, removes their files and prints what is known", async () => {
  using temporary = temporaryDirectory();
  const child = spawn(process.execPath, [...VITEST, WITH_JQ, "test/daemon/queues.test.ts"], {
    env: { ...ENV, PATH: "/nowhere", TMPDIR: temporary.path },
    // Ctrl-C signals a process group.
    detached: true,
  });
  const stdout = text(child.stdout);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ofTests = () => processesOf(`${temporary.path}/`).filter(({ pid }) => pid !== child.pid);
  await until("a daemon runs", () => ofTests().some(({ command }) => command.includes("liveopsd")));
  process.kill(-child.pid!, "SIGINT");
  expect(await ended).toBe(130);
  expect(await stdout).toMatch(/\nThe run was interrupted\.\n(.*\n)*\n\d+ passed, 0 failed/);
  expect(ofTests()).toEqual([]);
  expect(readdirSync(temporary.path)).toEqual([]);
});
