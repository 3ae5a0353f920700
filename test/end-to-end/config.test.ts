/**
 * `liveops config`, and the config file of a daemon that runs: real files, signals and terminals.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { World } from "./world.js";

function emptyWorld() {
  const world = new World().make();
  onTestFinished(() => world.close());
  const dir = join(world.dir, "config", "liveops");
  const file = join(dir, "config.json");
  const write = (text: string) => writeFileSync(file, text);
  const config = () => world.liveops(["config"]);
  return { world, dir, file, write, config };
}

/** Commands that the daemon runs something for, or that run it here. */
const STARTS_WORK = [
  ["submit", "shell", "--", "true"],
  ["again", "k3f"],
  ["retry"],
  ["run", "shell", "--", "true"],
  ["schedule", "add", "@daily", "shell", "--", "true"],
  ["schedule", "run", "nightly"],
];

test("a comma too many keeps nobody from the running operations, and what starts work is refused", async () => {
  const { world, file, write } = emptyWorld();
  await world.startDaemon();
  const id = await world.submit("shell", "--", "sleep", "600");
  write('{ "concurrency": 3, ');
  const at = `${file}:1:`;
  const warned = (stderr: string) => expect(stderr.split(at)).toHaveLength(2);
  const listed = await world.liveops(["ls", "--json"]);
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
  warned(listed.stderr);
  const status = await world.liveopsd(["status"]);
  expect(status).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("problem     the config file is not valid"),
  });
  expect(status.stdout).toContain(at);
  warned(status.stderr);
  expect(status.stdout).toContain(
    `${file}, changed since the start; to apply, run: liveops restart`,
  );
  for (const refused of await Promise.all([
    world.liveopsd(["restart"]),
    ...STARTS_WORK.map((words) => world.liveops(words)),
  ]))
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(at) });
  expect((await world.client.list()).total).toBe(1);
  const cancelled = await world.liveops(["cancel", id]);
  expect(cancelled.code).toBe(0);
  warned(cancelled.stderr);
  expect((await world.finished(id)).state).toBe("cancelled");
  expect((await world.liveops(["ls"], { env: { LIVEOPS_CONFIG: "/dev/null" } })).stderr).toBe("");

  write('{ "nice": 3,\n  "notify" }\n');
  const run = await world.liveops(["run", "shell", "--", "true"]);
  expect(run.stderr).toBe(
    `liveops: ${file}:2:12: not valid JSON: a colon is expected here\ncorrect the file, then run: liveops config\n`,
  );
  expect(await world.liveopsd(["stop"])).toMatchObject({ code: 0 });
});

describe("without a daemon", () => {
  test("config prints the path, the valid settings and the problems of the others", async () => {
    const { file, write, config } = emptyWorld();
    const none = await config();
    expect(none).toMatchObject({ code: 0, stderr: "" });
    expect(none.stdout).toMatch(/^\S+config\.json\n\nSETTING/);
    write('{"keepDays": 7, "nice": 99}');
    const { code, stdout, stderr } = await config();
    expect(code).toBe(2);
    expect(stdout).toMatch(/^keepDays +7$/m);
    expect(stdout).toMatch(/^nice +5$/m);
    expect(stderr).toContain(`${file}:1:25: nice must be a whole number from 0 to 19`);
  });

  test("the dashboard names the line of an action that it does not have", async () => {
    const { world, file, write } = emptyWorld();
    write('{\n  "keys": {"cancell": "x"}\n}');
    await using dashboard = onTerminal(world, "liveops-tui", [], { size: [200, 10] });
    expect(await dashboard.exited).toBe(2);
    expect(dashboard.screen.text()).toContain(
      `${file}:2:12: keys: no action "cancell"; did you mean cancel?`,
    );
  });
});

describe("with a daemon", () => {
  test("in the foreground, neither a closed terminal nor SIGHUP ends the daemon", async () => {
    const { world } = emptyWorld();
    world.env.LIVEOPS_STATE_DIR = "../state/liveops";
    await using terminal = onTerminal(world, "liveopsd", ["start", "--foreground"]);
    await terminal.screen.until((text) =>
      text.replaceAll("\n", "").includes("liveopsd is listening"),
    );
    terminal.close();
    process.kill(terminal.pid, "SIGHUP");
    const { stdout } = await world.liveopsd(["status", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ pid: terminal.pid, config: { changed: false } });
    expect(await world.liveopsd(["stop"])).toMatchObject({ code: 0 });
  });
});
