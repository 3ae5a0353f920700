/** `npm start`, without a terminal: the main job on this checkout, as text. */
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { Running } from "./bins.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
const SCRIPT = new URL("../../scripts/start.mjs", import.meta.url).pathname;

test("starts the daemon, runs the chain and shows it, exit 0; a second time too", async () => {
  for (const kept of [1, 2]) {
    const child = spawn(process.execPath, [SCRIPT], {
      cwd: world.work,
      env: world.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout, stderr } = await new Running(child).ended;
    expect(code, stderr).toBe(0);
    expect(stdout.split("\n").filter((line) => line.startsWith("==="))).toEqual([
      "=== [1/3] Scan ===",
      "=== [2/3] Archive ===",
      "=== [3/3] Checksum ===",
      "=== [1/1] Verify ===",
      "=== [1/1] Prune ===",
    ]);
    expect(stdout).toContain(`${kept} archive${kept === 1 ? "" : "s"} kept, 0 removed, 0 B freed\n`);
    expect(stderr).toContain("npx liveopsd stop");
  }
});
