/**
 * `autostart`: a command that makes the daemon run something, and the dashboard, start it where
 * none runs.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
// As for a user: the default is in effect.
delete world.env.LIVEOPS_AUTOSTART;
const started = /^liveopsd: started \(pid \d+\), answers on .*liveopsd\.sock$/gm;
const submit = ["submit", "shell", "--", "true"];

afterEach(async () => {
  rmSync(join(world.dir, "config/liveops/config.json"), { force: true });
  await world.client.stop({ now: true }).catch(() => {});
});

test("commands at the same time start one daemon, and a stop stops it", async () => {
  const all = await Promise.all(
    [1, 2, 3].map((n) => world.liveops(["submit", "shell", "--", "echo", `${n}`])),
  );
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(all.flatMap(({ stderr }) => stderr.match(started) ?? [])).toHaveLength(1);
  expect(all.map(({ stderr }) => stderr.replace(started, "").trim())).toEqual(["", "", ""]);
  expect((await world.client.list()).total).toBe(3);

  expect(await world.liveops(["stop", "--now"])).toMatchObject({ code: 0 });
  expect(await world.liveopsd(["status"])).toMatchObject({ code: 3 });
  expect(await world.liveops(["drain"])).toMatchObject({ code: 3 });
  expect(existsSync(world.socket)).toBe(false);
});

test("what only asks, or changes what a daemon has, starts none", async () => {
  for (const words of [
    ["wait", "k3f"],
    ["cancel", "k3f"],
    ["pause", "--all"],
    ["schedule"],
    ["submit", "shell", "--help"],
    ["drain"],
  ])
    expect(await world.liveops(words), words.join(" ")).toMatchObject({ code: 3, stdout: "" });
  const { code, stderr } = await world.liveops(["ls"]);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(
      /^liveops: no daemon answers on .*\nstart it with: liveops start\n$/,
    ),
  });
  expect(existsSync(world.socket)).toBe(false);
});

test("each command that makes the daemon run something starts it", async () => {
  for (const [words, code] of [
    [["again", "k3f"], 4],
    [["schedule", "add", "0 3 * * *", "shell", "--", "true"], 0],
  ] as const) {
    const ended = await world.liveops([...words]);
    expect(ended, ended.stderr).toMatchObject({ code, stderr: expect.stringMatching(started) });
    await world.client.stop();
  }
});

test("not where a setting says so, for a socket of elsewhere, or inside an operation", async () => {
  const other = join(world.dir, "other.sock");
  const without = async (env: Record<string, string>, ...before: string[]) =>
    expect(await world.liveops([...before, ...submit], { env })).toMatchObject({
      code: 3,
      stdout: "",
    });
  await without({ LIVEOPS_AUTOSTART: "0" });
  await without({}, "--socket", other);
  await without({ LIVEOPS_SOCKET: other });
  await without({ LIVEOPS_WORKER: "w" });
  expect(await world.liveops(submit, { env: { LIVEOPS_AUTOSTART: "yes" } })).toMatchObject({
    code: 2,
    stderr: "liveops: LIVEOPS_AUTOSTART=yes is not valid\nset it to 1 or 0, or unset it\n",
  });
  world.write("config/liveops/config.json", '{"autostart": false}');
  await without({});
  expect(existsSync(world.socket)).toBe(false);
  const retried = await world.liveops(["retry", "k3f"], { env: { LIVEOPS_AUTOSTART: "1" } });
  expect(retried).toMatchObject({ code: 4, stderr: expect.stringMatching(started) });
});

test("a failing start gives its error and exit code", async () => {
  const file = world.write("file", "");
  const failed = await world.liveops(["submit", "--state-dir", file, "shell", "--", "true"]);
  expect(failed).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(`^liveops: the daemon was not started \\(autostart\\): ${file} `),
  });
});

test.each([
  ["liveops-tui", []],
  ["liveops", []],
  ["liveops", ["tui"]],
])("%s %j starts it too, before it draws", async (bin, words) => {
  await using terminal = onTerminal(world, bin, words);
  await terminal.screen.until("0 running");
  expect(terminal.screen.text()).not.toContain("liveopsd: started");
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
});

test("the dashboard shows why the daemon does not start, and its exit code", async () => {
  const file = world.write("file", "");
  await using terminal = onTerminal(world, "liveops", ["--state-dir", file]);
  expect(await terminal.exited).toBe(2);
  expect(terminal.screen.text()).toContain("the daemon was not started (autostart)");
});

test("without a terminal, liveops is its help and the dashboard as text starts none", async () => {
  const help = await world.liveops([]);
  expect(help).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("Usage: liveops"),
  });
  expect(await world.start("liveops-tui", []).ended).toMatchObject({ code: 3 });
  expect(existsSync(world.socket)).toBe(false);
});
