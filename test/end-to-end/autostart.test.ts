/** `autostart`: a command that needs the daemon and finds none starts it. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
const configFile = () => world.write("config/liveops/config.json", '{"autostart": true}');
const started = /^liveopsd: started \(pid \d+\), answers on .*liveopsd\.sock$/gm;

afterEach(async () => {
  rmSync(join(world.dir, "config/liveops/config.json"), { force: true });
  await world.liveopsd(["stop", "--now"]);
});

test("commands at the same time start one daemon, and a stop stops it", async () => {
  configFile();
  const all = await Promise.all(
    [1, 2, 3].map((n) => world.liveops(["submit", "shell", "--", "echo", `${n}`])),
  );
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(all.flatMap(({ stderr }) => stderr.match(started) ?? [])).toHaveLength(1);
  expect(all.map(({ stderr }) => stderr.replace(started, "").trim())).toEqual(["", "", ""]);
  expect((await world.client.list()).total).toBe(3);

  expect(await world.liveopsd(["stop", "--now"])).toMatchObject({ code: 0 });
  for (const words of [["status"], ["drain"]]) expect(await world.liveopsd(words)).toMatchObject({ code: 3 });
  expect(existsSync(world.socket)).toBe(false);
});

test("only where it is asked for, and not for a socket of elsewhere or inside an operation", async () => {
  const ls = (env: Record<string, string>, ...words: string[]) => world.liveops(["ls", ...words], { env });
  expect(await ls({})).toMatchObject({ code: 3 });
  configFile();
  expect(await ls({ LIVEOPS_AUTOSTART: "0" })).toMatchObject({ code: 3 });
  expect(await ls({ LIVEOPS_AUTOSTART: "yes" })).toMatchObject({
    code: 2,
    stderr: "liveops: LIVEOPS_AUTOSTART=yes is not valid\nset it to 1 or 0, or unset it\n",
  });
  expect(await ls({}, "--socket", join(world.dir, "other.sock"))).toMatchObject({ code: 3 });
  expect(await ls({ LIVEOPS_SOCKET: join(world.dir, "other.sock") })).toMatchObject({ code: 3 });
  expect(await ls({ LIVEOPS_WORKER: "w" })).toMatchObject({ code: 3 });
  expect(existsSync(world.socket)).toBe(false);
});

test("a failing start gives its error and exit code", async () => {
  const file = world.write("file", "");
  const env = { LIVEOPS_AUTOSTART: "1" };
  for (const bin of ["liveops", "liveops-tui"]) {
    const words = bin === "liveops" ? ["ls"] : [];
    const failed = await world.start(bin, [...words, "--state-dir", file], { env }).ended;
    expect(failed).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(`^${bin}: the daemon was not started \\(autostart\\): ${file} `),
    });
  }
});

test("the dashboard starts it too, before it draws", async () => {
  configFile();
  await using terminal = onTerminal(world, "liveops-tui", []);
  await terminal.screen.until("0 running");
  expect(terminal.screen.text()).not.toContain("liveopsd: started");
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
});
