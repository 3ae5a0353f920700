/**
 * A system without /proc, as macOS is: daemon and commands in a mount namespace whose /proc is empty. Nothing fails,
 * and a figure that is missing is said to be. Needs `unshare` (util-linux), and as a user other than root the
 * permission for user namespaces.
 */
import { spawn, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { onPty } from "../harness/on-pty.js";
import { binFile, Running } from "./bins.js";
import { processesOf } from "./processes.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

const MOUNTS = process.geteuid?.() === 0 ? "-m" : "-Urm";

/** Not in a container or a chroot that allows no mount namespace. */
const canHide = spawnSync("unshare", [MOUNTS, "true"]).status === 0;

/** The words of a bin whose /proc is empty. */
const hidden = (bin: string, words: string[]) => [
  MOUNTS,
  "sh",
  "-c",
  'mount -t tmpfs none /proc && exec "$0" "$@"',
  process.execPath,
  binFile(bin),
  ...words,
];

const run = (bin: string, ...words: string[]) =>
  new Running(spawn("unshare", hidden(bin, words), { cwd: world.work, env: world.env })).ended;

async function done(bin: string, ...words: string[]): Promise<string> {
  const ended = await run(bin, ...words);
  expect(ended, `${words.join(" ")}: ${ended.stderr}`).toMatchObject({ code: 0 });
  expect(ended.stderr).not.toMatch(/ENOENT|bug in liveops/);
  return ended.stdout + ended.stderr;
}

test.skipIf(!canHide)(
  "submit, show, cancel, ls, status, doctor and the dashboard work, and say what is not available",
  async () => {
    await done("liveopsd", "start");
    const status = await done("liveopsd", "status");
    expect(status).toMatch(/memory +not available on this system/);
    expect(status).toMatch(/containment +process sweep; no limits .*without \/proc the daemon knows/);
    expect((await done("liveops", "submit", "shell", "--wait", "--", "echo", "hi")).trim()).toMatch(
      /^\w{12}$/,
    );
    const id = (await done("liveops", "submit", "shell", "--", "sh", "-c", "sleep 600 & sleep 600")).trim();
    await until("it runs", async () => (await world.client.show(id)).stageStates.Run === "active");
    expect(await done("liveops", "show", id)).toMatch(
      /cpu +not available on this system\nmemory +not available on this system/,
    );
    expect(await done("liveops", "ls", "--wide")).toContain(
      "CPU, MEM, READ and WRITTEN are not available on this system",
    );
    expect(await run("liveops", "pause", id)).toMatchObject({
      code: 5,
      stdout: "",
      stderr: expect.stringContaining("pausing an operation is not available on this system"),
    });
    expect((await world.client.show(id)).pause).toBeNull();

    const place = { cwd: world.work, env: world.env };
    await using dashboard = onPty("unshare", hidden("liveops-tui", [id]), place);
    await dashboard.screen.until(/● Run/);
    dashboard.press("q");
    expect(await dashboard.exited).toBe(0);

    await done("liveops", "cancel", id);
    expect((await run("liveops", "wait", id)).code).toBe(6);
    await until("its processes are gone", () =>
      processesOf(world.dir).every(({ command }) => !command.includes("sleep 600")),
    );
    await done("liveopsd", "doctor");
    await done("liveopsd", "restart");
    expect(await done("liveops", "logs", id)).toContain("sleep 600");
    await done("liveopsd", "stop", "--now");
  },
  60_000,
);
