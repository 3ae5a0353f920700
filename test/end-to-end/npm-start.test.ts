/**
 * `npm start`, without a terminal: the main job on a directory, as text, and nothing of it stays.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { Running } from "./bins.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
const SCRIPT = new URL("../../scripts/start.mjs", import.meta.url).pathname;

beforeAll(() => world.write("work/data/file", "text"));
afterEach(() => world.liveopsd(["stop", "--now"]));

function npmStart(): Running {
  const options = { cwd: world.work, env: world.env, stdio: ["ignore", "pipe", "pipe"] as const };
  return new Running(
    spawn(process.execPath, [SCRIPT, "data"], { ...options, stdio: [...options.stdio] }),
  );
}

/** Directories with archives. */
function demos(): string[] {
  const cache = join(world.env.HOME!, ".cache", "liveops");
  return (existsSync(cache) ? readdirSync(cache) : []).filter((name) => name.startsWith("demo-"));
}

test("interrupted while the chain runs: it cancels the chain, and leaves the operation of another", async () => {
  // The chain waits for its turn behind another operation.
  await world.startDaemon(["--concurrency", "1"]);
  const first = await world.submit("shell", "--", "sleep", "600");
  const started = npmStart();
  await started.says("stderr", "submitted ");
  const [, id, target] = /submitted (\w+): .* to (\S+)\n/.exec(started.stderr)!;
  const other = await world.submit("backup", "source=data", `target=${target}`);
  started.signal("SIGINT");
  const { code, stderr } = await started.ended;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain("the chain is cancelled\n");
  expect((await world.client.show(id!)).state).toBe("cancelled");
  expect((await world.client.show(first)).state).toBe("running");
  expect(stderr).toContain(
    `an operation still uses the archives; end it with: npx liveops cancel --wait ${other} && rm -r ${target}`,
  );
  await world.quiet();
});

test("starts the daemon, runs the chain and shows it, removes the archives, exit 0; a second time too", async () => {
  // Those of the interrupted run.
  expect(demos()).not.toEqual([]);
  for (const says of [
    "the daemon continues to run",
    "the daemon was running before and continues",
  ]) {
    const { code, stdout, stderr } = await npmStart().ended;
    expect(code, stderr).toBe(0);
    expect(stdout.split("\n").filter((line) => line.startsWith("==="))).toEqual([
      "=== [1/3] List ===",
      "=== [2/3] Copy ===",
      "=== [3/3] Verify ===",
      "=== [1/1] Checksum ===",
    ]);
    expect(stdout).toMatch(/\n\S+\/data-\S+\.tar\.gz is as backup wrote it\n$/);
    expect(stderr).toContain(`${says}: see npx liveops ls`);
    expect(stderr).toContain("stop it with npx liveops stop");
    expect(demos()).toEqual([]);
  }
});
