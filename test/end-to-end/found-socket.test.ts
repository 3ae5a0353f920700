/**
 * Commands find the daemon of their state directory: from another session, from cron, without its
 * socket or its runtime directory. `start`, `stop`, `status` and `ls` agree each time, and never
 * take another daemon for it.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAX_SOCKET_PATH } from "../../protocol/system/places.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld();

/** As cron sets it: no runtime directory. */
const CRON = { XDG_RUNTIME_DIR: "" };

const ownerFile = () => join(world.state, "liveopsd.json");
const owner = () =>
  JSON.parse(readFileSync(ownerFile(), "utf8")) as { pid: number; socket: string };

/** A command that asks and one that starts use the daemon with this pid. */
async function bothReach(pid: number, env: Record<string, string>): Promise<void> {
  const ls = await world.liveops(["ls", "--json"], { env });
  expect(ls, ls.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\[/) });
  const start = await world.liveopsd(["start"], { env });
  expect(start, start.stderr).toMatchObject({ code: 0 });
  expect(start.stderr).toContain(`already running (pid ${pid}, `);
}

/** They agree that there is no daemon. */
async function noneReaches(env: Record<string, string>): Promise<void> {
  expect((await world.liveops(["ls"], { env })).code).toBe(3);
  const stop = await world.liveopsd(["stop"], { env });
  expect(stop.code, stop.stderr).toBe(0);
  expect(stop.stderr).toContain("no daemon was running");
}

test("commands of another session, and of cron, use the daemon of the state directory", async () => {
  const { pid } = owner();
  for (const env of [CRON, { XDG_RUNTIME_DIR: join(world.dir, "other") }])
    await bothReach(pid, env);
  const status = await world.liveopsd(["status", "--json"], { env: CRON });
  expect(JSON.parse(status.stdout), status.stderr).toMatchObject({ pid });
  const foreground = await world.liveopsd(["start", "--foreground"], { env: CRON });
  expect(foreground).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringContaining("already running"),
  });
});

test("the copy of a state directory does not lead to the daemon of the original", async () => {
  const { pid } = owner();
  const copy = join(world.dir, "copy");
  world.copyState(copy);
  await noneReaches({ LIVEOPS_STATE_DIR: copy });
  await bothReach(pid, CRON);
});

test("a socket that was named is the only one that is asked, and the message names the daemon", async () => {
  const { pid } = owner();
  const nowhere = join(world.dir, "nowhere.sock");
  for (const [words, env] of [
    [["--socket", nowhere], {}],
    [[], { LIVEOPS_SOCKET: nowhere }],
  ] as const) {
    const ls = await world.liveops(["ls", ...words], { env });
    expect(ls).toMatchObject({ code: 3, stdout: "" });
    expect(ls.stderr).toContain(
      `the daemon with pid ${pid} holds the state directory and answers on ${world.socket}`,
    );
    expect((await world.liveopsd(["stop", ...words], { env })).stderr).toContain(
      "no daemon was running on",
    );
  }
  // With the state directory chosen too, its daemon is meant.
  await bothReach(pid, { LIVEOPS_SOCKET: nowhere, LIVEOPS_STATE_DIR: world.state });
});

test("the socket or its directory removed: every command at once afterwards reaches the same daemon", async () => {
  const { pid } = owner();
  const directory = join(world.dir, "run");
  const without = async (path: string, bin: string, ...words: string[]) => {
    rmSync(path, { recursive: true });
    const ended = await world.start(bin, words).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return ended.stderr;
  };
  for (const path of [world.socket, directory]) {
    await without(path, "liveops", "ls");
    await without(path, "liveops", "submit", "shell", "--", "true");
    expect(await without(path, "liveopsd", "start")).toContain(
      `already running (pid ${pid}, ${world.socket})`,
    );
  }
  expect(statSync(join(world.socket, "..")).mode & 0o777).toBe(0o700);
});

test("where the runtime directory cannot be made, the daemon answers in the state directory until it can", async () => {
  const { pid } = owner();
  const run = join(world.dir, "run");
  rmSync(run, { recursive: true });
  writeFileSync(run, "");
  const inState = join(world.state, "liveopsd.sock");
  await until("the daemon listens in the state directory", () => owner().socket === inState);
  expect(statSync(inState).mode & 0o777).toBe(0o600);
  for (const env of [{}, CRON]) await bothReach(pid, env);
  const status = await world.liveopsd(["status"]);
  expect(status.stdout).toContain(
    `problem     the socket ${world.socket} was removed and cannot be recreated`,
  );
  rmSync(run);
  await until("the daemon listens in the runtime directory", () => owner().socket === world.socket);
  await until(
    "the other socket is gone",
    () => !existsSync(inState) && !existsSync(`${inState}.lock`),
  );
  await bothReach(pid, CRON);
  expect((await world.liveopsd(["status"])).stdout).not.toContain("problem");
});

