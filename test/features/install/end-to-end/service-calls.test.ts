/**
 * `liveops install` without a service manager, and the calls that it makes of one that a script
 * plays.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ daemon: false });
const bin = join(world.dir, "bin");
const unit = join(world.dir, "config/systemd/user/liveopsd.service");
const calls = join(world.dir, "calls");

/**
 * Plays systemctl and systemd-notify: notes each call, and runs the command of the unit as systemd
 * does. The command of a unit has no word that needs a quote here.
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
if (["restart", "stop"].includes(verb) && lives(pid())) {
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

const LINES = ["systemctl --user daemon-reload", "systemctl --user enable --now liveopsd"];

test.skipIf(process.platform !== "linux")(
  "writes the unit, prints the lines that start it, and runs neither",
  async () => {
    expect(await install(["--concurrency", "0"])).toMatchObject({ code: 2 });
    play();
    const XDG_CONFIG_HOME = world.write("file", "");
    expect(await install([], { XDG_CONFIG_HOME })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("liveopsd.service cannot be written: "),
    });
    expect(existsSync(unit)).toBe(false);

    const first = await install(["--ops", "ops", "--concurrency", "3"]);
    expect(first, first.stderr).toMatchObject({ code: 0, stdout: `${LINES.join("\n")}\n` });
    expect(first.stderr).toContain(
      `wrote ${unit}; to let systemd run the daemon now and at login, type:`,
    );
    expect(first.stderr).toContain("from a checkout");
    expect(readFileSync(unit, "utf8")).toContain(
      ` start --foreground --ops ${join(world.work, "ops")} --concurrency 3\n`,
    );
    expect(readFileSync(unit, "utf8")).toContain(
      `Environment=XDG_CONFIG_HOME=${join(world.dir, "config")}\n`,
    );
    expect(existsSync(calls)).toBe(false);
    const elsewhere = await install(["--state-dir", join(world.dir, "elsewhere")]);
    expect(elsewhere).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("remove it first: liveops install --remove"),
    });
  },
  60_000,
);

test.skipIf(process.platform !== "linux")(
  "start, stop and restart go through the unit, and a removal prints what stops it",
  async () => {
    const user = "systemctl --user --no-ask-password";
    await install();
    expect((await world.liveopsd(["start"])).stderr).toContain(
      "by the systemd unit liveopsd.service",
    );
    expect(changes().at(-1)).toBe(`${user} start liveopsd.service`);
    expect((await install(["--concurrency", "7"])).stdout).toBe(
      `liveops stop\n${LINES.join("\n")}\n`,
    );
    expect((await world.liveopsd(["restart"])).stderr).toContain(
      "by the systemd unit liveopsd.service",
    );
    expect(changes().at(-1)).toBe(`${user} restart liveopsd.service`);
    expect(await world.client.daemon()).toMatchObject({ concurrency: 7 });
    expect((await world.liveopsd(["stop"])).stderr).toContain(
      "the systemd unit liveopsd.service is stopped",
    );
    expect(changes().at(-1)).toBe(`${user} stop liveopsd.service`);

    const alone = await world.liveopsd(["start"], { env: { PLAYER_FAILS: "show" } });
    expect(alone.stderr).toContain(
      "the systemd unit liveopsd.service is not used: the user's manager",
    );
    expect(alone.stderr).toMatch(/^liveopsd: started \(pid \d+\), answers on/m);
    // The daemon that systemd does not run ends first.
    expect((await world.liveopsd(["restart"])).stderr).toContain(
      "by the systemd unit liveopsd.service",
    );
    await world.liveopsd(["stop"]);

    const remove = () => world.liveopsd(["install", "--remove"]);
    const removed = await remove();
    expect(removed).toMatchObject({ code: 0, stdout: "systemctl --user stop liveopsd\n" });
    expect(removed.stderr).toContain(`removed ${unit}; `);
    expect(existsSync(unit)).toBe(false);
    expect(await remove()).toMatchObject({
      code: 0,
      stderr: "liveopsd: no service is installed\n",
    });
  },
  60_000,
);
