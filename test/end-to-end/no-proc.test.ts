/**
 * A system without /proc, as macOS is: daemon and commands in a mount namespace whose /proc is
 * empty, with ps and without. Nothing fails, and a figure that is missing is said to be.
 */
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { canHide, WITHOUT_PROC, withPs } from "../harness/hidden-proc.js";
import { onPty } from "../harness/on-pty.js";
import { binFile, Running } from "./bins.js";
import { isStopped, processesOf } from "./processes.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

/** The words of a bin whose /proc is empty. */
const hidden = (bin: string, words: string[], [, ...enter] = WITHOUT_PROC) => [
  ...enter,
  process.execPath,
  binFile(bin),
  ...words,
];

const run = (bin: string, words: string[], enter?: string[]) =>
  new Running(spawn("unshare", hidden(bin, words, enter), { cwd: world.work, env: world.env }))
    .ended;

async function done(bin: string, words: string[], enter?: string[]): Promise<string> {
  const ended = await run(bin, words, enter);
  expect(ended, `${words.join(" ")}: ${ended.stderr}`).toMatchObject({ code: 0 });
  expect(ended.stderr).not.toMatch(/ENOENT|bug in liveops/);
  return ended.stdout + ended.stderr;
}

test.skipIf(!canHide)(
  "submit, show, cancel, ls, status and the dashboard work, and say what is not available",
  async () => {
    await done("liveopsd", ["start"]);
    const status = await done("liveopsd", ["status"]);
    expect(status).toMatch(/memory +not available on this system/);
    expect(status).toMatch(/containment +process sweep; .*without \/proc and ps the daemon knows/);
    expect(
      (await done("liveops", ["submit", "shell", "--wait", "--", "echo", "hi"])).trim(),
    ).toMatch(/^\w{12}$/);
    const id = (
      await done("liveops", ["submit", "shell", "--", "sh", "-c", "sleep 600 & sleep 600"])
    ).trim();
    await until("it runs", async () => (await world.client.show(id)).stageStates.Run === "active");
    expect(await done("liveops", ["show", id])).toMatch(
      /cpu +not available on this system\nmemory +not available on this system/,
    );
    expect(await done("liveops", ["ls", "--wide"])).toContain(
      "READ and WRITTEN are not available on this system",
    );
    expect(await run("liveops", ["pause", id])).toMatchObject({
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

    await done("liveops", ["cancel", id]);
    expect((await run("liveops", ["wait", id])).code).toBe(6);
    await until("its processes are gone", () =>
      processesOf(world.dir).every(({ command }) => !command.includes("sleep 600")),
    );
    await done("liveopsd", ["restart"]);
    expect(await done("liveops", ["logs", id])).toContain("sleep 600");
    await done("liveopsd", ["stop", "--now"]);
  },
  60_000,
);

test.skipIf(!canHide)(
  "ps in place of /proc: use, pause and the end of processes that left their group",
  { tags: ["ps"], timeout: 60_000 },
  async () => {
    const enter = withPs(world.dir);
    const ok = (...words: string[]) => done("liveops", words, enter);
    await ok("start");
    expect(await done("liveopsd", ["status"], enter)).not.toContain("without /proc");
    const busy = "setsid sh -c 'while :; do sleep 1; done' >/dev/null 2>&1 & wait";
    const id = (await ok("submit", "--", "sh", "-c", busy)).trim();
    const loops = () =>
      processesOf(world.dir).filter(({ command }) => command.startsWith("sh -c while"));
    await until("it runs", () => loops().length === 1);
    const { pid } = loops()[0]!;
    await until("its use is measured", async () => (await world.client.show(id)).usage != null);
    const { usage } = await world.client.show(id);
    expect(usage!.rssBytes).toBeGreaterThan(1e6);
    expect(usage!.processes).toBeGreaterThan(1);
    expect(await ok("show", id)).toMatch(
      /cpu .*\nmemory .* peak.*\nstorage +not available on this system/,
    );
    await ok("pause", id);
    await until("all of it stands", () => isStopped(pid));
    await ok("resume", id);
    await until("it goes on", () => !isStopped(pid));
    await ok("cancel", id, "--wait");
    await until("nothing is left", () => loops().length === 0);
    await ok("stop", "--now");
  },
);