test("a daemon that holds the state directory without a socket is named by every command", async () => {
  const { pid } = owner();
  process.kill(pid, "SIGSTOP");
  rmSync(world.socket);
  try {
    const ls = await world.liveops(["ls"]);
    expect(ls).toMatchObject({ code: 3 });
    const stop = await world.liveopsd(["stop"]);
    expect(stop).toMatchObject({ code: 5 });
    const start = await world.liveopsd(["start"]);
    expect(start).toMatchObject({ code: 5 });
    for (const { stderr } of [ls, stop, start])
      expect(stderr).toMatch(new RegExp(`pid ${pid}\\b.*kill -CONT ${pid}`, "s"));
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await bothReach(pid, {});
});

test("restart and stop of cron are those of the daemon of the state directory", async () => {
  const { pid } = owner();
  const restarted = await world.liveopsd(["restart"], { env: CRON });
  expect(restarted.stderr).toContain(`answers on ${world.socket}`);
  expect(owner().pid).not.toBe(pid);
  rmSync(world.socket);
  expect((await world.liveopsd(["stop"], { env: CRON })).stderr).toBe("liveopsd: stopped\n");
  await noneReaches(CRON);
  expect((await world.liveopsd(["status"], { env: CRON })).code).toBe(3);
});

test("a killed daemon's file misleads nobody: not where its pid is reused, nor where its socket is another daemon's", async () => {
  await world.startDaemon();
  const before = readFileSync(ownerFile(), "utf8");
  await world.killDaemon();
  await noneReaches({});
  rmSync(world.socket);
  const server = createServer((connection) => connection.end("hello\n"));
  await new Promise<void>((resolve) => server.listen(world.socket, resolve));
  expect((await world.liveops(["ls"], { env: CRON })).code, "a server that is no daemon").toBe(3);
  server.close();
  const reused = { ...JSON.parse(before), pid: process.pid };
  writeFileSync(ownerFile(), JSON.stringify(reused));
  await noneReaches(CRON);
  expect((await world.liveops(["ls"], { env: CRON })).stderr).not.toContain(String(process.pid));

  // The dead daemon's socket now belongs to the daemon of another state directory.
  const words = ["--state-dir", join(world.dir, "other"), "--socket", world.socket];
  await world.startDaemon(words);
  writeFileSync(ownerFile(), before);
  await noneReaches(CRON);
  expect((await world.liveopsd(["status", ...words])).code).toBe(0);
  await world.liveopsd(["stop", ...words]);
});

test("the socket of another program is not taken when the daemon's own was removed", async () => {
  await world.startDaemon();
  const lock = `${world.socket}.lock`;
  const { pid } = owner();
  process.kill(pid, "SIGSTOP");
  rmSync(world.socket);
  rmSync(lock);
  const words = ["--state-dir", join(world.dir, "other"), "--socket", world.socket];
  await world.startDaemon(words);
  process.kill(pid, "SIGCONT");
  await until("the first daemon has ended", () => !existsSync(ownerFile()));
  const other = JSON.parse(readFileSync(join(world.dir, "other", "liveopsd.json"), "utf8"));
  expect((await world.client.daemon()).pid).toBe(other.pid);
  await world.liveopsd(["stop", ...words]);
});

test("one limit for the path of a socket, in every command and the daemon", async () => {
  const most = join(world.dir, "x".repeat(MAX_SOCKET_PATH - world.dir.length - 1));
  const long = `${most}y`;
  await world.startDaemon(["--socket", most]);
  expect((await world.liveops(["ls", "--socket", most])).code).toBe(0);
  await world.liveopsd(["stop", "--socket", most]);
  const message = `the socket's path has ${MAX_SOCKET_PATH + 1} bytes, the limit is ${MAX_SOCKET_PATH}: ${long}; choose`;
  for (const [bin, words] of [
    ["liveops", ["ls"]],
    ["liveops", ["submit", "shell", "--", "true"]],
    ["liveops-tui", []],
    ["liveopsd", ["start"]],
    ["liveopsd", ["start", "--foreground"]],
    ["liveopsd", ["stop"]],
    ["liveopsd", ["restart"]],
    ["liveopsd", ["status"]],
  ] as const) {
    const { code, stderr } = await world.start(bin, [...words], { env: { LIVEOPS_SOCKET: long } })
      .ended;
    expect(code, `${bin} ${words}: ${stderr}`).toBe(2);
    expect(stderr).toContain(`${bin}: ${message}`);
  }
});
