/** `liveops install` without a service manager, and the calls that it makes of one that a script plays. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ daemon: false });
const bin = join(world.dir, "bin");
const unit = join(world.dir, "config/systemd/user/liveopsd.service");
const calls = join(world.dir, "calls");

/**
 * Plays systemctl and systemd-notify: notes each call, and runs the command of the unit as systemd does. The
 * command of a unit has no word that needs a quote here.
 */
const PLAYER = `
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
const [dir, unit] = [process.env.PLAYER, process.env.PLAYER_UNIT];
const [program, ...words] = process.argv.slice(2);
const pidFile = dir + "/pid";
const notified = dir + "/notified";
const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0);
// A process that has ended stays until its parent, which may be slow, takes note.
const lives = (pid) => { try { return !/^\\d+ \\(.*\\) [ZX]/s.test(readFileSync("/proc/" + pid + "/stat", "utf8")); } catch { return false; } };
const until = async (holds) => { while (!holds()) await delay(10); };
if (program === "systemd-notify") {
  appendFileSync(notified, words.join(" ") + "\\n");
  process.exit();
}
appendFileSync(dir + "/calls", [program, ...words].join(" ") + "\\n");
const verb = words.find((word) => !word.startsWith("-"));
if (verb === process.env.PLAYER_FAILS) { console.error("Failed to " + verb); process.exit(1); }
if (verb === "show" && words.includes("--property=MainPID")) console.log(lives(pid()) ? pid() : 0);
if (["restart", "stop", "disable"].includes(verb) && lives(pid())) {
  process.kill(pid(), "SIGTERM");
  await until(() => !lives(pid()));
}
if (verb === "start" || verb === "restart" || (verb === "enable" && !lives(pid()))) {
  const text = readFileSync(unit, "utf8");
  const command = /^ExecStart=:(.*)$/m.exec(text)[1].split(" ");
  const own = [...text.matchAll(/^Environment=(\\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  const env = { HOME: process.env.HOME, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR, TMPDIR: process.env.TMPDIR,
    ...Object.fromEntries(own), NOTIFY_SOCKET: "/played", WATCHDOG_USEC: "30000000" };
  writeFileSync(notified, "");
  const child = spawn(command[0], command.slice(1), { env, detached: true, stdio: "ignore" });
  writeFileSync(pidFile, String(child.pid));
  child.unref();
  await until(() => readFileSync(notified, "utf8").includes("READY=1"));
}
`;

function play(): void {
  mkdirSync(bin, { recursive: true });
  const player = world.write("player.mjs", PLAYER);
  for (const program of ["systemctl", "systemd-notify"]) {
    const script = `#!/bin/sh\nexport PLAYER="${world.dir}" PLAYER_UNIT="${unit}"\nexec ${process.execPath} ${player} ${program} "$@"\n`;
    writeFileSync(join(bin, program), script, { mode: 0o755 });
  }
  world.env.PATH = `${bin}:${world.env.PATH}`;
}

const changes = () =>
  readFileSync(calls, "utf8")
    .trim()
    .split("\n")
    .filter((line) => !line.includes(" show "));

afterEach(() => rmSync(calls, { force: true }));

const install = (words: string[] = [], env: Record<string, string> = {}) =>
  world.liveopsd(["install", ...words], { env });

test.skipIf(process.platform !== "linux")(
  "prints the unit, and says what to do without systemd",
  async () => {
    const nowhere = world.write("empty/x", "");
    const PATH = `${dirname(process.execPath)}:${dirname(nowhere)}`;
    const printed = await install(["--print", "--ops", "ops", "--concurrency", "3"], { PATH });
    expect(printed, printed.stderr).toMatchObject({ code: 0 });
    expect(printed.stdout).toContain(
      ` start --foreground --take-over --ops ${join(world.work, "ops")} --concurrency 3\n`,
    );
    expect(printed.stdout).toContain(`Environment=XDG_CONFIG_HOME=${join(world.dir, "config")}\n`);
    expect(printed.stderr).toContain("from a checkout");
    expect(existsSync(unit)).toBe(false);

    const refused = await install([], { PATH });
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(refused.stderr).toContain(
      "Not installed: this machine has no systemd (systemctl was not found); without a service, the next submit",
    );
    expect(await install(["--name", "a b"])).toMatchObject({ code: 2 });
    expect(await install(["--concurrency", "0"])).toMatchObject({ code: 2 });
  },
  60_000,
);

test.skipIf(process.platform !== "linux")(
  "enables and starts the unit, in this order, and undoes it",
  async () => {
    play();
    const first = await install(["--json"]);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toEqual({
      service: "liveopsd.service",
      file: unit,
      changed: true,
      ran: ["systemctl --user daemon-reload", "systemctl --user enable --now liveopsd.service"],
      warnings: [expect.stringContaining("checkout")],
    });
    const user = "systemctl --user --no-ask-password";
    expect(changes()).toEqual([`${user} daemon-reload`, `${user} enable --now liveopsd.service`]);

    const said = await install(["--concurrency", "7"]);
    expect(said.stderr).toContain("ran systemctl --user restart liveopsd.service");
    expect(said.stderr).toContain("loginctl enable-linger");
    expect(await world.client.daemon()).toMatchObject({ concurrency: 7 });
    await install();
    expect(await install(["--name", "other"])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("liveopsd.service runs the daemon of"),
    });
    const elsewhere = await install(["--state-dir", join(world.dir, "elsewhere")]);
    expect(elsewhere).toMatchObject({ code: 5, stderr: expect.stringContaining("with --name") });

    expect((await world.liveopsd(["restart"])).stderr).toContain("by the systemd unit liveopsd.service");
    expect(changes().at(-1)).toBe(`${user} restart liveopsd.service`);
    expect((await world.liveopsd(["stop"])).stderr).toContain("the systemd unit liveopsd.service is stopped");
    expect(changes().at(-1)).toBe(`${user} stop liveopsd.service`);
    expect((await world.liveopsd(["start"])).stderr).toContain("by the systemd unit liveopsd.service");
    expect(changes().at(-1)).toBe(`${user} start liveopsd.service`);

    await world.liveopsd(["stop"]);
    const alone = await world.liveopsd(["start"], { env: { PLAYER_FAILS: "show" } });
    expect(alone.stderr).toContain("the systemd unit liveopsd.service is not used: the user's manager");
    expect(alone.stderr).toMatch(/^liveopsd: started \(pid \d+\), answers on/m);
    expect((await world.liveopsd(["restart"])).stderr).toContain("by the systemd unit liveopsd.service");

    rmSync(calls);
    const again = await install(["--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ changed: false });
    expect(changes()).toEqual([`${user} daemon-reload`, `${user} enable --now liveopsd.service`]);

    rmSync(calls);
    const removed = await world.liveopsd(["uninstall", "--json"]);
    expect(JSON.parse(removed.stdout)).toEqual({ service: "liveopsd.service", removed: true });
    expect(changes()).toEqual([`${user} disable --now liveopsd.service`, `${user} daemon-reload`]);
    expect(await world.liveopsd(["uninstall"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no service is installed for "),
    });
  },
  60_000,
);

test.skipIf(process.platform !== "linux")(
  "after a failure the former daemon runs",
  async () => {
    await world.startDaemon(["--concurrency", "3"]);
    const { pid } = await world.client.daemon();
    const failed = await install([], { PLAYER_FAILS: "enable" });
    expect(failed).toMatchObject({ code: 5, stderr: expect.stringContaining("Failed to enable") });
    expect((await world.client.daemon()).pid).toBe(pid);
    expect(await world.liveopsd(["uninstall"])).toMatchObject({ code: 0 });
    expect(existsSync(unit)).toBe(false);
    const XDG_CONFIG_HOME = world.write("file", "");
    const odd = await install([], { XDG_CONFIG_HOME });
    expect(odd).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("liveopsd.service cannot be written: "),
    });
    expect(await world.liveopsd(["uninstall"], { env: { XDG_CONFIG_HOME } })).toMatchObject({ code: 0 });
    const unreachable = await install([], { PLAYER_FAILS: "show" });
    expect(unreachable).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("the user's manager of systemd does not answer (Failed to show)"),
    });
  },
  60_000,
);
